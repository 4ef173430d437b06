"""`hangu policy history` and `separation`: the versions in words, and what is kept apart."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gateway.changes.editing import lexicon_of
from gateway.cli.console import done, out, table
from gateway.cli.days import shown
from gateway.cli.office import opened
from gateway.cli.policy_sentences import takes_language
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import natural_persons, people, units
from gateway.identity.memberships import memberships
from gateway.logkeeping import acts_agreement_of
from gateway.office import Office
from policies import versions
from policies.acts_kept import KeptActs
from policies.change.lexicon import Lexicon
from policies.change.phrasing import write
from policies.change.separation import OFFICERS_APART, united
from policies.change.sides import State
from policies.rules import RuleSet

_SHOWN = 200


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("number", type=click.IntRange(1), required=False)
@takes_language
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def history(directory: Path, number: int | None, language: str, *, as_json: bool) -> None:
    """List the versions; of version NUMBER say in words what it changed."""
    with opened(directory) as office:
        if number is not None:
            _difference(office, number, language, as_json=as_json)
            return
        with office.store.reading() as session:
            found = versions.history(session)
        names = _names(office)
        if as_json:
            for each in found:
                click.echo(json.dumps({
                    "number": each.seq, "version": each.hash[:16],
                    "published": each.created_at.isoformat(),
                    "by": names.get(each.author, each.author), "note": each.note,
                    "rules": each.rules, "signed": each.is_ours,
                }))  # fmt: skip
            return
        rows = [
            (each.seq, each.hash[:16], shown(each.created_at, office),
             names.get(each.author, each.author), each.rules,
             "valid" if each.is_ours else "NOT THIS ZONE'S", each.note)
            for each in found
        ]  # fmt: skip
    heads = ("no.", "version", "published", "by", "rules", "signature", "note")
    table("Versions", heads, rows)


def _difference(office: Office, number: int, language: str, *, as_json: bool) -> None:
    with office.store.reading() as session:
        after = versions.at(session, number)
        before = versions.at(session, number - 1) or RuleSet()
    if after is None:
        raise Trouble(f"There is no version {number}.", "`hangu policy history` lists them.")
    lexicon = _lexicon(office, language)
    old, new = set(before.rules), set(after.rules)
    added = [write(each, lexicon) for each in sorted(new - old)]
    removed = [write(each, lexicon) for each in sorted(old - new)]
    beside = sorted(
        {*after.beside, *after.categories} ^ {*before.beside, *before.categories}, key=str
    )
    if as_json:
        told = {"number": number, "added": added, "removed": removed, "other": len(beside)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for sign, lines in (("-", removed), ("+", added)):
        for each in lines:
            click.echo(f"{sign} {each}")
    done(f"Version {number}: {len(added)} rules more, {len(removed)} fewer, {len(beside)} lines "
         "of tests, duties and categories otherwise.")  # fmt: skip


@click.command(cls=ZoneCommand)
@takes_zone
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--mend", "mends", is_flag=True, help="Write down anew who did what, from the log.")
def separation(directory: Path, *, as_json: bool, mends: bool) -> None:
    """Show what is kept apart, and who unites it. Exit code 1 if anybody does.

    `hangu audit verify` says whether the table of who did what to which record is as the log
    says; with --mend it is made so.
    """
    with opened(directory) as office:
        if mends:
            _mend(office)
            return
        rules = office.rules()
        with office.store.reading() as session:
            members = memberships(session)
            both = KeptActs(session, office.registry.vault.mac).breaches(
                rules.duties_on_records, most=_SHOWN, same=natural_persons.several(session)
            )
        found = list(united(State(rules, members), since=int(now().timestamp())))
        names = _names(office)
        duties = (*OFFICERS_APART, *rules.duties)
        if as_json:
            click.echo(json.dumps({
                "duties": [each.line for each in duties],
                "united": [{"person": names.get(each.person, each.person),
                            "duty": each.duty.line, "one": each.one, "other": each.other}
                           for each in found],
                "both": [{"person": names.get(each.later.person, each.later.person),
                          "duty": each.duty.line, "record": each.later.record,
                          "acts": [each.earlier.act, each.later.act]} for each in both],
            }))  # fmt: skip
        else:
            rows = [(each.id, each.way, each.scope, each.one, each.other) for each in duties]
            table("Kept apart", ("duty", "how", "where", "one side", "other side"), rows)
            for each in found:
                who = names.get(each.person, each.person)
                out().print(f"[bold red]{who} holds {', '.join(each.one)} and "
                            f"{', '.join(each.other)}[/]", soft_wrap=True)  # fmt: skip
            for pair in both:
                who = names.get(pair.later.person, pair.later.person)
                out().print(f"[yellow]{who} did {pair.earlier.act} and {pair.later.act} to "
                            f"{pair.later.record}[/]", soft_wrap=True)  # fmt: skip
    if found:
        raise click.exceptions.Exit(1)


def _mend(office: Office) -> None:
    with office.ledger.begin(unaudited_because="nothing differs") as tx:
        count = acts_agreement_of(office).mend(tx, actor=operator(), now=now())
    done(f"{count} acts on records were not as the log says, and are now.")


def _names(office: Office) -> dict[str, str]:
    return {each.subject: each.login for each in people.all_people(office.registry)}


def _lexicon(office: Office, language: str) -> Lexicon:
    is_english = language == "en"
    names = {
        f"unit:{each.slug}": each.name_en if is_english else each.name_zh
        for each in units.tree(office.registry)
    }
    names |= {each.subject: each.name for each in people.all_people(office.registry)}
    for service in office.catalogue.all():
        names[f"svc:{service.slug}"] = service.name_en if is_english else service.name_zh
    return lexicon_of(language, names, now(), named=office.settings.policy.windows)
