"""What a staff list would change: compared with the office as it is, changing nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from uuid import UUID

from gateway.identity.current import OFFICER_ROLES
from gateway.identity.roll import Entry
from gateway.identity.staff_list import MAX_FAULTS, Fault, Line, StaffList
from gateway.identity.tables import State
from gateway.identity.units import UnitView


class Kind(StrEnum):
    """What happens to an account. The order is that of the preview."""

    NEW = "new"
    RENAMED = "renamed"
    MOVED = "moved"
    NUMBERED = "numbered"
    RESTORED = "restored"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one account. `line` is 0 for somebody who is not on the list.

    `was` and `becomes` are the value that changes: a name, a unit's slug, a staff number.
    `person_id` is None for somebody new.
    """

    kind: Kind
    line: int
    person_id: UUID | None
    login: str
    name: str
    unit: str
    staff_number: str = ""
    was: str = ""
    becomes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that would change. `seal` names exactly this, from exactly this state."""

    changes: Sequence[Change]
    faults: Sequence[Fault]
    unchanged: int
    missing: int
    """Accounts not on the list that stay as they are."""
    seal: str

    def counts(self) -> Mapping[Kind, int]:
        """How many changes of each kind, in the order of `Kind`."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in Kind if found[kind]}


def make(
    entries: Sequence[Entry],
    tree: Sequence[UnitView],
    staff: StaffList,
    *,
    content: bytes,
    disable_missing: bool,
) -> Plan:
    """Compare a list with the office. With faults nothing is to be done at all."""
    faults = list(staff.faults)
    by_login = {each.login: each for each in entries}
    by_number = {each.staff_number: each for each in entries if each.staff_number}
    units = _units_by_name(tree)
    changes: list[Change] = []
    unchanged = 0
    for line in staff.lines:
        slug, fault = _unit(units, line)
        entry = by_login.get(line.login)
        fault = fault or _clash(line, entry, by_number)
        if fault is not None:
            faults.append(fault)
            continue
        found = list(_changes(line, slug, entry))
        changes += found
        unchanged += not found
    listed = {line.login for line in staff.lines}
    gone = [each for each in entries if each.login not in listed]
    leaving = list(_leaving(gone)) if disable_missing and not faults else []
    changes += leaving
    faults.sort(key=lambda each: each.line)
    return Plan(
        changes=tuple(changes),
        faults=tuple(faults[:MAX_FAULTS]),
        unchanged=unchanged,
        missing=len(gone) - len(leaving),
        seal=_seal(content, changes),
    )


def _units_by_name(tree: Sequence[UnitView]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for unit in tree:
        for name in (unit.name_zh, unit.name_en):
            found.setdefault(name.casefold(), set()).add(unit.slug)
    return {
        **{name: frozenset(slugs) for name, slugs in found.items()},
        **{unit.slug: frozenset({unit.slug}) for unit in tree},  # a slug is never ambiguous
    }


def _unit(units: Mapping[str, frozenset[str]], line: Line) -> tuple[str, Fault | None]:
    slugs = units.get(line.unit.casefold(), frozenset())
    if len(slugs) == 1:
        return next(iter(slugs)), None
    if slugs:
        among = ", ".join(sorted(slugs))
        return "", Fault(line.number, "unit_ambiguous", f"{line.unit}: {among}")
    return "", Fault(line.number, "unit_unknown", line.unit)


def _clash(line: Line, entry: Entry | None, by_number: Mapping[str, Entry]) -> Fault | None:
    owner = by_number.get(line.staff_number) if line.staff_number else None
    if owner is not None and owner.login != line.login:
        return Fault(line.number, "number_taken", f"{line.staff_number}: {owner.login}")
    if entry is None:
        return Fault(line.number, "new_but_disabled", line.login) if _left(line) else None
    if entry.staff_number and line.staff_number and entry.staff_number != line.staff_number:
        return Fault(line.number, "number_differs", f"{line.staff_number} / {entry.staff_number}")
    if _left(line) and entry.roles & OFFICER_ROLES and entry.state != State.DISABLED:
        return Fault(line.number, "officer_leaves", line.login)
    return None


def _left(line: Line) -> bool:
    return line.state == State.DISABLED


def _changes(line: Line, slug: str, entry: Entry | None) -> Iterator[Change]:
    def change(kind: Kind, was: str = "", becomes: str = "") -> Change:
        return Change(
            kind=kind,
            line=line.number,
            person_id=None if entry is None else entry.id,
            login=line.login,
            name=line.name,
            unit=slug,
            staff_number=line.staff_number,
            was=was,
            becomes=becomes,
        )

    if entry is None:
        yield change(Kind.NEW)
        return
    if line.name != entry.name:
        yield change(Kind.RENAMED, entry.name, line.name)
    if slug != entry.unit:
        yield change(Kind.MOVED, entry.unit, slug)
    if line.staff_number and not entry.staff_number:
        yield change(Kind.NUMBERED, "", line.staff_number)
    if _left(line) and entry.state != State.DISABLED:
        yield change(Kind.DISABLED, entry.state, State.DISABLED)
    if line.state == State.ACTIVE and entry.state == State.DISABLED:
        yield change(Kind.RESTORED, entry.state, State.INVITED)


def _leaving(gone: Sequence[Entry]) -> Iterator[Change]:
    """Those who are not on the list; officers are disabled one by one, never by a list."""
    for entry in gone:
        if entry.state != State.DISABLED and not entry.roles & OFFICER_ROLES:
            yield Change(
                kind=Kind.DISABLED,
                line=0,
                person_id=entry.id,
                login=entry.login,
                name=entry.name,
                unit=entry.unit,
                was=entry.state,
                becomes=State.DISABLED,
            )


def _seal(content: bytes, changes: Sequence[Change]) -> str:
    """Name the file and every change with what it starts from; 64 hexadecimal digits."""
    told = [
        {**asdict(each), "person_id": str(each.person_id)}  # every field, whatever is added
        for each in changes
    ]
    text = json.dumps(told, ensure_ascii=True, sort_keys=True).encode()
    return hashlib.sha256(hashlib.sha256(content).digest() + text).hexdigest()
