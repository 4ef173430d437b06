"""Links by one officer alone: for who never enrolled, and for who comes back without rights.

A link makes its bearer the person. So one officer gets none for an account that is in use, nor
for one of the three officers: that is a factor reset, which two officers decide. Whoever is
restored comes back without roles and clearance; the security administrator gives them anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import epoch, links
from gateway.identity import roles as offices
from gateway.identity.apart import kept_apart
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.registry import Registry
from gateway.identity.tables import State
from gateway.refusals import Refused
from gateway.vault.columns import reseal


class LinkNeedsTwo(Refused):
    """The account is in use, or an officer's: two officers decide on a factor reset."""

    code: ClassVar[str] = "link_needs_two"


class NotDisabled(Refused):
    """The account is not disabled, so there is nothing to restore."""

    code: ClassVar[str] = "not_disabled"


def invite_again(registry: Registry, person_id: UUID, *, actor: Actor, now: datetime) -> str:
    """Return a new link for somebody who has not enrolled yet; older ones die.

    Raises:
        PersonUnknown, LinkNeedsTwo.
    """
    with registry.ledger.begin() as tx:
        person = offices.locked_person(tx.session, person_id)
        held = offices.held_by(tx.session, person_id)
        if person.state != State.INVITED or held & OFFICER_ROLES:
            raise LinkNeedsTwo
        return links.issue_in(registry, tx, person_id, actor=actor, now=now)


def restore(registry: Registry, person_id: UUID, *, actor: Actor, now: datetime) -> str:
    """Invite a disabled person again, without roles and clearance; return the link's token.

    Raises:
        PersonUnknown, NotDisabled, PersonLocked, DutiesUnited.
    """
    with registry.ledger.begin() as tx:
        return restore_in(registry, tx, person_id, actor=actor, now=now)


def restore_in(
    registry: Registry, tx: Transaction, person_id: UUID, *, actor: Actor, now: datetime
) -> str:
    """As `restore`, within a transaction."""
    person = offices.locked_person(tx.session, person_id)
    if person.state != State.DISABLED:
        raise NotDisabled
    links.refuse_if_locked(tx.session, person_id)
    held = offices.held_by(tx.session, person_id)
    with kept_apart(tx, now=now):  # the unit is held again, and may have moved meanwhile
        offices.drop(tx.session, person_id, held)
        person.state = State.INVITED
        person.disabled_at = None
        person.clearance = 0
        reseal(person)
        epoch.bump(tx)
    which = f"person:{person_id}"
    tx.record("person.restored", actor=actor, now=now, object=which, details={"lost": sorted(held)})
    return links.issue_in(registry, tx, person_id, actor=actor, now=now)
