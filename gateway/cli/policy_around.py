"""What a draft in a file is held against: a zone's people and services, or only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.access.labelling import CatalogueLabels
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import VARIABLE, Command
from gateway.identity import people, units
from gateway.identity.memberships import memberships
from gateway.identity.tables import State as PersonState
from gateway.office import Office
from policies.change.texts import Document, Form, read, rows_of
from policies.change.validate import Known
from policies.memberships import Memberships
from policies.rules import RuleSet

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@dataclass(frozen=True)
class Around:
    """What a draft is held against: the zone's people and services, or nothing but itself."""

    known: Known
    memberships: Memberships
    rules: RuleSet
    labels: CatalogueLabels | None
    clearance: Callable[[str], int] | None
    names: dict[str, str]

    def called(self, person: str) -> str:
        """The person's login, if the zone knows it."""
        return self.names.get(person, person)


def takes_zone_if_any(function: Command) -> Command:
    """Add the option of a zone to hold the draft against."""
    kind = click.Path(path_type=Path, file_okay=False)
    text = "Hold it against this zone's people, services and rules in force"
    text += f"; without it {VARIABLE} names the zone."
    return click.option("--zone", "directory", type=kind, envvar=VARIABLE, help=text)(function)


def prints_json(function: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)


def form_of(file: Path) -> Form:
    """The form a file's name says."""
    return Form.TOML if file.suffix == ".toml" else Form.CSV


def text_of(file: Path) -> str:
    """The text of a file. Raises Trouble if it is no UTF-8."""
    held = file.read_bytes()
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError as error:
        *lines, last = held[: error.start].decode("utf-8").split("\n")
        place = f"{file}:{len(lines) + 1}:{len(last) + 1}"
        what = f"{place}: error: byte 0x{held[error.start]:02x} is no UTF-8"
        raise Trouble(what, "Save it as UTF-8.") from None


def document_of(file: Path) -> Document:
    """The draft in a file.

    Raises:
        Trouble: with everything that is wrong, each at its place; or it holds no row at all,
            which is a file that was never filled, or another one than was meant.
    """
    found = read(text_of(file), form_of(file))
    if found.document is None:
        lines = "\n".join(each.at(file) for each in found.problems)
        raise Trouble(f"{file} cannot be read as rules:\n{lines}", "Mend these lines first.")
    if not rows_of(found.document.rules):
        raise Trouble(f"{file} holds no rules.", "Is it the right file? Nothing is allowed by it.")
    return found.document


@contextmanager
def around(directory: Path | None) -> Iterator[Around]:
    """What there is in a zone; without one nothing is known."""
    if directory is None:
        yield Around(Known(), Memberships(), RuleSet(), None, None, {})
        return
    with opened(directory) as office:
        yield held(office)


def held(office: Office) -> Around:
    """What there is in an open zone."""
    with office.store.reading() as session:
        members = memberships(session)
    everybody = people.all_people(office.registry)
    levels = {each.subject: each.clearance for each in everybody}
    active = (each.subject for each in everybody if each.state == PersonState.ACTIVE)
    labels = CatalogueLabels(office.catalogue.all())
    known = Known(
        units=frozenset(f"unit:{each.slug}" for each in units.tree(office.registry)),
        people=frozenset(active),
        services=labels.services,
        memberships=members,
        clearance=lambda person: levels.get(person, 0),
    )
    names = {each.subject: each.login for each in everybody}
    return Around(known, members, office.rules(), labels, known.clearance, names)
