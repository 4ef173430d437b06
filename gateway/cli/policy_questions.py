"""`hangu policy explain`, `who-can` and `bench`: questions to the rules that change nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import Progress

from gateway.access.policy_point import load
from gateway.access.service import Label
from gateway.cli.console import errors, table
from gateway.cli.office import opened
from gateway.cli.policy_around import prints_json
from gateway.cli.policy_sentences import office_words, takes_language
from gateway.cli.trouble import Trouble
from gateway.cli.zone import Command, ZoneCommand, now, takes_zone
from gateway.identity import people
from gateway.office import Office
from gateway.web import labels, labels_proofs
from gateway.web.i18n import reading
from policies.bench import SIZES, Figures, measure
from policies.change import phrasing
from policies.change.lexicon import Language, Lexicon
from policies.engine import CompiledEngine, Request
from policies.questions import who_can
from policies.rules import Rule
from policies.vocabulary import ACTIONS, NETWORKS, NO_CATEGORY, is_page, is_service_object
from policies.why import Explanation
from policies.why import explain as explained

SHOWN = 3
"""Near rules printed."""


def asks(function: Command) -> Command:
    """Add what is asked about: an object, an action, and where from."""
    for option in (
        click.option(
            "--network", type=click.Choice(sorted(NETWORKS)), default="lan", show_default=True
        ),
        click.argument("action", type=click.Choice(sorted(ACTIONS), case_sensitive=False)),
        click.argument("obj", metavar="OBJECT"),
    ):
        function = option(function)
    return function


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@asks
@click.option("--strength", type=click.IntRange(1, 3), default=2, show_default=True)
@takes_language
@prints_json
def explain(
    directory: Path, login: str, obj: str, action: str, *, network: str, strength: int,
    language: str, as_json: bool,
) -> None:  # fmt: skip
    """Say why LOGIN may or may not do ACTION to OBJECT (svc:SLUG/PATH or app:PERMISSION) now.

    In the words of the pages; --json keeps ids, lines of the rules and seconds.
    """
    with opened(directory) as office:
        person = people.by_login(office.registry, login)
        if person is None:
            raise Trouble(f"There is nobody called {login}.", "`hangu person list` names all.")
        label = _label(office, obj, action)
        request = Request(
            subject=person.subject,
            zone=office.settings.zone.name,
            object=obj,
            action=action,
            strength=strength,
            now=int(now().timestamp()),
            category=label.category,
            classification=label.classification,
            clearance=person.clearance,
            network=network,
        )
        found = explained(_engine(office), request)
        if as_json:
            click.echo(json.dumps(_plain(found), ensure_ascii=False))
            return
        with _words(office, language) as lexicon:
            _print(found, lexicon)


@click.command("who-can", cls=ZoneCommand)
@takes_zone
@asks
@takes_language
@prints_json
def who(
    directory: Path, obj: str, action: str, *, network: str, language: str, as_json: bool
) -> None:
    """List who may do ACTION to OBJECT (svc:SLUG/PATH or app:PERMISSION) now, by which rules.

    In the words of the pages; --json keeps ids.
    """
    with opened(directory) as office:
        label = _label(office, obj, action)
        known = {person.subject: person for person in people.all_people(office.registry)}
        engine = _engine(office)
        found = who_can(
            engine,
            obj,
            action,
            zone=office.settings.zone.name,
            now=int(now().timestamp()),
            category=label.category,
            classification=label.classification,
            network=network,
            clearance=lambda subject: known[subject].clearance,
        )
        if as_json:
            click.echo(json.dumps({"people": [
                {"login": known[each.subject].login, "subject": each.subject,
                 "strength": each.strength, "rules": each.rules}
                for each in found
            ]}))  # fmt: skip
            return
        lines = {rule.id: rule for rule in engine.rules.rules}
        with _words(office, language) as lexicon:
            rows = [
                (known[each.subject].login, known[each.subject].name,
                 labels.strength(each.strength),
                 "\n".join(f"{rule} {_said(lines.get(rule), lexicon)}" for rule in each.rules))
                for each in found
            ]  # fmt: skip
            asked = f"{phrasing.actions(action, lexicon)} {phrasing.place(obj, lexicon)}"
            table(f"Who may: {asked}", ("login", "name", "sign-in from", "rules"), rows)


@click.command()
@click.option("--rules", "sizes", type=click.IntRange(10), multiple=True, help="May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each size.")
@click.option(
    "--reference-seconds",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    help="How long to ask pycasbin the same at each size; 0 leaves it out.",
)
def bench(sizes: tuple[int, ...], *, as_json: bool, reference_seconds: float) -> None:
    """Measure both engines on made-up offices of 110 to 110,000 rules, or as many as named."""
    with Progress(console=errors(), transient=True) as bar:
        task = bar.add_task("measuring", total=None)
        figures = measure(
            *(sizes or SIZES),
            reference_seconds=reference_seconds,
            progress=lambda done, steps: bar.update(task, completed=done, total=steps),
        )
    if as_json:
        for each in figures:
            click.echo(json.dumps(dataclasses.asdict(each)))
        return
    heads = ("rules", "decisions/s", "p50 µs", "growth", "p99 µs", "build s", "MB")
    beside = ("pycasbin p50 µs", "same")
    table("One thread; times of single decisions", (*heads, *beside), map(_row, figures))


def _row(each: Figures) -> tuple[object, ...]:
    row: tuple[object, ...] = (
        f"{each.rules:,}",
        f"{each.decisions_per_second:,.0f}",
        f"{each.p50_us:.1f}",
        f"{each.growth:.2f} x",
        f"{each.p99_us:.1f}",
        f"{each.build_seconds:.2f}",
        f"{each.megabytes:.1f}",
    )
    if (beside := each.reference) is None:
        return (*row, "", "")
    same = f"{beside.compared - beside.differences} of {beside.compared}"
    return (*row, f"{beside.p50_us:,.0f}", same)


def _engine(office: Office) -> CompiledEngine:
    with office.store.reading() as session:
        return load(session).engine


def _label(office: Office, obj: str, action: str) -> Label:
    """Return what the catalogue says of the object's sensitivity."""
    if is_page(obj):
        return Label(0, NO_CATEGORY)
    if not is_service_object(obj):
        raise Trouble(f"{obj!r} is no object.", "Say svc:SLUG/PATH or app:PERMISSION.")
    slug, _, path = obj.removeprefix("svc:").partition("/")
    service = office.catalogue.by_slug(slug)
    if service is None:
        raise Trouble(f"There is no service {slug}.", "`hangu service list` names them.")
    return service.label(action, f"/{path}")


