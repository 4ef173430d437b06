"""Break-glass: a sealed account that two officers open for a third person, for a short time.

    prepare → propose (officer) → confirm (another officer) → enter (the person named, signed in
    as themself, once, with the code) → close (anybody of these, or the timer) → review (a
    security administrator who had no part in it); then it is sealed again.

The account has no credentials at any time. Whoever uses it has proved with their own factors
who they are, and no officer is ever the one who uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor, Json
from gateway.identity import ending, epoch, notices, people, tokens
from gateway.identity import roles as offices
from gateway.identity.agreement import OpenerLeft, in_office, record_left
from gateway.identity.break_glass_refusals import (
    EntryRefused,
    NotOver,
    NotSealed,
    OpeningOver,
    OpeningUnknown,
    SamePerson,
    TermsRefused,
)
from gateway.identity.break_glass_rules import (
    LONGEST,
    OPENERS,
    REVIEWER,
    SHORTEST,
    End,
    checked_text,
    entered_by,
    locked,
    record,
    require_officer,
    require_user,
    seal,
    settle,
    settle_lapsed,
    waits,
)
from gateway.identity.current import BREAK_GLASS, Current
from gateway.identity.integrity import refusing
from gateway.identity.links import revoke_in
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, Session, State
from gateway.identity.tables_break_glass import Opening, SealedAccount

AMR = "glass"
_STRENGTH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed: which account, for whom, how long, why."""

    account_id: UUID
    user_id: UUID
    minutes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A session of the sealed account, for the browser of the person named."""

    token: str = field(repr=False)
    ends_by: datetime


def prepare(registry: Registry, *, login: str, unit: str, actor: Actor, now: datetime) -> UUID:
    """Make a sealed account: no link, no password, no factor, and disabled.

    Raises:
        LoginRefused, LoginTaken, UnitUnknown.
    """
    with registry.ledger.begin() as tx:
        person_id, _never_handed_out = people.create_in(
            registry,
            tx,
            login=login,
            name=login,
            unit=unit,
            roles=[BREAK_GLASS],
            clearance=0,
            staff_number=None,
            actor=actor,
            now=now,
        )
        revoke_in(tx, person_id, now=now)
        seal(tx, person_id, now)
        tx.session.add(
            SealedAccount(person_id=person_id, prepared_at=now, prepared_by=actor.subject)
        )
        tx.record("break_glass.prepared", actor=actor, now=now, object=f"person:{person_id}")
    return person_id


def propose(
    registry: Registry, proposal: Proposal, *, by: UUID, actor: Actor, now: datetime
) -> UUID:
    """Propose to open a sealed account; a second officer has 24 hours to confirm.

    Raises:
        TermsRefused, OpeningUnknown, SamePerson, UserRefused.
        NotSealed: it is proposed or open already, or its last opening was not reviewed.
    """
    reason = checked_text(proposal.reason)
    if not SHORTEST <= proposal.minutes <= LONGEST:
        raise TermsRefused
    with registry.ledger.begin() as tx:
        account = tx.session.get(SealedAccount, proposal.account_id, with_for_update=True)
        if account is None:
            raise OpeningUnknown(proposal.account_id)
        require_officer(tx.session, by)
        require_user(tx.session, proposal.user_id, officers={by})
        settle_lapsed(tx, account, actor=actor, now=now)
        row = Opening(
            account_id=account.person_id,
            proposed_by=by,
            proposed_at=now,
            user_id=proposal.user_id,
            minutes=proposal.minutes,
            reason=reason,
            finding="",
        )
        tx.session.add(row)
        tx.session.flush()
        details: dict[str, Json] = {"minutes": row.minutes, "user": f"person:{row.user_id}"}
        record(tx, "break_glass.proposed", row, actor, now, details, {"reason": reason})
        return row.id


@refusing(OpeningUnknown)
def confirm(registry: Registry, opening_id: UUID, *, by: UUID, actor: Actor, now: datetime) -> str:
    """Open it as the second officer; return the code that the person named enters with, once.

    Raises:
        OpeningUnknown, OpeningOver, SamePerson, UserRefused, NotSealed.
        OpenerLeft: whoever proposed it is in that office no more. It is on record.
    """
    code = tokens.new()
    with registry.ledger.begin() as tx:
        row = locked(tx.session, opening_id)
        if not waits(row, now):
            raise OpeningOver(opening_id)
        if by in {row.proposed_by, row.user_id}:
            raise SamePerson(opening_id)
        require_officer(tx.session, by)
        stands = in_office(tx.session, row.proposed_by, OPENERS)
        if stands:
            require_user(tx.session, row.user_id, officers={by, row.proposed_by})
            row.confirmed_by, row.opened_at = by, now
            row.token_hash = tokens.digest_of_new(code)
            _open(tx, row, actor=actor, now=now)
        else:
            about, opener = f"person:{row.account_id}", f"person:{row.proposed_by}"
            record_left(tx, "break_glass", opener, about=about, actor=actor, now=now)
    if not stands:
        raise OpenerLeft(opening_id)
    return code


def _open(tx: Transaction, row: Opening, *, actor: Actor, now: datetime) -> None:
    """Bring the account to life until the timer ends it, and tell everybody."""
    row.ends_by = now + timedelta(minutes=row.minutes)
    account = tx.session.get_one(Person, row.account_id, with_for_update=True)
    if offices.held_by(tx.session, account.id) != {BREAK_GLASS}:
        raise NotSealed(account.id)  # somebody gave it more than it may ever have
    account.state, account.disabled_at = State.ACTIVE, None
    epoch.bump(tx)
    ends = row.ends_by.isoformat(timespec="seconds")
    record(tx, "break_glass.opened", row, actor, now, {"ends_by": ends})
    notices.tell(tx, row.user_id, "break_glass_for_you", now=now)
    for officer in offices.active_officers(tx.session):
        notices.tell(tx, officer, "break_glass_opened", now=now)


def refuse(registry: Registry, opening_id: UUID, *, by: UUID, actor: Actor, now: datetime) -> None:
    """Refuse a proposal, or take one's own back. Raises OpeningUnknown, OpeningOver, SamePerson."""
    with registry.ledger.begin() as tx:
        row = locked(tx.session, opening_id)
        require_officer(tx.session, by)
        if row.opened_at is not None or row.settled_at is not None:
            raise OpeningOver(opening_id)
        settle(tx, row, End.REFUSED, actor=actor, now=now)


