"""`hangu policy`: who may do what, as published versions of rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click

from gateway.cli.console import done, table
from gateway.cli.days import shown
from gateway.cli.office import opened
from gateway.cli.policy_campaign import campaign
from gateway.cli.policy_changes import COMMANDS
from gateway.cli.policy_compare import again, diff
from gateway.cli.policy_draft import check, convert, test
from gateway.cli.policy_history import history as history_
from gateway.cli.policy_history import separation
from gateway.cli.policy_outside import import_rules, publish_outside, warn_outside
from gateway.cli.policy_questions import bench, explain, who
from gateway.cli.policy_running import replay_decision, uses_, workers_
from gateway.cli.policy_sentences import sentences
from gateway.cli.rules_about import about, lines_of
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, takes_zone
from gateway.identity import units
from gateway.office import Office
from policies import versions
from policies.functions import is_window
from policies.pairs import parts
from policies.rules import Rule, RuleSet
from policies.vocabulary import (
    ANY,
    METHODS,
    is_pair,
    is_person,
    is_role,
    is_service_pattern,
    is_unit,
    tokens,
)

PASSWORD_AND_CODE = 2
_WHOM = "unit:SLUG, role:NAME, unit:SLUG&role:NAME for who is both, or person:UUID."
_ALL = ",".join(sorted(METHODS))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a grant is about: methods by commas or `*`, a path pattern, least strength 1 to 3.

    `during` is a name of the settings' windows, or windows as rules write them.
    """

    methods: str = "GET,HEAD"
    path: str = "/**"
    strength: int = PASSWORD_AND_CODE
    deny: bool = False
    during: str = ANY


@click.group(short_help="Who may do what.")
def policy() -> None:
    """Show, question and publish the rules of a zone. Nothing that no rule allows is open.

    Exit status of them all: 0 done, or the answer is good; 1 refused, failed, or the answer is
    bad; 2 a wrong call; 130 broken off. Messages go to standard error, results to standard output.
    """


for question in (explain, who, bench, check, test, diff, again, convert, sentences):
    policy.add_command(question)
for question in (workers_, uses_, replay_decision, history_, separation, campaign):
    policy.add_command(question)
for step in (*COMMANDS, import_rules):
    policy.add_command(step)


@policy.command(cls=ZoneCommand)
@takes_zone
@click.option("--history", is_flag=True, help="List the published versions instead.")
def show(directory: Path, *, history: bool) -> None:
    """Print the rules in force, in the form that `hangu policy import` reads."""
    with opened(directory) as office:
        if not history:
            rules = office.rules()
            click.echo(f"# version {rules.version}\n{rules.text()}", nl=False)
            return
        with office.store.reading() as session:
            found = versions.history(session)
    rows = [
        (each.seq, each.hash[:16], shown(each.created_at, office), each.author, each.note)
        for each in found
    ]
    table("Versions", ("no.", "version", "published", "by", "note"), rows)


