"""`hangu policy diff` and `replay`: whom a draft meets, before anybody publishes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from gateway.cli.console import counted, errors, out, table
from gateway.cli.office import opened
from gateway.cli.policy_around import (
    FILE,
    Around,
    around,
    document_of,
    held,
    prints_json,
    takes_zone_if_any,
)
from gateway.cli.trouble import Trouble
from gateway.cli.zone import now
from policies.change.benefit import by_person
from policies.change.changes import Change, Difference
from policies.change.diff import difference
from policies.change.replay import Effect, Replay, bodies, entries, replay
from policies.change.sides import State
from policies.dossier import facts
from policies.engine import build

SHOWN = 40
"""Changes printed; `--json` prints all."""
NAMED = 4
"""People named of many."""
_EFFECTS = {
    Effect.LOSES: "loses",
    Effect.HARDER: "needs a stronger sign-in",
    Effect.STILL: "still refused, as when it was asked",
    Effect.EASIER: "needs a weaker sign-in",
    Effect.GAINS: "gains",
}


@click.command()
@click.argument("file", type=FILE)
@takes_zone_if_any
@click.option("--from", "old", type=FILE, help="Compare with this, not with what is in force.")
@prints_json
@click.option("--exit-code", is_flag=True, help="Status 1 if anybody gains or loses anything.")
@click.pass_context
def diff(
    context: click.Context,
    file: Path,
    directory: Path | None,
    old: Path | None,
    *,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Say exactly who would gain and who would lose what by the rules in FILE.

    Of all zones the rules speak of: each line names its own.
    """
    if directory is None:
        raise Trouble("A difference is about people.", "Name their zone: --zone DIR.")
    with around(directory) as there, _bar("comparing") as tell:
        before = document_of(old).rules if old else there.rules
        found = difference(
            State(before, there.memberships),
            State(document_of(file).rules, there.memberships),
            since=int(now().timestamp()),
            labelling=there.labels,
            clearance=there.clearance,
            progress=tell,
        )
    if as_json:
        click.echo(json.dumps({"changes": [_change(each) for each in found.changes]}))
    else:
        _print_difference(found, there)
    if exit_code and found.changes:
        context.exit(1)


@click.command("replay")
@click.argument("file", type=FILE)
@takes_zone_if_any
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True)
@prints_json
@click.option("--exit-code", is_flag=True, help="Status 1 if anything would be decided otherwise.")
@click.pass_context
def again(
    context: click.Context,
    file: Path,
    directory: Path | None,
    *,
    days: int,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Decide what was asked in the last days again, by the rules in FILE.

    Somebody loses what they were given then and would be given today. What was refused when it
    was asked, perhaps before a rule existed, is no loss and has a line of its own.
    """
    if directory is None:
        raise Trouble("What was asked stands in a zone's log.", "Name the zone: --zone DIR.")
    since = now() - timedelta(days=days)
    with opened(directory) as office, _bar("asking again") as tell:
        there = held(office)
        total = entries(office.store.read, since=since)
        found = replay(
            bodies(office.store.read, since=since),
            build(there.rules, there.memberships),
            build(document_of(file).rules, there.memberships),
            progress=lambda read: tell(read, total),
        )
    if as_json:
        click.echo(json.dumps(facts.replayed(found, most=None)))
    else:
        _print_replay(found, there)
    if exit_code and found.shifts:
        context.exit(1)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    with Progress(console=errors(), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done_so_far, total: progress.update(task, completed=done_so_far, total=total)


def _change(change: Change) -> dict[str, Any]:
    told = facts.change(change)
    told["conditions"] = told.pop("boxes")
    return told | {"categories": change.categories}


def _print_difference(found: Difference, there: Around) -> None:
    rows = []
    for change in found.changes[:SHOWN]:
        names = ", ".join(map(there.called, change.people[:NAMED]))
        more = f" and {len(change.people) - NAMED} more" if len(change.people) > NAMED else ""
        what = "; ".join(
            f"{'|'.join(box.actions)} from {'|'.join(box.networks)}" for box in change.boxes[:2]
        )
        rows.append(("+" if change.gains else "-", names + more, change.zone, change.place, what))
    table("Who gains and who loses", ("", "people", "zone", "place", "what"), rows)
    if len(found.changes) > SHOWN:
        out().print(f"{len(found.changes) - SHOWN} more; --json prints all.")
    gains = by_person(found)
    gaining = sum(bool(each.gained) for each in gains.values())
    losing = sum(bool(each.lost) for each in gains.values())
    gain, lose = ("gains" if gaining == 1 else "gain", "loses" if losing == 1 else "lose")
    zones = sorted({each.zone for each in found.changes})
    where = f" (in {' and '.join(zones)})" if zones else ""
    out().print(f"{counted(gaining, 'person', 'people')} {gain} something, "
                f"{losing} {lose} something{where}.")  # fmt: skip


def _print_replay(found: Replay, there: Around) -> None:
    rows = [
        (_EFFECTS[each.effect], there.called(each.name), ", ".join(each.services), each.count)
        for each in found.by_person()
    ]
    table("What people asked, decided otherwise", ("effect", "person", "services", "times"), rows)
    for told in found.told():
        people = counted(told.people, "person", "people")
        out().print(f"{people}: {_EFFECTS[told.effect]} in {counted(told.services, 'service')}.")
    out().print(
        f"{counted(found.read, 'decision')}, {counted(found.distinct, 'different one')}"
        + (f"; {found.unread:,} without an account of what was asked" if found.unread else "")
    )
