"""Requests for access: asked by a person, decided by the service's owner, ended by the clock.

    requests = Requests(registry=registry, catalogue=catalogue, terms=Terms())
    asked = requests.ask(person_id, "ledger", wish, actor=actor, now=now)
    requests.approve(asked.id, until=day, by=owner_id, actor=actor, now=now)

Locks are taken in one order: the person asked for, then the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.access import grants, owners
from gateway.access.catalogue import Catalogue
from gateway.access.grants import Why
from gateway.access.request_notices import tell, tell_all
from gateway.access.request_refusals import (
    AlreadyAsked,
    BeyondClearance,
    EndRefused,
    NotInCharge,
    OwnRequest,
    RequestSettled,
    RequestUnknown,
)
from gateway.access.request_rows import (
    checked_reason,
    end_earlier,
    living,
    locked,
    open_one,
    record,
    refuse_settled,
    service_of,
)
from gateway.access.tables import ServiceRow
from gateway.access.tables_requests import AccessRequest, State
from gateway.identity import epoch
from gateway.identity import roles as offices
from gateway.identity.registry import Registry
from policies import temporary

SECURITY_ADMIN = "security_admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a grant may last (`longest`, at most 90 days), and what a form proposes."""

    longest: timedelta = timedelta(days=90)
    usual: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: to look, or to look and change; why; until when."""

    writes: bool
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made, and how many people may decide on it now."""

    id: UUID
    owners: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The use cases of one zone. `by` is the person who acts; None is an operator."""

    registry: Registry
    catalogue: Catalogue
    terms: Terms

    def ask(self, person_id: UUID, slug: str, wish: Wish, *, actor: Actor, now: datetime) -> Asked:
        """Ask for a service.

        Raises:
            ReasonNeeded, EndRefused, ServiceUnknown, BeyondClearance, NotForOfficers, PersonGone.
            AlreadyAsked: an open request waits already.
        """
        reason = checked_reason(wish.reason)
        if not now < wish.until <= now + self.terms.longest:
            raise EndRefused
        with self.registry.ledger.begin() as tx:
            person = living(tx.session, person_id)
            service = service_of(tx.session, slug, self.registry.zone)
            if person.clearance < service.classification:
                raise BeyondClearance(slug)
            if open_one(tx.session, person_id, slug) is not None:
                raise AlreadyAsked(slug)
            row = AccessRequest(
                id=uuid4(),
                person_id=person_id,
                service=slug,
                writes=wish.writes,
                reason=reason,
                asked_at=now,
                asked_until=wish.until,
                state=State.OPEN,
                answer="",
                rule="",
            )
            tx.session.add(row)
            tx.session.flush()
            deciders = [
                each for each in owners.of_unit(tx.session, service.in_charge) if each != person_id
            ]
            record(tx, "access.requested", row, actor, now, personal={"reason": reason})
            _tell_deciders(tx, deciders, slug, now)
            return Asked(row.id, len(deciders))

    def withdraw(self, request_id: UUID, *, by: UUID, actor: Actor, now: datetime) -> None:
        """Take one's own open request back, or give a grant back before its end.

        Raises:
            RequestUnknown: also for somebody else's.
            RequestSettled: it is over already.
        """
        with self.registry.ledger.begin() as tx:
            row = locked(tx.session, request_id)
            if row.person_id != by:
                raise RequestUnknown(request_id)
            if row.state == State.GRANTED:
                grants.end(tx, row, why=Why.GIVEN_BACK, actor=actor, now=now)
                return
            refuse_settled(row)
            row.state, row.ended_at, row.ended_by = State.WITHDRAWN, now, actor.subject
            record(tx, "access.withdrawn", row, actor, now)

    def approve(
        self, request_id: UUID, *, until: datetime, by: UUID | None, actor: Actor, now: datetime
    ) -> None:
        """Grant what was asked for, until the day asked for or an earlier one.

        Raises:
            RequestUnknown, RequestSettled, OwnRequest, NotInCharge, EndRefused.
            PersonGone, NotForOfficers, BeyondClearance: what was possible is so no more.
        """
        with self.registry.ledger.begin() as tx:
            row = locked(tx.session, request_id)
            service = self._refuse_decider(tx.session, row, by)
            refuse_settled(row)
            person = living(tx.session, row.person_id)
            if person.clearance < service.classification:
                raise BeyondClearance(row.service)
            if not now < until <= min(row.asked_until, now + self.terms.longest):
                raise EndRefused
            end_earlier(tx, row, actor=actor, now=now)
            self._grant(tx, row, until, actor=actor, now=now)

    def refuse(
        self, request_id: UUID, *, reason: str, by: UUID | None, actor: Actor, now: datetime
    ) -> None:
        """Say no, and why. Raises ReasonNeeded and as `approve`."""
        answer = checked_reason(reason)
        with self.registry.ledger.begin() as tx:
            row = locked(tx.session, request_id)
            self._refuse_decider(tx.session, row, by)
            refuse_settled(row)
            row.state, row.answer = State.REFUSED, answer
            row.decided_at, row.decided_by = now, actor.subject
            record(tx, "access.refused", row, actor, now, personal={"reason": answer})
            tell(tx, row.person_id, "access_refused", now=now, service=row.service)

    def revoke(
        self, request_id: UUID, *, reason: str, by: UUID | None, actor: Actor, now: datetime
    ) -> None:
        """End a grant before its time: by an owner, the security administrator or an operator.

        Raises:
            ReasonNeeded, RequestUnknown, NotInCharge.
            RequestSettled: it is not in force.
        """
        answer = checked_reason(reason)
        with self.registry.ledger.begin() as tx:
            row = locked(tx.session, request_id)
            if by is None or SECURITY_ADMIN not in offices.held_by(tx.session, by):
                self._refuse_decider(tx.session, row, by)
            if row.state != State.GRANTED:
                raise RequestSettled(request_id)
            row.answer = answer
            grants.end(tx, row, why=Why.REVOKED, actor=actor, now=now)
            tell(tx, row.person_id, "access_revoked", now=now, service=row.service)

    def _refuse_decider(
        self, session: OrmSession, row: AccessRequest, by: UUID | None
    ) -> ServiceRow:
        """Refuse who may not decide, at this moment and not when the page was shown."""
        service = service_of(session, row.service, self.registry.zone)
        if by == row.person_id:
            raise OwnRequest(row.id)
        if by is not None and not owners.decides_for(session, by, service.in_charge):
            raise NotInCharge(row.service)
        return service

    def _grant(
        self, tx: Transaction, row: AccessRequest, until: datetime, *, actor: Actor, now: datetime
    ) -> None:
        rule = temporary.grant(
            f"person:{row.person_id}",
            row.service,
            zone=self.registry.zone,
            writes=row.writes,
            opens=int(now.timestamp()),
            closes=int(until.timestamp()),
        )
        row.state, row.rule = State.GRANTED, rule.line
        row.given_from, row.given_until = now, until
        row.decided_at, row.decided_by = now, actor.subject
        tx.session.flush()
        epoch.bump(tx)
        tx.record(
            "grant.given",
            actor=actor,
            now=now,
            object=f"person:{row.person_id}",
            service=row.service,
            rules=(rule.id,),
            details={
                "request": str(row.id),
                "rule": rule.line,
                "until": until.isoformat(timespec="seconds"),
                "grants": grants.in_force(tx.session).version,
            },
        )
        tell(tx, row.person_id, "access_granted", now=now, service=row.service)


def _tell_deciders(tx: Transaction, deciders: Sequence[UUID], slug: str, now: datetime) -> None:
    if deciders:
        tell_all(tx, deciders, "access_waiting", now=now, service=slug)
        return
    officers = tx.session.scalars(owners.living_with(SECURITY_ADMIN)).all()
    tell_all(tx, officers, "access_ownerless", now=now, service=slug)
