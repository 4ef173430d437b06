"""What a sealed account may do while it is open: shut out, end, invite again. Nothing else.

No roles, no rules, no data, no log: the four acts bring an office back to work, or stop harm.
The fourth, closing a service, is the catalogue's (`gateway.access.catalogue.Catalogue.shut`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from audit.record import Actor
from gateway.identity import enrolment, notices, people, sessions
from gateway.identity.break_glass_refusals import AccountSealed, EntryRefused
from gateway.identity.current import BREAK_GLASS, Current
from gateway.identity.registry import Registry
from gateway.identity.roles import PersonUnknown
from gateway.identity.tables_break_glass import SealedAccount


def require_case(by: Current) -> str:
    """Return the case of a session under an emergency. Raises EntryRefused for any other."""
    if by.case is None or BREAK_GLASS not in by.roles:
        raise EntryRefused
    return by.case


def disable(
    registry: Registry, person_id: UUID, *, reason: str, by: Current, actor: Actor, now: datetime
) -> None:
    """Shut a person out. Raises EntryRefused, PersonUnknown, LastOfficer, AccountSealed."""
    _require(registry, person_id, by)
    people.disable(registry, person_id, actor=actor, now=now, reason=reason)


def end_sessions(
    registry: Registry, person_id: UUID, *, by: Current, actor: Actor, now: datetime
) -> int:
    """End a person's sessions; how many. Raises EntryRefused, PersonUnknown, AccountSealed."""
    _require(registry, person_id, by)
    return sessions.end_all(registry, person_id, actor=actor, now=now)


def invite(registry: Registry, person_id: UUID, *, by: Current, actor: Actor, now: datetime) -> str:
    """Return a new enrolment link's token, and tell the person.

    Raises:
        EntryRefused, PersonUnknown, PersonLocked, AccountSealed.
    """
    _require(registry, person_id, by)
    token = enrolment.issue(registry, person_id, actor=actor, now=now)
    with registry.ledger.begin(unaudited_because="the link itself is on record") as tx:
        notices.tell(tx, person_id, "break_glass_link", now=now)
    return token


def _require(registry: Registry, person_id: UUID, by: Current) -> None:
    require_case(by)
    if people.by_id(registry, person_id) is None:
        raise PersonUnknown(person_id)
    with registry.store.reading() as session:
        if session.get(SealedAccount, person_id) is not None:
            raise AccountSealed(person_id)
