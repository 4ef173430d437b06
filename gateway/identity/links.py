"""One-time enrolment links: made, found, killed. Only their token's hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import standing, tokens
from gateway.identity.break_glass_refusals import AccountSealed
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Enrolment, Person, State
from gateway.identity.tables_break_glass import SealedAccount
from gateway.identity.tables_guards import PersonLock
from gateway.refusals import Refused
from gateway.vault import attested

LONGEST = timedelta(hours=24)
"""No link works longer, whatever the settings say."""


class EnrolmentOver(Refused):
    """The link is unknown, used, replaced by a newer one, or too old: ask for another."""

    code: ClassVar[str] = "enrolment_over"


class PersonLocked(Refused):
    """The person had the account locked by a report: its decision comes first."""

    code: ClassVar[str] = "person_locked"


@dataclass(frozen=True, slots=True)
class Found:
    """A live link and its person."""

    row: Enrolment
    person: Person

    @property
    def subject(self) -> str:
        """The person as an actor."""
        return f"person:{self.person.id}"


def issue_in(
    registry: Registry,
    tx: Transaction,
    person_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    life: timedelta | None = None,
    factors_only: bool = False,
) -> str:
    """Make a link for a person within a transaction and return its token; older ones die.

    It lives for `life`, or as long as the settings say. `factors_only`: the password stays.

    Raises AccountSealed: such an account never gets credentials.
    """
    if tx.session.get(SealedAccount, person_id) is not None:
        raise AccountSealed(person_id)
    revoke_in(tx, person_id, now=now)
    token = tokens.new()
    expires = now + min(life or registry.limits.enrolment_life, LONGEST)
    tx.session.add(
        Enrolment(
            token_hash=tokens.digest_of_new(token),
            person_id=person_id,
            expires=expires,
            factors_only=factors_only,
            hash=None,
            secret=None,
        )
    )
    tx.record("enrolment.issued", actor=actor, now=now, object=f"person:{person_id}")
    return token


def refuse_if_locked(session: OrmSession, person_id: UUID) -> None:
    """Refuse a way back that goes round the decision of a report. Raises PersonLocked."""
    if session.get(PersonLock, person_id) is not None:
        raise PersonLocked(person_id)


def revoke_in(tx: Transaction, person_id: UUID, *, now: datetime) -> None:
    """Kill the unused links of a person."""
    link = Enrolment
    live = (link.person_id == person_id, link.used_at.is_(None), link.revoked_at.is_(None))
    changed(tx.session, update(link).where(*live).values(revoked_at=now, mac=None))


def find(session: OrmSession, token: str, *, now: datetime, lock: bool) -> Found | None:
    """Return the live link of a token, locked for a change if asked; None if there is none.

    Raises ForgedRow: nobody of this zone made that link.
    """
    digest = tokens.digest(token)
    if digest is None:
        return None
    link = Enrolment
    statement = (
        select(link, Person)
        .join(Person, Person.id == link.person_id)
        .where(
            link.token_hash == digest,
            link.used_at.is_(None),
            link.revoked_at.is_(None),
            link.expires > now,
            Person.state != State.DISABLED,
        )
    )
    if lock:  # the person first, as everybody does; then what is true by now
        session.execute(statement.with_for_update(of=Person)).all()
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.execute(statement).one_or_none()
    if found is None:
        return None
    attested.require(found[0])
    standing.require(session, found[1].id)
    return Found(*found)


def was_ours(session: OrmSession, token: str) -> bool:
    """Tell whether there ever was such a link."""
    digest = tokens.digest(token)
    known = select(Enrolment.id).where(Enrolment.token_hash == digest)
    return session.execute(known).first() is not None


def used_by(registry: Registry, token: str, *, now: datetime) -> UUID | None:
    """Return who enrolled by a link within its time; None for any other. It opens nothing more."""
    digest = tokens.digest(token)
    statement = select(Enrolment.person_id).where(
        Enrolment.token_hash == digest, Enrolment.used_at.is_not(None), Enrolment.expires > now
    )
    with registry.store.reading() as session:
        return None if digest is None else session.execute(statement).scalar_one_or_none()
