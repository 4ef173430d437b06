"""The steps of a change, each in one transaction, held against the people as they are now."""

from __future__ import annotations

from datetime import datetime

from audit.record import Actor
from gateway.changes import waiting
from gateway.changes.refusals import ChangeRefused, refused, refusing
from gateway.changes.room import Moment, Room, around, moment
from gateway.identity import epoch, natural_persons, people
from policies import versions
from policies.change.benefit import beneficiaries, united_hands
from policies.change.texts import Document
from policies.dossier import approving, drafting, publishing
from policies.dossier.dossiers import Dossier, State, Stopped, Why, find, writers
from policies.dossier.drafting import Terms
from policies.dossier.examining import Effect, examine

_LOOKS = 3
"""So many times people may move during a publication before it is left to another day."""
_AT_ONCE = frozenset({"errors", "tests", "lockout", "united", "beyond", "growth"})


def begin(room: Room, terms: Terms, *, actor: Actor, now: datetime, text: str | None = None) -> str:
    """Open a change on the rules in force; return its id. Raises ChangeRefused."""
    with refusing(), room.registry.ledger.begin() as tx:
        return drafting.begin(tx, terms, actor=actor, now=now, text=text)


def return_to(room: Room, seq: int, *, actor: Actor, now: datetime, why: str) -> str:
    """Open a change that returns to an older version; return its id.

    Nobody needs to declare whom it meets: that is as many as it meets. It is examined and
    approved as every change is; only a version still on trial is taken back by one person.
    """
    with room.registry.store.reading() as session:
        rules = versions.at(session, seq)
    if rules is None:
        raise refused(Why.UNKNOWN)
    everybody = len(people.all_people(room.registry))
    title = f"返回第 {seq} 版 · Return to version {seq}"
    terms = Terms(title=title, why=why, most_people=everybody)
    return begin(room, terms, actor=actor, now=now, text=Document(rules).text())


def save(
    room: Room,
    ref: str,
    *,
    edit: int,
    actor: Actor,
    now: datetime,
    text: str | None = None,
    terms: Terms | None = None,
) -> int:
    """Save a draft or its terms; return its new edit. Raises ChangeRefused.

    Of somebody else's edit that took the approval back its author finds a notice.
    """
    found = dossier(room, ref)
    with refusing(), room.registry.ledger.begin() as tx:
        new = drafting.save(tx, ref, edit=edit, actor=actor, now=now, text=text, terms=terms)
        if new != edit and found.state == State.APPROVED and actor.subject != found.author:
            waiting.tell_author(
                tx, found.author, "change_voided", ref=ref, title=found.title, now=now
            )
    return new


def rebase(room: Room, ref: str, *, edit: int, actor: Actor, now: datetime) -> int:
    """Take over what was published meanwhile. Raises ChangeRefused."""
    with refusing(), room.registry.ledger.begin() as tx:
        return drafting.rebase(tx, ref, edit=edit, actor=actor, now=now)


def withdraw(room: Room, ref: str, *, actor: Actor, now: datetime, reason: str) -> None:
    """End a change that was not published. Raises ChangeRefused."""
    with refusing(), room.registry.ledger.begin() as tx:
        drafting.withdraw(tx, ref, actor=actor, now=now, reason=reason)


def submit(room: Room, ref: str, *, edit: int, actor: Actor, now: datetime) -> None:
    """Ask for approval, and tell those who may give it. Raises ChangeRefused."""
    found, everybody = dossier(room, ref), people.all_people(room.registry)
    with refusing(), room.registry.ledger.begin() as tx:
        approving.submit(tx, ref, edit=edit, actor=actor, now=now)
        authors = writers(tx.session, found)
        waiting.tell_approvers(tx, everybody, ref, found.title, authors=authors, now=now)


