"""A person's standing: state, unit, clearance and all roles, under one MAC in the person's row.

One MAC over the whole set, so that a role that is added, changed or deleted behind the program's
back is seen, and so is a row that was exchanged with another's. It is written before the commit
of every transaction that changed a person or a role; before the first such change what the
database holds is checked, so that no later change lends a forged standing its MAC.

An older state of the same person has a MAC that fits. Its row version is older, too: a process
remembers the newest version it has read of everybody (`HighWater`) and believes no older one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hmac import compare_digest
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Row, bindparam, event, select, update
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import UOWTransaction
from sqlalchemy.orm.attributes import get_history

from gateway.identity.tables import Person, PersonRole, State
from gateway.refusals import Refused
from gateway.vault import Vault
from gateway.vault.attested import mac_of
from gateway.vault.columns import reseal
from gateway.vault.rows import VAULT, NoVaultError

BATCH = 400
"""People in one statement."""

COLUMNS = (
    "id",
    "row_version",
    "login_index",
    "name_index",
    "staff_index",
    "unit",
    "state",
    "clearance",
    "recovery_turn",
)
"""What the MAC binds beside the roles, in this order."""

_BOUND = ("state", "unit", "clearance", "recovery_turn")
_TOUCHED = "standing.touched"
_person = Person.__table__
_ROWS = select(*(_person.c[name] for name in (*COLUMNS, "standing_mac")))
_WRITE = (
    update(Person)
    .where(_person.c.id == bindparam("who"))
    .values(standing_mac=bindparam("standing"))
)
Standing = Row[tuple[Any, ...]]


class StandingBroken(Refused):
    """The person's state, unit, clearance or roles were changed behind the gateway's back."""

    code: ClassVar[str] = "standing_broken"


class HighWater:
    """The newest version of each person's row that this process has seen. Safe for threads."""

    def __init__(self) -> None:
        self._versions: dict[UUID, int] = {}

    def is_past(self, person_id: UUID, version: int) -> bool:
        """Tell whether a newer version was seen before; remember this one otherwise."""
        known = self._versions.get(person_id, 0)
        if version > known:
            self._versions[person_id] = version
        return version < known


def right_mac(vault: Vault, bound: Sequence[object], roles: Iterable[str]) -> bytes:
    """The MAC of a standing: `bound` as `COLUMNS`, roles as `name@zone`."""
    return mac_of(vault, "standing", [*bound, ",".join(sorted(roles))])


def fits(vault: Vault, bound: Sequence[object], held: bytes | None, roles: Iterable[str]) -> bool:
    """Tell whether this zone gave the standing."""
    return held is not None and compare_digest(held, right_mac(vault, bound, roles))


def broken(session: OrmSession, among: Collection[UUID] | None = None) -> Sequence[UUID]:
    """Return who has a standing that this zone did not give, of `among` or (None) of all."""
    vault = vault_of(session)
    return [row.id for row, roles in _standings(session, among) if not fits_row(vault, row, roles)]


def forged(session: OrmSession) -> Sequence[UUID]:
    """Return who holds a role and has a broken standing; whom this transaction changed has not."""
    known = _touched(session)
    holders = set(session.scalars(select(PersonRole.person_id).distinct())) - known.keys()
    return broken(session, holders)


def fits_row(vault: Vault, row: Standing, roles: Iterable[str]) -> bool:
    """As `fits`, of a row that begins with `COLUMNS` and ends with the MAC."""
    return fits(vault, row[: len(COLUMNS)], row.standing_mac, roles)


def require(session: OrmSession, person_id: UUID) -> None:
    """Raises StandingBroken. What this transaction changed was checked before, and passes."""
    if person_id not in _touched(session) and broken(session, [person_id]):
        raise StandingBroken(person_id)


def believe(session: OrmSession, person_ids: Iterable[UUID]) -> None:
    """Give people's standing, as the database has it, a new MAC: somebody has looked at it."""
    _touched(session).update(dict.fromkeys(person_ids))


def believe_all(session: OrmSession) -> None:
    """Give everybody's standing a MAC: of a database that had none."""
    believe(session, session.scalars(select(Person.id)).all())


def vault_of(session: OrmSession) -> Vault:
    """The vault that a session carries. Raises NoVaultError."""
    found = session.info.get(VAULT)
    if not isinstance(found, Vault):
        raise NoVaultError("people's standing cannot be checked without a vault")
    return found


def roles_by_person(
    session: OrmSession, among: Collection[UUID] | None = None
) -> Mapping[UUID, Sequence[str]]:
    """Return the roles of people as `name@zone`."""
    statement = select(PersonRole.person_id, PersonRole.role, PersonRole.zone)
    if among is not None:
        statement = statement.where(PersonRole.person_id.in_(among))
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for person_id, role, zone in session.execute(statement):
        found[person_id].append(f"{role}@{zone}")
    return found


def active(session: OrmSession) -> Iterator[tuple[Standing, Sequence[str]]]:
    """Return the rows (`COLUMNS` and the MAC) and roles of everybody active, by id."""
    for row, roles in _standings(session, None):
        if row.state == State.ACTIVE:
            yield row, roles


def _standings(
    session: OrmSession, among: Collection[UUID] | None, *, lock: bool = False
) -> Iterator[tuple[Standing, Sequence[str]]]:
    wanted = None if among is None else sorted(among)
    parts = (
        [None]
        if wanted is None
        else [wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH)]
    )
    for part in parts:
        chosen = _ROWS if part is None else _ROWS.where(_person.c.id.in_(part))
        chosen = chosen.order_by(_person.c.id)
        rows = session.execute(chosen.with_for_update(key_share=True) if lock else chosen).all()
        roles = roles_by_person(session, part)
        for row in rows:
            yield row, roles.get(row.id, ())


def _touched(session: OrmSession) -> dict[UUID, None]:
    found: dict[UUID, None] = session.info.setdefault(_TOUCHED, {})
    return found


@event.listens_for(OrmSession, "before_flush")
def _check(session: OrmSession, _context: UOWTransaction, _instances: object) -> None:
    """Before people or roles are written for the first time, look at what is there."""
    seen = _touched(session) if _TOUCHED in session.info else {}
    for row in session.dirty:
        if isinstance(row, Person) and any(get_history(row, name).has_changes() for name in _BOUND):
            reseal(row)  # another version, so that the old standing never comes back
    made = {row.id for row in session.new if isinstance(row, Person)}
    changed = {
        row.id if isinstance(row, Person) else row.person_id
        for row in (*session.dirty, *session.new, *session.deleted)
        if isinstance(row, Person | PersonRole)
    } - seen.keys()
    if not changed:
        return
    if found := broken(session, changed - made):
        raise StandingBroken(*found)
    _touched(session).update(dict.fromkeys(sorted(changed)))


@event.listens_for(OrmSession, "before_commit")
def _attest(session: OrmSession) -> None:
    """Give everybody who was changed the MAC of what will be committed."""
    if _TOUCHED not in session.info:
        return
    session.flush()
    vault = vault_of(session)
    given = [
        {"who": row.id, "standing": right_mac(vault, row[: len(COLUMNS)], roles)}
        for row, roles in _standings(session, session.info.pop(_TOUCHED), lock=True)
    ]
    if given:
        session.connection().execute(_WRITE, given)
