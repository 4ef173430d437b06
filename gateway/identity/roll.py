"""The roll: everybody's opened entry, read once for each change of the office.

Names, logins and staff numbers are sealed, so no statement can search them. What is kept here
is a snapshot for one epoch of the zone; after a change only the rows that changed are opened
again (a row's version tells). 5,000 people are opened in about a second once, then listed in
milliseconds. At most `MOST` opened rows are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from gateway.identity import epoch
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, PersonRole
from gateway.vault import Vault

MOST = 50_000
"""People whose opened entries are kept between two readings."""

_person = Person.__table__
_ROWS = select(
    _person.c.id,
    _person.c.row_version,
    _person.c.login_sealed,
    _person.c.name_sealed,
    _person.c.staff_sealed,
    _person.c.unit,
    _person.c.state,
    _person.c.clearance,
    _person.c.created_at,
    _person.c.disabled_at,
)
_Names = tuple[int, str, str, str]
"""A row's version with its login, name and staff number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A person on the roll. `staff_number` is empty if there is none."""

    id: UUID
    login: str
    name: str
    staff_number: str
    unit: str
    state: str
    clearance: int
    roles: frozenset[str]
    created_at: datetime
    disabled_at: datetime | None

    @property
    def subject(self) -> str:
        """The person in rules and records: `person:<uuid>`."""
        return f"person:{self.id}"


@dataclass(frozen=True, slots=True)
class _Known:
    epoch: int
    entries: Sequence[Entry]
    names: Mapping[UUID, _Names]


class Roll:
    """The entries of a zone, by login. Safe for many threads."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known = _Known(-1, (), {})
        self._reading = Lock()

    def entries(self) -> Sequence[Entry]:
        """Everybody as of now, by login name."""
        with self._registry.store.read.connect() as connection:
            at = epoch.read(connection)
            known = self._known
            if known.epoch == at:
                return known.entries
            with self._reading:  # one thread opens, the others wait for what it finds
                if self._known.epoch < at:
                    names: dict[UUID, _Names] = dict(self._known.names)
                    entries = read(connection, self._registry.vault, names)
                    here = {each.id for each in entries[:MOST]}
                    kept = {who: found for who, found in names.items() if who in here}
                    self._known = _Known(at, entries, kept)
                return self._known.entries


def read(
    connection: Connection, vault: Vault, names: dict[UUID, _Names] | None = None
) -> Sequence[Entry]:
    """Open everybody on a connection, which may be in a transaction; `names` saves opening."""
    opened = {} if names is None else names
    held: dict[UUID, set[str]] = {}
    for person_id, role in connection.execute(select(PersonRole.person_id, PersonRole.role)):
        held.setdefault(person_id, set()).add(role)
    entries = []
    for row in connection.execute(_ROWS):
        found = opened.get(row.id)
        if found is None or found[0] != row.row_version:
            found = opened[row.id] = _open(vault, row)
        entries.append(
            Entry(
                id=row.id,
                login=found[1],
                name=found[2],
                staff_number=found[3],
                unit=row.unit,
                state=row.state,
                clearance=row.clearance,
                roles=frozenset(held.get(row.id, ())),
                created_at=row.created_at,
                disabled_at=row.disabled_at,
            )
        )
    return sorted(entries, key=lambda each: each.login)


def _open(vault: Vault, row: Row[*tuple[Any, ...]]) -> _Names:
    def plain(column: str) -> str:
        sealed = getattr(row, column)
        if sealed is None:
            return ""
        return vault.open(
            sealed,
            purpose="data",
            table="person",
            column=column,
            row=row.id.bytes,
            version=row.row_version,
        ).decode()

    return row.row_version, plain("login_sealed"), plain("name_sealed"), plain("staff_sealed")
