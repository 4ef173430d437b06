"""`hangu policy explain`, `who-can` and `bench`: questions to the rules that change nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import Progress

from gateway.access.policy_point import load
from gateway.access.service import Label
from gateway.cli.console import errors, table
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import Command, ZoneCommand, now, takes_zone
from gateway.identity import people
from gateway.office import Office
from policies.bench import SIZES, Figures, measure
from policies.engine import CompiledEngine, Request
from policies.fixes import Change, Step
from policies.nearness import NearMiss
from policies.questions import who_can
from policies.vocabulary import ACTIONS, NETWORKS, NO_CATEGORY, is_page, is_service_object
from policies.why import Explanation
from policies.why import explain as explained

SHOWN = 3
"""Near rules printed."""

_WORDS: dict[Change, Callable[[str], str]] = {
    Change.SIGN_IN: lambda value: f"sign in with strength {value}",
    Change.NETWORK: lambda value: f"come from the network {value}",
    Change.WAIT: lambda value: f"wait until {datetime.fromtimestamp(int(value), UTC):%F %R} UTC",
    Change.JOIN: lambda value: f"be given {value}",
    Change.CLEARANCE: lambda value: f"be cleared to level {value}",
    Change.LIFT: lambda value: f"take the deny {value} out of the rules",
    Change.GRANT: lambda value: f"add the rule: {value}",
}


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
def explain(
    directory: Path, login: str, obj: str, action: str, *, network: str, strength: int
) -> None:
    """Say why LOGIN may or may not do ACTION to OBJECT (svc:SLUG/PATH or app:PERMISSION) now."""
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
        _print(explained(_engine(office), request))


@click.command("who-can", cls=ZoneCommand)
@takes_zone
@asks
def who(directory: Path, obj: str, action: str, *, network: str) -> None:
    """List who may do ACTION to OBJECT (svc:SLUG/PATH or app:PERMISSION) now."""
    with opened(directory) as office:
        label = _label(office, obj, action)
        known = {person.subject: person for person in people.all_people(office.registry)}
        found = who_can(
            _engine(office),
            obj,
            action,
            zone=office.settings.zone.name,
            now=int(now().timestamp()),
            category=label.category,
            classification=label.classification,
            network=network,
            clearance=lambda subject: known[subject].clearance,
        )
    rows = [
        (known[each.subject].login, known[each.subject].name, each.strength, ", ".join(each.rules))
        for each in found
    ]
    table(f"Who may {action} {obj}", ("login", "name", "sign-in from", "rules"), rows)


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


def _print(found: Explanation) -> None:
    decision = found.decision
    click.echo(f"{decision.outcome} ({decision.reason}), by version {decision.version}")
    for rule in found.matched:
        click.echo(f"matched {rule.id}: {rule.line}")
    for miss in found.nearest[:SHOWN]:
        click.echo(f"near    {miss.rule.id}: {miss.rule.line}\n        {_failed(miss)}")
    if found.fix:
        click.echo("shortest way: " + "; ".join(map(_step, found.fix)))


def _failed(miss: NearMiss) -> str:
    return "; ".join(
        f"{each.condition}: has {each.has}, needs {each.needs}" for each in miss.failed
    )


def _step(step: Step) -> str:
    return _WORDS[step.change](step.value)
