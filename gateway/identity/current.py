"""The hot path: one indexed read finds a session, its person, roles and the epoch.

SQLAlchemy Core without the ORM, so that the decision plane can call it for every request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, func, select

from gateway.identity import standing, tokens
from gateway.identity.registry import Limits
from gateway.identity.standing import COLUMNS, HighWater
from gateway.identity.tables import Epoch, Person, PersonRole, Session, State
from gateway.vault import Vault
from gateway.vault.attested import ForgedRow, mac_of
from policies.vocabulary import OFFICERS

OFFICER_ROLES = frozenset(role.removeprefix("role:") for role in OFFICERS)
"""The three officers' roles without their prefix, as they stand in this room's rows."""

BREAK_GLASS = "break_glass"
"""The role of a sealed account. Its only sessions are those of an opening, with an end."""

_NONE: frozenset[str] = frozenset()
RESISTANT = 3
"""The strength in rules of a sign-in that no false page can pass on: with a passkey."""

SessionRow = Row[*tuple[Any, ...]]

_OWN = (*Session.__attested__, "mac")
_PARENT_AT = len(_OWN)
_PERSON_AT = 2 * len(_OWN)
"""Where the bound columns of parent and person begin in a row; those of the session come first."""
_own = Session.__table__.alias("own")
_parent = Session.__table__.alias("parent")
_person = Person.__table__
_roles = (
    select(func.aggregate_strings(PersonRole.role + "@" + PersonRole.zone, ","))
    .where(PersonRole.person_id == _person.c.id)
    .scalar_subquery()
)
_epoch = select(Epoch.value).where(Epoch.id == 1).scalar_subquery()

_FIND = (
    select(
        *(_own.c[name] for name in _OWN),
        *(_parent.c[name].label(f"parent_{name}") for name in _OWN),
        *(_person.c[name].label("owner_id" if name == "id" else name) for name in COLUMNS),
        _person.c.standing_mac,
        _roles.label("roles"),
        _own.c.ended_at,
        _own.c.last_seen,
        _parent.c.ended_at.label("parent_ended_at"),
        _parent.c.last_seen.label("parent_last_seen"),
        _person.c.login_sealed,
        _person.c.name_sealed,
        _epoch.label("epoch"),
    )
    .select_from(_own)
    .join(_person, _person.c.id == _own.c.person_id)
    .outerjoin(_parent, _parent.c.token_hash == _own.c.parent_hash)
    .where(_own.c.token_hash == bindparam("token_hash"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The person behind a live session, as of one read.

    `unit` is a slug, `roles` are names without prefix, `session_ref` the 16 hexadecimal digits
    by which the log knows the session, `service` the slug that a child session is confined
    to, `epoch` the zone's epoch at the read. A child's `created` and `last_seen` are its
    parent's.
    """

    person_id: UUID
    login: str
    name: str
    unit: str
    roles: frozenset[str]
    clearance: int
    strength: int
    amr: tuple[str, ...]
    session_id: UUID
    session_ref: str
    service: str | None
    created: datetime
    last_seen: datetime
    ends_unless_used: datetime
    epoch: int
    case: str | None = None
    """The emergency under which a sealed account is open; everything done bears it."""
    ends_by: datetime | None = None
    """When that emergency is over, whatever is done."""

    @property
    def subject(self) -> str:
        """The person in rules and records: `person:<uuid>`."""
        return f"person:{self.person_id}"

    @property
    def is_officer(self) -> bool:
        """Whether one of the three officers' roles is held."""
        return not OFFICER_ROLES.isdisjoint(self.roles)


def find_row(connection: Connection, token_hash: bytes) -> SessionRow | None:
    """Return the raw row of a token's SHA-256, dead or alive; ask `ends_at` before using it."""
    return connection.execute(_FIND, {"token_hash": token_hash}).one_or_none()


