"""Rights of people: their business roles and clearance, the security administrator's to give.

Never to oneself, never one of the three offices (two officers decide on those: `officer_cases`).
What a change gives and takes is shown before: the pages of the gateway by the rules in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.record import Actor
from gateway.identity import notices, roles
from gateway.identity.current import BREAK_GLASS, OFFICER_ROLES
from gateway.identity.officer_case_refusals import (
    CasePerson,
    CaseTerms,
    OfficeNeedsTwo,
    RightsOfOneself,
)
from gateway.identity.officer_case_rows import TEXT_MAX, TEXT_MIN
from gateway.identity.people import ClearanceRefused
from gateway.identity.registry import Registry
from gateway.identity.tables import MAX_CLEARANCE, State
from gateway.identity.tables_break_glass import SealedAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What somebody is to hold: names of roles without prefix, and a clearance from 0 to 4."""

    roles: frozenset[str]
    clearance: int


def change(
    registry: Registry,
    person_id: UUID,
    rights: Rights,
    *,
    reason: str,
    by: UUID | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Give a person exactly these roles and this clearance; tell whether anything differs.

    A change ends the person's sessions and is told to them. `by` is the officer, None for an
    operator at the terminal.

    Raises:
        CaseTerms: the reason has not 10 to 500 characters.
        RightsOfOneself, OfficeNeedsTwo, OfficersExclusive, RoleRefused, ClearanceRefused.
        PersonUnknown, CasePerson: there is none, or one that gets no rights.
        LastOfficer, StandingBroken.
    """
    text = " ".join(reason.split())
    if not TEXT_MIN <= len(text) <= TEXT_MAX:
        raise CaseTerms
    if by == person_id:
        raise RightsOfOneself(person_id)
    if rights.clearance not in range(MAX_CLEARANCE + 1):
        raise ClearanceRefused(rights.clearance)
    wanted = roles.checked(rights.roles)
    with registry.ledger.begin() as tx:
        person = roles.locked_person(tx.session, person_id)
        held = roles.held_by(tx.session, person_id)
        if wanted & OFFICER_ROLES - held:
            raise OfficeNeedsTwo(*sorted(wanted))
        sealed = tx.session.get(SealedAccount, person_id) is not None
        if sealed or BREAK_GLASS in wanted or (person.state == State.DISABLED and wanted - held):
            raise CasePerson(person_id)
        differs = roles.set_in(
            registry,
            tx,
            person_id,
            wanted,
            clearance=rights.clearance,
            reason=text,
            actor=actor,
            now=now,
        )
        if differs:
            notices.tell(
                tx,
                person_id,
                "rights_changed",
                now=now,
                gained=",".join(sorted(wanted - held)),
                lost=",".join(sorted(held - wanted)),
                clearance=str(rights.clearance),
            )
        return differs
