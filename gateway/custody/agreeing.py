"""What two officers must agree on: pruning, lifting a hold, erasing personal values.

    propose → approve or refuse, by another person of the other office → carried out

The reason is read by whoever checks the log later; it names nobody, for it cannot be erased.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from audit import erasure, pruning
from audit.accords import HOLD, REQUEST
from audit.ledger import Transaction
from audit.record import Json
from audit.tables_anchors import log_hold, log_request
from gateway.custody import proof
from gateway.custody.asked import Asked, Kind, State, open_request
from gateway.custody.refusals import (
    KeepingOver,
    KeepingSame,
    KeepingTerms,
    KeepingUnknown,
    NothingDue,
)
from gateway.custody.room import OFFICES, Custody, Officer, checked_reason
from gateway.identity.agreement import OpenerLeft, record_left

CASE = 80
YEARS = 100
"""How far back a hold may reach; long before there was a log."""
_ENTRY = re.compile(r"entry:(?:[0-9a-f]{32}|[0-9]{1,15})")


def propose_pruning(custody: Custody, reason: str, *, by: Officer, now: datetime) -> str:
    """Propose to remove whatever may go at present; return the request's id.

    Raises:
        NothingDue: not one whole bundle is old enough and free of holds.
        KeepingTerms: the reason.
        KeepingOver: a pruning is proposed or under way already.
    """
    with custody.ledger.begin() as tx:
        connection = tx.session.connection()
        _require_no_other(connection, Kind.PRUNE, "log")
        try:
            terms = pruning.terms(connection, keep=custody.keep, now=now)
        except pruning.NothingToPrune as why:
            raise NothingDue(str(why)) from None
        return _propose(tx, Kind.PRUNE, "log", reason, terms.plain(), by=by, now=now)


def propose_lift(custody: Custody, hold: str, reason: str, *, by: Officer, now: datetime) -> str:
    """Propose to lift a hold. Raises KeepingUnknown, KeepingOver, KeepingTerms."""
    with custody.ledger.begin() as tx:
        connection = tx.session.connection()
        row = connection.execute(select(log_hold).where(log_hold.c.id == hold)).first()
        if row is None:
            raise KeepingUnknown(hold)
        if row.lifted_at is not None:
            raise KeepingOver(hold)
        _require_no_other(connection, Kind.LIFT, hold)
        return _propose(tx, Kind.LIFT, hold, reason, {"case": row.case_ref}, by=by, now=now)


def propose_erasure(
    custody: Custody, target: str, reason: str, *, by: Officer, now: datetime
) -> str:
    """Propose to erase the personal values of a person or an entry.

    Args:
        custody: the room.
        target: `person:<uuid>`, or `entry:<id or number>`.
        reason: why.
        by: the officer.
        now: the present.

    Raises:
        KeepingTerms: the target has not that form, or the reason is too short.
        NothingDue: no personal value of it is kept.
        KeepingOver: the same is proposed already.
    """
    target = checked_target(target)
    with custody.ledger.begin() as tx:
        connection = tx.session.connection()
        _require_no_other(connection, Kind.ERASE, target)
        found = erasure.found(connection, target)
        if not found.values:
            raise NothingDue("no personal values of it are kept")
        terms: dict[str, Json] = {"entries": found.entries, "values": found.values}
        return _propose(tx, Kind.ERASE, target, reason, terms, by=by, now=now)


def approve(custody: Custody, request: str, *, by: Officer, now: datetime) -> Asked:
    """Approve as the second officer. A hold is lifted at once; the rest is carried out after.

    Raises:
        KeepingUnknown, KeepingOver.
        KeepingSame: the same person, or the same office.
        KeepingForged: the row is not what the log says of it, so nobody asked for this.
        OpenerLeft: whoever proposed it is in that office no more. It is on record.
    """
    with custody.ledger.begin() as tx:
        asked = open_request(tx.session.connection(), request)
        proof.require_proposed(tx.session.connection(), custody.vouched, asked)
        if by.actor.subject == asked.proposed_by or by.office == asked.proposed_as:
            raise KeepingSame(request)
        _require_office(by)
        stands = custody.in_office(tx.session, asked.proposed_by, asked.proposed_as)
        if stands:
            _approve(tx, asked, by=by, now=now)
        else:
            about = f"{REQUEST}{asked.id}"
            record_left(tx, asked.kind, asked.proposed_by, about=about, actor=by.actor, now=now)
    if not stands:
        raise OpenerLeft(request)
    return asked


def _approve(tx: Transaction, asked: Asked, *, by: Officer, now: datetime) -> None:
    is_lift = asked.kind == Kind.LIFT
    state = State.DONE if is_lift else State.APPROVED
    _decide(tx, asked, state, "retention.approved", by=by, now=now)
    if is_lift:
        hold = update(log_hold).where(log_hold.c.id == asked.target)
        tx.session.connection().execute(hold.values(lifted_at=now))
        tx.record(
            "retention.lifted",
            actor=by.actor,
            now=now,
            object=f"{HOLD}{asked.target}",
            details={"request": asked.id, "case": str(asked.terms["case"])},
        )


def refuse(custody: Custody, request: str, *, by: Officer, now: datetime) -> None:
    """Refuse a request, or take one's own back. Raises KeepingUnknown, KeepingOver."""
    with custody.ledger.begin() as tx:
        asked = open_request(tx.session.connection(), request)
        _require_office(by)
        own = by.actor.subject == asked.proposed_by
        state = State.WITHDRAWN if own else State.REFUSED
        _decide(tx, asked, state, "retention.refused", by=by, now=now)