@contextmanager
def _words(office: Office, language: str) -> Iterator[Lexicon]:
    """The office's words, beside the pages' own in the same language and the zone's time."""
    with reading(language, timezone=office.settings.zone.timezone):
        yield office_words(office, Language(language))


def _said(rule: Rule | None, lexicon: Lexicon) -> str:
    return "" if rule is None else phrasing.write(rule, lexicon)


def _print(found: Explanation, lexicon: Lexicon) -> None:
    decision = found.decision
    click.echo(f"{decision.outcome} ({decision.reason}), by version {decision.version}")
    click.echo(labels_proofs.reason(decision.reason))
    for rule in found.matched:
        click.echo(f"matched {rule.id}: {_said(rule, lexicon)}")
    for miss in found.nearest[:SHOWN]:
        click.echo(f"near    {miss.rule.id}: {_said(miss.rule, lexicon)}")
        click.echo(f"        {labels_proofs.near(miss, lexicon)}")
    if found.fix:
        click.echo(f"shortest way: {labels_proofs.fix(found.fix, lexicon)}")


def _plain(found: Explanation) -> dict[str, object]:
    decision = found.decision
    return {
        "outcome": decision.outcome,
        "reason": decision.reason,
        "version": decision.version,
        "matched": [{"id": each.id, "line": each.line} for each in found.matched],
        "near": [
            {
                "id": each.rule.id,
                "line": each.rule.line,
                "failed": [dataclasses.asdict(one) for one in each.failed],
            }
            for each in found.nearest
        ],
        "fix": [{"change": each.change.name.lower(), "value": each.value} for each in found.fix],
    }
