"""「不是我」: a person says that a sign-in was not theirs.

The account is locked at once: sessions, half-made sign-ins and links end, its browsers become
strangers, and sign-in is refused with the words it always has. A security administrator other
than the person decides what follows. The last living officer of an office is not locked, or
anybody with a stolen session could leave the office without one; everything else happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import attempts, devices, ending, epoch, links, roles
from gateway.identity.attempts import AttemptView
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.registry import Registry
from gateway.identity.returning import LinkNeedsTwo
from gateway.identity.statements import changed
from gateway.identity.tables import PendingSignIn, Person, State
from gateway.identity.tables_guards import Attempt, PersonLock, Report
from gateway.refusals import Refused

REASON = 500
"""Characters of a decision's reason."""


class Decision(StrEnum):
    """What becomes of a report."""

    UNLOCKED = "unlocked"
    """After a talk: the account opens again, with the password and factors it had."""
    ENROLMENT = "enrolment"
    """A new link in person: password and factors are made anew."""
    KEPT = "kept"
    """The account stays as it is now; a locked one stays disabled."""


class AttemptUnknown(Refused):
    """There is no such sign-in of this person, or it was reported already."""

    code: ClassVar[str] = "attempt_unknown"


class ReportUnknown(Refused):
    """There is no such report."""

    code: ClassVar[str] = "report_unknown"


class ReportClosed(Refused):
    """Somebody has decided the report already."""

    code: ClassVar[str] = "report_closed"


class ReportOfOneself(Refused):
    """Nobody decides about their own account."""

    code: ClassVar[str] = "report_of_oneself"


class ReportReasonMissing(Refused):
    """A decision has a reason of 1 to 500 characters."""

    code: ClassVar[str] = "report_reason_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report as the queue shows it. `attempt` is the sign-in it is about."""

    id: UUID
    person_id: UUID
    login: str
    name: str
    unit: str
    opened_at: datetime
    locked: bool
    attempt: AttemptView | None
    closed_at: datetime | None
    closed_by: str | None
    decision: str | None
    reason: str


def disown(
    registry: Registry, person_id: UUID, attempt_id: UUID, *, actor: Actor, now: datetime
) -> bool:
    """Lock the person's account and open a report; tell whether it is locked.

    Raises:
        AttemptUnknown, PersonUnknown.
    """
    with registry.ledger.begin() as tx:
        person = roles.locked_person(tx.session, person_id)
        attempt = tx.session.get(Attempt, attempt_id, with_for_update=True)
        if attempt is None or attempt.person_id != person_id or attempt.disowned_at is not None:
            raise AttemptUnknown(attempt_id)
        attempt.disowned_at = now
        locked = _may_lock(tx, person)
        report = Report(
            person_id=person_id, attempt_id=attempt_id, opened_at=now, locked=locked, reason=""
        )
        tx.session.add(report)
        tx.session.flush()
        tx.record(
            "report.opened",
            actor=actor,
            now=now,
            object=f"person:{person_id}",
            details={"report": str(report.id), "locked": locked},
        )
        if locked:
            _lock(tx, person, actor=actor, now=now)
        _shut_out(tx, person_id, actor=actor, now=now)
    return locked


def waiting(registry: Registry) -> Sequence[ReportView]:
    """Return the reports that nobody has decided yet, oldest first."""
    return _views(registry, Report.closed_at.is_(None), order=Report.opened_at.asc())


def decided(registry: Registry, *, limit: int = 50) -> Sequence[ReportView]:
    """Return the reports decided last, newest first."""
    which = Report.closed_at.is_not(None)
    return _views(registry, which, order=Report.closed_at.desc(), limit=limit)


def one(registry: Registry, report_id: UUID) -> ReportView:
    """Return a report. Raises ReportUnknown."""
    found = _views(registry, Report.id == report_id, order=Report.opened_at.asc())
    if not found:
        raise ReportUnknown(report_id)
    return found[0]


