"""`hangu policy draft`, `approve`, `publish`, `confirm`, `rollback`: changes at the terminal.

Each step is a named person's, who proves who they are as at the door.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import Progress

from audit.record import Actor
from gateway.changes import acts, looking
from gateway.changes.editing import from_form
from gateway.changes.refusals import ChangeRefused
from gateway.changes.room import DAYS
from gateway.cli.console import done, errors, table
from gateway.cli.days import shown
from gateway.cli.office import opened
from gateway.cli.policy_around import FILE, document_of, form_of, prints_json, text_of
from gateway.cli.signature import person_signs
from gateway.cli.trouble import Trouble
from gateway.cli.zone import Command, ZoneCommand, now, takes_zone
from gateway.identity import natural_persons, people
from gateway.office import Office
from policies.dossier.dossiers import examination, find, listed
from policies.dossier.drafting import CONFIRM_MINUTES, Terms

_ROLE = "security_admin"
_SHOWN = 8
"""Digits of a change's id that are printed and understood."""


def _signed(function: Command) -> Command:
    text = "Login of the security administrator whose act it is."
    return click.option("--as", "login", required=True, help=text)(function)


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("file", type=FILE)
@_signed
@click.option("--title", required=True, help="What changes, in a few words.")
@click.option("--why", required=True, help="2 to 2000 characters.")
@click.option("--most-people", type=click.IntRange(0), required=True, help="Who may gain at most.")
@click.option(
    "--minutes", type=click.IntRange(1, 1440), default=CONFIRM_MINUTES, show_default=True,
    help="Within these it is confirmed, or rolled back.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3660), default=DAYS, show_default=True)
def draft(
    directory: Path, file: Path, login: str, title: str, why: str, most_people: int,
    minutes: int, days: int,
) -> None:  # fmt: skip
    """Draft the rules in FILE as a change, find out what it does, and ask for approval."""
    with opened(directory) as office, _steps():
        document_of(file)  # what cannot be read is named here, and leaves no draft behind
        text = from_form(text_of(file), form_of(file))
        actor, room = person_signs(office, login, role=_ROLE), office.room
        terms = Terms(title=title, why=why, most_people=most_people, confirm_minutes=minutes)
        ref = acts.begin(room, terms.checked(), actor=actor, now=now(), text=text)
        with Progress(console=errors(), transient=True) as progress:
            task = progress.add_task("asking again", total=None)
            effect = looking.run(
                room, ref, actor=actor, clock=now, days=days,
                progress=lambda so_far, total: progress.update(
                    task, completed=so_far, total=total
                ),
            )  # fmt: skip
        if effect is None:
            raise Trouble("The draft cannot be read as rules.", "`hangu policy check` says why.")
        if effect.blockers:
            what = ", ".join(effect.blockers)
            raise Trouble(f"Change {ref[:_SHOWN]} is kept as a draft; in its way: {what}.")
        acts.submit(room, ref, edit=1, actor=actor, now=now())
    gaining = len(effect.facts["gaining"])
    done(f"Change {ref[:_SHOWN]} waits for approval: {gaining} people gain something by it.")


@click.command(cls=ZoneCommand)
@takes_zone
@prints_json
def changes(directory: Path, *, as_json: bool) -> None:
    """List the changes of the rules, those last touched first."""
    with opened(directory) as office:
        with office.store.reading() as session:
            found = listed(session)
        names = {each.subject: each.login for each in people.all_people(office.registry)}
        told = [
            {
                "id": each.id, "title": each.title, "state": each.state,
                "author": names.get(each.author, each.author),
                "approver": names.get(each.approver, each.approver),
                "last_step": each.changed_at.isoformat() if as_json
                else shown(each.changed_at, office),
            }
            for each in found
        ]  # fmt: skip
    if as_json:
        click.echo(json.dumps({"changes": told}, ensure_ascii=False))
        return
    rows = [(each["id"][:_SHOWN], *list(each.values())[1:]) for each in told]
    table("Changes", ("id", "title", "state", "author", "approver", "last step"), rows)


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("change")
@_signed
def approve(directory: Path, change: str, login: str) -> None:
    """Approve CHANGE as it was examined. Not by its author, and by nobody who gains."""

    def act(office: Office, ref: str, actor: Actor) -> None:
        with office.store.reading() as session:
            found, examined = find(session, ref), examination(session, ref)
        name = "" if examined is None else examined.hash
        room = office.room
        acts.approve(room, ref, edit=found.edit, shown=name, actor=actor, now=now())

    _act(directory, change, login, act, "is approved")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("change")
@_signed
@click.option("--reason", required=True, help="2 to 2000 characters.")
def refuse(directory: Path, change: str, login: str, reason: str) -> None:
    """Send CHANGE back to its author with a reason."""

    def act(office: Office, ref: str, actor: Actor) -> None:
        edit = acts.dossier(office.room, ref).edit
        acts.refuse(office.room, ref, edit=edit, actor=actor, now=now(), reason=reason)

    _act(directory, change, login, act, "is sent back")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("change")
@_signed
def publish(directory: Path, change: str, login: str) -> None:
    """Put the approved CHANGE in force, on trial until it is confirmed."""

    def act(office: Office, ref: str, actor: Actor) -> None:
        acts.publish(office.room, ref, actor=actor, now=now())

    _act(directory, change, login, act, "is in force on trial; confirm it in time")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("change")
@_signed
def confirm(directory: Path, change: str, login: str) -> None:
    """Keep CHANGE: the sign-in made for this very command is one under the new version."""

    def act(office: Office, ref: str, actor: Actor) -> None:
        moment = now()
        acts.confirm(office.room, ref, actor=actor, now=moment, signed_in=moment)

    _act(directory, change, login, act, "is confirmed")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("change")
@_signed
def rollback(directory: Path, change: str, login: str) -> None:
    """Return at once to the rules from before CHANGE, while it is on trial."""

    def act(office: Office, ref: str, actor: Actor) -> None:
        acts.roll_back(office.room, ref, actor=actor, now=now(), why="by_hand")

    _act(directory, change, login, act, "is rolled back")


COMMANDS = (draft, changes, approve, refuse, publish, confirm, rollback)


def security_administrators(office: Office) -> int:
    """How many natural persons can sign in as security administrators."""
    with office.store.reading() as session:
        same = natural_persons.several(session)
    stands_for = {each: min(accounts) for accounts in same for each in accounts}
    able = {
        stands_for.get(each.subject, each.subject)
        for each in people.all_people(office.registry)
        if _ROLE in each.roles and each.state == "active"
    }
    return len(able)


def _act(
    directory: Path,
    change: str,
    login: str,
    act: Callable[[Office, str, Actor], None],
    said: str,
) -> None:
    with opened(directory) as office, _steps():
        ref = _named(office, change)
        act(office, ref, person_signs(office, login, role=_ROLE))
    done(f"Change {ref[:_SHOWN]} {said}.")


def _named(office: Office, start: str) -> str:
    with office.store.reading() as session:
        found = [each.id for each in listed(session) if start and each.id.startswith(start)]
    if len(found) != 1:
        raise Trouble(
            f"{len(found)} changes begin with {start!r}.", "`hangu policy changes` lists them."
        )
    return found[0]


@contextmanager
def _steps() -> Iterator[None]:
    """Say in words why a step was not taken."""
    try:
        yield
    except ChangeRefused as refusal:
        what = f": {refusal.said}" if refusal.said else ""
        raise Trouble(f"Nothing was changed: {refusal.why}{what}.") from None
