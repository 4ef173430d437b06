"""`hangu person import`: a staff list, previewed, confirmed, all or nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import click
from rich.progress import Progress

from gateway.cli.asking import confirm
from gateway.cli.console import done, errors, note, table
from gateway.cli.new_zone import NewPerson, link_for
from gateway.cli.office import opened
from gateway.cli.person import person
from gateway.cli.site import write_private
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import staff_import, staff_list
from gateway.identity.staff_import import Slip
from gateway.identity.staff_plan import Plan
from gateway.office import Office

FAULTS = {
    "too_large": "the file is larger than 2 MiB",
    "too_many_lines": "more than 10,000 people",
    "encoding": "neither UTF-8 nor GB 18030",
    "empty": "nobody is on the list",
    "quotes": "a quotation mark is not closed, or misplaced",
    "cells": "another number of cells than the heads",
    "column_unknown": "unknown column",
    "column_of_rights": "a list gives no rights and no passwords",
    "column_twice": "the column is there twice",
    "column_missing": "a column is missing",
    "login_not_allowed": "no login name",
    "login_twice": "the login is on the list twice",
    "name_not_allowed": "no name",
    "staff_number_not_allowed": "no staff number",
    "number_twice": "the staff number is on the list twice",
    "number_taken": "another account has this staff number",
    "number_differs": "the account has another staff number",
    "state_unknown": "the state is neither active nor disabled",
    "unit_missing": "the unit is missing",
    "unit_unknown": "there is no such unit",
    "unit_ambiguous": "several units have this name; write the slug",
    "formula": "begins like a spreadsheet's formula",
    "new_but_disabled": "nobody has this login, and the state is disabled",
    "officer_leaves": "an officer; these are disabled one by one",
}
SHOWN = 40


@person.command("import", cls=ZoneCommand)
@takes_zone
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--disable-missing", is_flag=True, help="Disable who is not on the list.")
@click.option(
    "--report", type=click.Path(path_type=Path), help="Write the preview, or faults, as CSV."
)
@click.option(
    "--slips", type=click.Path(path_type=Path), help="Write the links as CSV (mode 0600)."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def import_list(
    directory: Path,
    file: BinaryIO,
    *,
    dry_run: bool,
    disable_missing: bool,
    report: Path | None,
    slips: Path | None,
    yes: bool,
) -> None:
    """Bring the people in line with the staff list FILE (CSV; - reads standard input).

    Heads: login, name, unit, staff number, state (登录名, 姓名, 单位, 工号, 状态). A list gives
    no roles and no clearance. It is carried out whole or not at all.
    """
    content = file.read()
    with opened(directory) as office:
        plan = staff_import.preview(office.registry, content, disable_missing=disable_missing)
        if report is not None:
            _write(report, _report(plan))
        _show(plan)
        if dry_run or not plan.changes:
            note("Nothing was changed." if dry_run else "There is nothing to import.")
            return
        if slips is None and any(each.kind in {"new", "restored"} for each in plan.changes):
            raise Trouble("This list makes enrolment links.", "Say where to: --slips FILE")
        if slips is not None and slips.exists():
            raise Trouble(f"{slips} exists already; nothing was changed.", "Name another file.")
        if not yes:
            confirm(f"Carry out these {len(plan.changes)} changes?")
        _carry_out(office, content, plan, disable_missing=disable_missing, slips=slips)


def _carry_out(
    office: Office, content: bytes, plan: Plan, *, disable_missing: bool, slips: Path | None
) -> None:
    with Progress(console=errors(), transient=True) as progress:
        task = progress.add_task("Importing", total=len(plan.changes))
        found = staff_import.carry_out(
            office.registry,
            content,
            disable_missing=disable_missing,
            seal=plan.seal,
            actor=operator(),
            now=now(),
            progress=lambda completed: progress.update(task, completed=completed),
        )
    if slips is not None:
        _write(slips, [("name", "login", "unit", "expires", "link"), *_links(office, found.slips)])
        note(f"The links are in {slips}. Whoever has a link becomes the person: hand each over.")
    done(f"Imported: {_counted(plan)}.")


def _links(office: Office, slips: Sequence[Slip]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for slip in slips:
        person_ = NewPerson(login=slip.login, name=slip.name, roles=frozenset())
        url = link_for(person_, office.settings, slip.token).url
        rows.append((slip.name, slip.login, slip.unit, f"{slip.expires:%Y-%m-%d %H:%M} UTC", url))
    return rows


def _show(plan: Plan) -> None:
    """The preview. Raises Trouble if the list has faults."""
    if plan.faults:
        rows = [(str(each.line or ""), FAULTS[each.code], each.word) for each in plan.faults]
        table("Lines to correct", ("line", "what is wrong", "there stands"), rows)
        raise Trouble("The list has faults; nothing was imported.", "Correct these lines.")
    changes = [
        (str(each.line or ""), each.kind.value, each.login, each.name, each.was, each.becomes)
        for each in plan.changes[:SHOWN]
    ]
    table("Changes", ("line", "what", "login", "name", "from", "to"), changes)
    if len(plan.changes) > SHOWN:
        note(f"… and {len(plan.changes) - SHOWN} more (--report FILE has all).")
    note(f"{_counted(plan)}; unchanged {plan.unchanged}; not on the list {plan.missing}.")


def _counted(plan: Plan) -> str:
    counts = [f"{kind.value} {count}" for kind, count in plan.counts().items()]
    return ", ".join(counts) or "no changes"


def _report(plan: Plan) -> list[tuple[str, ...]]:
    if plan.faults:
        return [
            ("line", "what is wrong", "there stands"),
            *((str(each.line), FAULTS[each.code], each.word) for each in plan.faults),
        ]
    return [
        ("line", "what", "login", "name", "unit", "from", "to"),
        *(
            (str(e.line), e.kind.value, e.login, e.name, e.unit, e.was, e.becomes)
            for e in plan.changes
        ),
    ]


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """A CSV file of our own making: new, private, without formulas, readable by Excel."""
    text = io.StringIO()
    csv.writer(text).writerows([staff_list.cell(each) for each in row] for row in rows)
    write_private(path, text.getvalue().encode("utf-8-sig"))