@refusing(EntryRefused)
def enter(registry: Registry, code: str, *, by: Current, actor: Actor, now: datetime) -> Entered:
    """Use the code: a session of the account takes the place of the person's own.

    Raises:
        EntryRefused: wrong, used, over, or another's. It is on record.
    """
    entered: Entered | None = None
    with registry.ledger.begin() as tx:
        row = entered_by(tx.session, code, by, now)
        if row is None or row.ends_by is None:
            tx.record("break_glass.refused", actor=actor, now=now, outcome="denied", reason="code")
        else:
            token = tokens.new()
            row.entered_at, row.token_hash = now, None
            tx.session.add(
                Session(
                    token_hash=tokens.digest_of_new(token),
                    person_id=row.account_id,
                    created=now,
                    last_seen=now,
                    amr=f"{by.amr[0]} {AMR}" if by.amr else AMR,
                    strength=_STRENGTH,
                    ends_by=row.ends_by,
                    case_ref=row.case,
                    address=actor.address,
                    user_agent=None,
                )
            )
            record(tx, "break_glass.entered", row, actor, now, {"user": by.subject})
            entered = Entered(token, row.ends_by)
    if entered is None:
        raise EntryRefused
    return entered


def close(
    registry: Registry,
    opening_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    why: End = End.OFFICER,
) -> None:
    """End an opening at once: sessions end, and the account is shut. Raises OpeningUnknown.

    Raises:
        OpeningOver: it was never open, or is closed already.
    """
    with registry.ledger.begin() as tx:
        row = locked(tx.session, opening_id)
        if row.opened_at is None or row.closed_at is not None:
            raise OpeningOver(opening_id)
        row.closed_at, row.closed_by, row.closed_why = now, actor.subject, why
        row.token_hash = None
        seal(tx, row.account_id, now)
        everything = ending.others_of(row.account_id, keep=None)
        ending.end(tx, everything, why=ending.Why.CASE, actor=actor, now=now)
        record(tx, "break_glass.closed", row, actor, now, {"why": why})


def review(
    registry: Registry, opening_id: UUID, finding: str, *, by: UUID, actor: Actor, now: datetime
) -> None:
    """Write the finding on an opening that is over; only now may the account be opened again.

    Raises:
        TermsRefused, OpeningUnknown, NotOver, OpeningOver.
        SamePerson: the reviewer is no security administrator, or had a part in it.
    """
    text = checked_text(finding)
    with registry.ledger.begin() as tx:
        row = locked(tx.session, opening_id)
        if row.closed_at is None:
            raise NotOver(opening_id)
        if row.settled_at is not None:
            raise OpeningOver(opening_id)
        if by in {row.proposed_by, row.confirmed_by, row.user_id}:
            raise SamePerson(opening_id)
        require_officer(tx.session, by, among=frozenset({REVIEWER}))
        row.finding, row.reviewed_by, row.settled_at = text, by, now
        record(tx, "break_glass.reviewed", row, actor, now, {}, {"finding": text})


def sweep(registry: Registry, *, now: datetime) -> int:
    """Write down as closed what the timer has ended; return how many."""
    over = select(Opening.id).where(
        Opening.opened_at.is_not(None), Opening.closed_at.is_(None), Opening.ends_by <= now
    )
    with registry.store.reading() as session:
        found = session.scalars(over).all()
    for each in found:
        actor = Actor(subject="system:housekeeping")
        try:
            close(registry, each, actor=actor, now=now, why=End.TIMER)
        except OpeningOver:  # an officer was quicker
            continue
    return len(found)