def close(
    registry: Registry,
    report_id: UUID,
    decision: Decision,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> str | None:
    """Decide a report; return the token of the new link for `Decision.ENROLMENT`.

    Raises:
        ReportReasonMissing, ReportUnknown, ReportClosed, ReportOfOneself.
        LinkNeedsTwo: a new link for one of the three officers.
    """
    text = reason.strip()
    if not 1 <= len(text) <= REASON:
        raise ReportReasonMissing
    with registry.ledger.begin() as tx:
        roles.lock_officers(tx.session)
        report = tx.session.get(Report, report_id, with_for_update=True)
        if report is None:
            raise ReportUnknown(report_id)
        if report.closed_at is not None:
            raise ReportClosed(report_id)
        if actor.subject == f"person:{report.person_id}":
            raise ReportOfOneself
        report.closed_at, report.closed_by = now, actor.subject
        report.decision, report.reason = decision, text
        subject = f"person:{report.person_id}"
        details = {"report": str(report_id), "decision": decision.value}
        tx.record(
            "report.closed",
            actor=actor,
            now=now,
            object=subject,
            details=details,
            personal={"reason": text},
        )
        return _carry_out(registry, tx, report, decision, actor=actor, now=now)


def is_locked(registry: Registry, person_id: UUID) -> bool:
    """Tell whether a person is shut out by a report of theirs."""
    with registry.store.reading() as session:
        return session.get(PersonLock, person_id) is not None


def _may_lock(tx: Transaction, person: Person) -> bool:
    if person.state != State.ACTIVE:
        return False
    try:
        roles.refuse_if_last(tx.session, person, roles.held_by(tx.session, person.id))
    except roles.LastOfficer:
        return False
    return True


def _lock(tx: Transaction, person: Person, *, actor: Actor, now: datetime) -> None:
    person.state = State.DISABLED
    person.disabled_at = now
    tx.session.add(PersonLock(person_id=person.id, at=now))
    epoch.bump(tx)
    tx.record("person.locked", actor=actor, now=now, object=f"person:{person.id}")


def _shut_out(tx: Transaction, person_id: UUID, *, actor: Actor, now: datetime) -> None:
    """End what somebody else may hold: sessions, steps, links and known browsers."""
    links.revoke_in(tx, person_id, now=now)
    changed(tx.session, delete(PendingSignIn).where(PendingSignIn.person_id == person_id))
    devices.forget_all(tx.session, person_id)
    everything = ending.others_of(person_id, keep=None)
    ending.end(tx, everything, why=ending.Why.DISOWNED, actor=actor, now=now)


def _carry_out(
    registry: Registry,
    tx: Transaction,
    report: Report,
    decision: Decision,
    *,
    actor: Actor,
    now: datetime,
) -> str | None:
    person = roles.locked_person(tx.session, report.person_id)
    held = roles.held_by(tx.session, person.id)
    if decision is Decision.ENROLMENT and held & OFFICER_ROLES:
        raise LinkNeedsTwo  # unlock, then two officers decide on a factor reset
    lock = tx.session.get(PersonLock, person.id, with_for_update=True)
    if lock is not None:
        tx.session.delete(lock)
    if lock is not None and decision is not Decision.KEPT:
        unlocked = decision is Decision.UNLOCKED
        person.state = State.ACTIVE if unlocked else State.INVITED
        person.disabled_at = None
        epoch.bump(tx)
        tx.record("person.unlocked", actor=actor, now=now, object=f"person:{person.id}")
    if decision is not Decision.ENROLMENT:
        return None
    return links.issue_in(registry, tx, person.id, actor=actor, now=now)


def _views(
    registry: Registry, *which: object, order: object, limit: int = 500
) -> Sequence[ReportView]:
    statement = (
        select(Report, Person, Attempt)
        .join(Person, Person.id == Report.person_id)
        .outerjoin(Attempt, Attempt.id == Report.attempt_id)
        .where(*which)  # type: ignore[arg-type]
        .order_by(order)  # type: ignore[arg-type]
        .limit(limit)
    )
    with registry.store.reading() as session:
        return [_view(*row) for row in session.execute(statement)]


def _view(report: Report, person: Person, attempt: Attempt | None) -> ReportView:
    return ReportView(
        id=report.id,
        person_id=person.id,
        login=person.login,
        name=person.name,
        unit=person.unit,
        opened_at=report.opened_at,
        locked=report.locked,
        attempt=None if attempt is None else attempts.view_of(attempt),
        closed_at=report.closed_at,
        closed_by=report.closed_by,
        decision=report.decision,
        reason=report.reason,
    )