def place_hold(
    custody: Custody, case: str, since: datetime, reason: str, *, by: Officer, now: datetime
) -> str:
    """Keep everything from `since` on for a case; return the hold's id.

    One officer suffices: a hold only keeps. Lifting it takes two.

    Raises:
        KeepingTerms: case, day or reason.
    """
    case, reason = " ".join(case.split()), checked_reason(reason)
    if since > now or since.year < now.year - YEARS:
        raise KeepingTerms("since")
    if not 1 <= len(case) <= CASE or not case.isprintable():
        raise KeepingTerms("case")
    _require_office(by)
    made = uuid.uuid4().hex
    with custody.ledger.begin() as tx:
        tx.session.connection().execute(
            insert(log_hold).values(
                id=made,
                case_ref=case,
                reason=reason,
                since=since,
                placed_by=by.actor.subject,
                placed_at=now,
            )
        )
        details: dict[str, Json] = {"case": case, "since": since.isoformat(), "reason": reason}
        tx.record(
            "retention.held", actor=by.actor, now=now, object=f"{HOLD}{made}", details=details
        )
    return made


def checked_target(target: str) -> str:
    """Return `person:<uuid>` or `entry:<id or number>`, or raise KeepingTerms."""
    target = target.strip()
    if _ENTRY.fullmatch(target):
        return target
    try:
        return f"person:{UUID(target.removeprefix('person:'))}"
    except ValueError:
        raise KeepingTerms("target") from None


def _propose(
    tx: Transaction,
    kind: Kind,
    target: str,
    reason: str,
    terms: Mapping[str, Json],
    *,
    by: Officer,
    now: datetime,
) -> str:
    _require_office(by)
    reason, made = checked_reason(reason), uuid.uuid4().hex
    about: dict[str, Json] = {"kind": kind, "target": target, "terms": terms, "office": by.office}
    eid = tx.record(
        "retention.proposed",
        actor=by.actor,
        now=now,
        object=f"{REQUEST}{made}",
        details={**about, "reason": reason},
    )
    tx.session.connection().execute(
        insert(log_request).values(
            id=made,
            kind=kind,
            target=target,
            reason=reason,
            terms=terms,
            state=State.OPEN,
            proposed_by=by.actor.subject,
            proposed_as=by.office,
            proposed_at=now,
            outcome="",
            proposed_eid=eid,
        )
    )
    return made


def _require_office(by: Officer) -> None:
    if by.office not in OFFICES:
        raise KeepingSame(by.office)


def _require_no_other(connection: Connection, kind: Kind, target: str) -> None:
    row = log_request.c
    under_way = (State.OPEN, State.APPROVED, State.ENTERED)
    query = select(row.id).where(row.kind == kind, row.target == target, row.state.in_(under_way))
    if connection.execute(query).first() is not None:
        raise KeepingOver(target)


def _decide(
    tx: Transaction, asked: Asked, state: State, event: str, *, by: Officer, now: datetime
) -> None:
    details: dict[str, Json] = {
        "kind": asked.kind,
        "target": asked.target,
        "terms": dict(asked.terms),
        "state": state,
        "office": by.office,
    }
    eid = tx.record(event, actor=by.actor, now=now, object=f"{REQUEST}{asked.id}", details=details)
    values = {
        "state": state,
        "decided_eid": eid,
        "decided_by": by.actor.subject,
        "decided_as": by.office,
        "decided_at": now,
    }
    statement = update(log_request).where(log_request.c.id == asked.id)
    tx.session.connection().execute(statement.values(**values))