def ends_at(row: SessionRow, *, service: str | None, limits: Limits) -> datetime | None:
    """Return when the session is over if nothing more is asked of it; None if it is no session.

    None for a session that was ended, whose parent was ended, whose person may not sign in,
    and for one confined to another `service` (None: the gateway's own pages).
    """
    child = row.service is not None
    dead = row.ended_at is not None or row.parent_ended_at is not None
    if dead or row.service != service or row.state != State.ACTIVE:
        return None
    if child and (row.parent_created is None or _lacks_passkey(row, limits)):
        return None
    idle, life = limits.of(officer=is_officer(row))
    created, last_seen = _clocks(row)
    silent_until: datetime = last_seen + idle
    ends = min(silent_until, created + life)
    if BREAK_GLASS in _names(row) and row.ends_by is None:
        return None  # nobody signs in to a sealed account
    return ends if row.ends_by is None else min(ends, row.ends_by)


def current_of(row: SessionRow, *, ends: datetime, vault: Vault) -> Current:
    """Open a live row for the pages and the services."""
    created, last_seen = _clocks(row)
    return Current(
        person_id=row.person_id,
        login=_open(vault, row, "login_sealed"),
        name=_open(vault, row, "name_sealed"),
        unit=row.unit,
        roles=_names(row),
        clearance=row.clearance,
        strength=row.strength,
        amr=tuple(row.amr.split()),
        session_id=row.id,
        session_ref=tokens.reference(row.token_hash),
        service=row.service,
        created=created,
        last_seen=last_seen,
        ends_unless_used=ends,
        epoch=row.epoch or 0,
        case=row.case_ref,
        ends_by=row.ends_by,
    )


def find_live(
    connection: Connection,
    token: str,
    *,
    service: str | None,
    limits: Limits,
    vault: Vault,
    now: datetime,
    seen: HighWater | None = None,
) -> Current | None:
    """Return whose live session a token is, for one service or (None) the gateway itself.

    Raises:
        ForgedRow: this zone did not write the session, or did not give the person's standing;
            or `seen` knows a newer one.
    """
    digest = tokens.digest(token)
    row = None if digest is None else find_row(connection, digest)
    if row is not None and seen is not None and seen.is_past(row.person_id, row.row_version):
        connection.rollback()  # the read may be older than another thread's: look once more
        row = find_row(connection, row.token_hash)
        if row is not None and seen.is_past(row.person_id, row.row_version):
            raise ForgedRow("person", str(row.person_id))
    ends = None if row is None else ends_at(row, service=service, limits=limits)
    if row is None or ends is None or ends <= now:
        return None
    require_whole(row, vault)
    return current_of(row, ends=ends, vault=vault)


def require_whole(row: SessionRow, vault: Vault) -> None:
    """Refuse a live row that was not made by this zone, with its parent and its person.

    Raises:
        ForgedRow: names the row.
    """
    for start in (0,) if row.service is None else (0, _PARENT_AT):
        *bound, held = row[start : start + len(_OWN)]
        if held is None or not compare_digest(held, mac_of(vault, "session", bound)):
            raise ForgedRow("session", str(bound[0]))
    given = row[_PERSON_AT : _PERSON_AT + len(COLUMNS)]
    held_roles = row.roles.split(",") if row.roles else ()
    if not standing.fits(vault, given, row.standing_mac, held_roles):
        raise ForgedRow("person", str(row.person_id))


def is_officer(row: SessionRow) -> bool:
    """Tell whether the row's person holds one of the three officers' roles."""
    return not OFFICER_ROLES.isdisjoint(_names(row))


def _lacks_passkey(row: SessionRow, limits: Limits) -> bool:
    """Whether a role asks for a passkey that the session was not opened with."""
    wanted = limits.phishing_resistant_roles
    return row.strength < RESISTANT and not wanted.isdisjoint(_names(row))


def _clocks(row: SessionRow) -> tuple[datetime, datetime]:
    """Return (created, last seen): a child's are its parent's, which its use keeps awake."""
    if row.service is None:
        return row.created, row.last_seen
    return row.parent_created, row.parent_last_seen


def _names(row: SessionRow) -> frozenset[str]:
    return (
        frozenset(each.partition("@")[0] for each in row.roles.split(",")) if row.roles else _NONE
    )


def _open(vault: Vault, row: SessionRow, column: str) -> str:
    return vault.open(
        getattr(row, column),
        purpose="data",
        table="person",
        column=column,
        row=row.person_id.bytes,
        version=row.row_version,
    ).decode()
