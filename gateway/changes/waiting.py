"""Who is told that something waits for them: changes to approve, tests that were suggested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from gateway.changes.room import Room
from gateway.identity import natural_persons, notices, people
from gateway.identity.notices import NoticeView
from gateway.identity.people import PersonView
from gateway.identity.tables import State as PersonState
from gateway.store.engines import Store
from policies.dossier.dossiers import Dossier, State, in_state, listed, writers
from policies.dossier.hindrance import hindered

APPROVERS = "security_admin"
_PERSON = "person:"
_APPROVED = "change_approved"
"""The notice of an approval that was given."""
_WAITING = "change_waiting"
"""The notice of a change to approve."""
_HINDERED = "change_hindered"
"""That of one that cannot go on by itself."""


def number(room: Room, subject: str) -> int:
    """Return how many changes wait for a person's approval; nobody approves their own."""
    with room.registry.store.reading() as session:
        wrote = [writers(session, each) for each in in_state(session, State.SUBMITTED)]
        own = _accounts_of(session, [subject]) if wrote else frozenset()
    return sum(own.isdisjoint(each) for each in wrote)


def tell_approvers(
    tx: Transaction, everybody: Iterable[PersonView], ref: str, title: str, *,
    authors: Iterable[str], now: datetime,
) -> None:  # fmt: skip
    """Have every security administrator but the authors find a notice of a change to approve."""
    own = _accounts_of(tx.session, authors)
    for each in _approvers(everybody):
        if each.subject not in own:
            notices.tell(tx, each.id, _WAITING, now=now, change=ref, title=title)


def still_so(store: Store, found: Sequence[NoticeView]) -> Sequence[NoticeView]:
    """Leave the notices out that are over: approvals given, refused or void, hindrances gone."""
    if all(each.kind not in (_APPROVED, _WAITING, _HINDERED) for each in found):
        return found
    with store.reading() as session:
        given = {each.id: each.approved_at for each in listed(session) if each.approved_at}
        still = {
            _WAITING: {each.id for each in in_state(session, State.SUBMITTED)},
            _HINDERED: {each.id for each, _ in hindered(session)},
        }
    return [
        each
        for each in found
        if (each.kind != _APPROVED or _stands(each, given))
        and (each.kind not in still or each.words.get("change") in still[each.kind])
    ]


def _stands(notice: NoticeView, given: Mapping[str, datetime]) -> bool:
    """Whether the approval that a notice tells of is the one that counts."""
    at = given.get(notice.words.get("change", ""))
    return at is not None and notice.at >= at


def tell_author(
    tx: Transaction, author: str, kind: str, *, ref: str, title: str, now: datetime
) -> None:
    """Have the author of a change find a notice of what became of it."""
    if author.startswith(_PERSON):
        whose = UUID(author.removeprefix(_PERSON))
        notices.tell(tx, whose, kind, now=now, change=ref, title=title)


def tell_hindered(tx: Transaction, room: Room, found: Dossier, *, now: datetime) -> None:
    """Have every security administrator find that a change cannot go on by itself."""
    for each in _approvers(people.all_people(room.registry)):
        notices.tell(tx, each.id, _HINDERED, now=now, change=found.id, title=found.title)


def suggest(room: Room, decision: str, *, actor: Actor, now: datetime) -> None:
    """Have the security administrators find that a decision should become a test; on record."""
    told = _approvers(people.all_people(room.registry))
    with room.registry.ledger.begin() as tx:
        for each in told:
            if each.subject != actor.subject:
                notices.tell(tx, each.id, "test_suggested", now=now, decision=decision)
        tx.record(
            "policy.test_suggested",
            actor=actor,
            now=now,
            object=f"decision:{decision}",
            details={"told": len(told)},
        )


def _approvers(everybody: Iterable[PersonView]) -> list[PersonView]:
    return [
        each for each in everybody if APPROVERS in each.roles and each.state == PersonState.ACTIVE
    ]


def _accounts_of(session: Session, subjects: Iterable[str]) -> frozenset[str]:
    """The accounts that may be the same natural persons'."""
    own = frozenset(subjects)
    several = natural_persons.several(session)
    return own.union(*(each for each in several if not own.isdisjoint(each)))