def approve(room: Room, ref: str, *, edit: int, shown: str, actor: Actor, now: datetime) -> None:
    """Approve what was shown, as another person than who wrote it. Raises ChangeRefused."""
    found = dossier(room, ref)
    effect = _effect_now(room, found, now)
    with refusing(), room.registry.ledger.begin() as tx:
        approving.approve(
            tx, ref, shown=shown, edit=edit, actor=actor, now=now,
            same=natural_persons.several(tx.session), gaining=beneficiaries(effect.found),
        )  # fmt: skip
        waiting.tell_author(
            tx, found.author, "change_approved", ref=ref, title=found.title, now=now
        )


def refuse(room: Room, ref: str, *, edit: int, actor: Actor, now: datetime, reason: str) -> None:
    """Send it back with a reason, and tell its author. Raises ChangeRefused."""
    found = dossier(room, ref)
    with refusing(), room.registry.ledger.begin() as tx:
        approving.refuse(tx, ref, edit=edit, actor=actor, now=now, reason=reason)
        waiting.tell_author(tx, found.author, "change_refused", ref=ref, title=found.title, now=now)


def publish(room: Room, ref: str, *, actor: Actor, now: datetime) -> None:
    """Put an approved change in force, on trial.

    The lock-out proof, the tests and the separation of hands are made once more: people may
    have come, gone and moved since the approval. Whoever moves between that look and the commit
    has it made again, a few times.

    Raises:
        ChangeRefused: not_approved, published, rebase, stale, too_early, trial_runs, blocked, the
            hands, wrong_state; people_moved, if they do not stand still.
    """
    for left in reversed(range(_LOOKS)):
        found, seen = _held(room, ref, now)
        try:
            with refusing(), room.registry.ledger.begin() as tx:
                publishing.publish(tx, found, actor=actor, now=now)
                epoch.bump(tx)  # waits for whoever moves people now; the next waits for this
                if moment(tx.session) != seen.following:
                    raise Stopped(Why.PEOPLE_MOVED)
        except ChangeRefused as refusal:
            if left and refusal.why is Why.PEOPLE_MOVED:
                continue
            raise
        return


def _held(room: Room, ref: str, now: datetime) -> tuple[Dossier, Moment]:
    """Hold an approved change against the people as they are; return it, and their moment."""
    found = dossier(room, ref)
    with refusing(), room.registry.store.reading() as session:
        seen = moment(session)
        approving.approved(session, found)
        authors = writers(session, found)
    effect = _effect_now(room, found, now)
    standing = [code for code in effect.blockers if code in _AT_ONCE]
    if standing:
        raise refused(Why.BLOCKED, ", ".join(standing))
    with room.registry.store.reading() as session:
        same = natural_persons.several(session)
    hands = united_hands(
        beneficiaries(effect.found), authors=authors, approver=found.approver, same=same
    )
    if hands:
        raise refused(Why(hands[0]))
    return found, seen


def confirm(room: Room, ref: str, *, actor: Actor, now: datetime, signed_in: datetime) -> None:
    """Keep a version on trial, from a session that began under it. Raises ChangeRefused."""
    with refusing(), room.registry.ledger.begin() as tx:
        publishing.confirm(tx, ref, actor=actor, now=now, signed_in=signed_in)


def roll_back(room: Room, ref: str, *, actor: Actor, now: datetime, why: str) -> None:
    """End a trial and return to the rules from before. Raises ChangeRefused."""
    with refusing(), room.registry.ledger.begin() as tx:
        publishing.roll_back(tx, ref, actor=actor, now=now, why=why)
        epoch.bump(tx)


def dossier(room: Room, ref: str) -> Dossier:
    """Return a change. Raises ChangeRefused (unknown)."""
    with refusing(), room.registry.store.reading() as session:
        return find(session, ref)


def _effect_now(room: Room, found: Dossier, now: datetime) -> Effect:
    if found.state not in (State.SUBMITTED, State.APPROVED):
        raise refused(Why.WRONG_STATE, found.state)
    there = around(room, now=now, asks_log=False)
    effect = examine(found.text, there, most_people=found.most_people, now=now)
    if effect is None:
        raise refused(Why.UNREADABLE)
    return effect