def _methods(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """Read methods joined by commas, or a star."""
    methods = given.upper().replace(" ", "").split(",")
    wrong = sorted(set(methods) - METHODS)
    if wrong and methods != [ANY]:
        raise click.BadParameter(
            f"{', '.join(map(repr, wrong))}: write some of {_ALL}, joined by commas; or *."
        )
    return ",".join(methods)


def _path(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """Read a path in a service, or a subtree of it."""
    if not given.startswith("/"):
        raise click.BadParameter(f"{given!r} does not begin with /.")
    if not is_service_pattern(f"svc:x{given}"):
        raise click.BadParameter(
            f'{given!r}: write "/", a path of letters, digits and _.~- as "/a/b", '
            'or one with all below it, as "/a/**".'
        )
    return given


@policy.command(cls=ZoneCommand)
@takes_zone
@click.option("--to", "subject", required=True, help=_WHOM)
@click.option("--service", "slug", required=True, help="Slug of the service.")
@click.option(
    "--methods",
    default="GET,HEAD",
    show_default=True,
    callback=_methods,
    help=f"Some of {_ALL}, joined by commas; or *.",
)
@click.option(
    "--path",
    default="/**",
    show_default=True,
    callback=_path,
    help='A path, beginning with /, or a subtree, as "/a/**".',
)
@click.option(
    "--strength",
    type=click.IntRange(1, 3),
    default=PASSWORD_AND_CODE,
    show_default=True,
    help="Least sign-in: 1 password, 2 and one-time code, 3 passkey or certificate.",
)
@click.option(
    "--during",
    default=ANY,
    help='When: a name of the settings ([policy] windows), as "working hours", or windows as rules '
    "write them, as week:1-5@08:30-17:30+08:00; without it always.",
)
@click.option("--deny", is_flag=True, help="Take access away instead; a denial always wins.")
@click.option("--note", default="", help="Why, in your words.")
def grant(
    directory: Path,
    subject: str,
    slug: str,
    methods: str,
    path: str,
    strength: int,
    during: str,
    note: str,
    *,
    deny: bool,
) -> None:
    """Let a unit, a role, who is both, or a person use a service."""
    scope = Scope(methods, path, strength, deny, during)
    with opened(directory) as office:
        warn_outside(office)
        version = give(office, subject, slug, scope, note=note)
    done(f"Version {version} is in force: {subject} {'may not' if deny else 'may'} {slug}.")


@policy.command(cls=ZoneCommand)
@takes_zone
@click.option("--to", "subject", required=True, help=_WHOM)
@click.option("--service", "slug", required=True, help="Slug of the service.")
@click.option("--deny", is_flag=True, help="Take back denials instead of grants.")
@click.option("--note", default="", help="Why, in your words.")
def revoke(directory: Path, subject: str, slug: str, note: str, *, deny: bool) -> None:
    """Take back every grant of a service to a unit, a role or a person.

    What they may do through another unit or role stays.
    """
    with opened(directory) as office:
        before = office.rules()
        taken = take(before, subject, slug, deny=deny)
        after = replace(before, rules=tuple(set(before.rules) - set(taken)))
        warn_outside(office)
        version = publish_outside(office, after, note=note or f"revoke {slug} from {subject}")
    done(f"Version {version} is in force, without these {len(taken)}:\n{lines_of(taken)}")


def take(rules: RuleSet, subject: str, slug: str, *, deny: bool) -> tuple[Rule, ...]:
    """The rules that grant (or deny) `slug` to `subject`. Raises Trouble if there is none."""
    there = about(rules, slug)
    taken = tuple(rule for rule in there if rule.sub == subject and rule.allows is not deny)
    if not taken:
        kind = "denies" if deny else "grants"
        known = f"Rules about {slug}:\n{lines_of(there)}" if there else ""
        raise Trouble(f"No rule in force {kind} {slug} to {subject}.", known)
    return taken


def give(office: Office, subject: str, slug: str, scope: Scope, *, note: str = "") -> str:
    """Publish the rules in force and one more; return the version. See `grant`."""
    _require_known(office, subject, slug)
    rule = Rule(
        subject,
        office.settings.zone.name,
        f"svc:{slug}{scope.path}",
        scope.methods.replace(",", "|"),
        "*",
        "*",
        str(scope.strength),
        _windows(office, scope.during),
        "deny" if scope.deny else "allow",
    )
    rules = office.rules().plus(RuleSet((rule,)))
    return publish_outside(office, rules, note=note or f"grant {slug} to {subject}")


def _windows(office: Office, during: str) -> str:
    """Return the windows that a name of the settings means, or those that are written out."""
    named = office.settings.policy.windows
    found = [windows for *names, windows in named if during in names]
    if not found and during != ANY and not all(map(is_window, tokens(during))):
        names = ", ".join(name for *both, _ in named for name in both)
        raise Trouble(
            f"{during!r} is no time.",
            f"Say one of {names}; or windows as week:1-5@08:30-17:30+08:00 joined by |.",
        )
    return found[0] if found else during


def _require_known(office: Office, subject: str, slug: str) -> None:
    """A rule about nobody or nothing would be a typing error that stays silent."""
    if office.catalogue.by_slug(slug) is None:
        raise Trouble(f"There is no service {slug}.", "`hangu service list` names them.")
    if not any(is_one(subject) for is_one in (is_unit, is_role, is_person, is_pair)):
        say = "Say unit:SLUG, role:NAME, unit:SLUG&role:NAME for who is both, or person:UUID."
        raise Trouble(f"{subject!r} is nobody.", say)
    known = {f"unit:{unit.slug}" for unit in units.tree(office.registry)}
    for part in parts(subject):
        if is_unit(part) and part not in known:
            raise Trouble(f"There is no {part}.", "`hangu unit list` names them.")
