"""Asking for approval, approving and refusing: bound to draft, base and effect together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor, timestamp
from policies.change.benefit import united_hands
from policies.dossier.dossiers import (
    Dossier,
    Examination,
    State,
    Stopped,
    Why,
    change,
    examination,
    locked,
    require,
    writers,
)
from policies.dossier.drafting import is_behind, reasoned
from policies.dossier.examining import Effect, hash_of
from policies.signature import key_of
from policies.tables_dossier import policy_examination


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What an approver vouches for: this draft, by these hands, on this base, with this effect."""

    dossier: str
    edit: int
    authors: frozenset[str]
    base_seq: int
    text: str
    effect: str
    approver: str
    approved_at: datetime
    terms: tuple[str, ...]

    def bytes(self, zone: str) -> bytes:
        """Return the signed bytes, one fact a line; none of them holds a line's end."""
        facts = (
            zone, self.dossier, str(self.edit), " ".join(sorted(self.authors)),
            str(self.base_seq), self.text, self.effect, self.approver,
            timestamp(self.approved_at), *self.terms,
        )  # fmt: skip
        return "\n".join(("hangu policy approval v1", *facts, "")).encode()


def begin_examination(session: Session, found: Dossier, *, total: int, now: datetime) -> None:
    """Note that the looking began; what was found of an older draft is gone."""
    own = policy_examination.c.dossier == found.id
    session.execute(delete(policy_examination).where(own))
    session.execute(
        insert(policy_examination).values(
            dossier=found.id, edit=found.edit, done=0, total=max(1, total), beat_at=now,
            trouble="", effect="", hash="",
        )
    )  # fmt: skip


def advance(session: Session, ref: str, edit: int, *, done: int, total: int, now: datetime) -> None:
    """Note how far it has come."""
    own = (policy_examination.c.dossier == ref) & (policy_examination.c.edit == edit)
    session.execute(
        update(policy_examination).where(own).values(done=done, total=total, beat_at=now)
    )


def end_examination(
    tx: Transaction, found: Dossier, effect: Effect | None, *, actor: Actor, now: datetime
) -> None:
    """Keep what was found of a draft, and record its hash; None is a draft that is unreadable."""
    own = (policy_examination.c.dossier == found.id) & (policy_examination.c.edit == found.edit)
    text = "" if effect is None else effect.text
    name = hash_of(text) if text else ""
    trouble = "" if text else "unreadable"
    values = {"effect": text, "hash": name, "beat_at": now, "trouble": trouble}
    tx.session.execute(update(policy_examination).where(own).values(**values))
    tx.record(
        "policy.change_examined",
        actor=actor,
        now=now,
        object=f"policy-change:{found.id}",
        details={
            "edit": found.edit,
            "effect": name,
            "blockers": [] if effect is None else list(effect.blockers),
        },
    )


def submit(tx: Transaction, ref: str, *, edit: int, actor: Actor, now: datetime) -> None:
    """Ask for approval of an examined draft that nothing blocks.

    Raises:
        Stopped: edited, rebase, not_examined, blocked, wrong_state.
    """
    found = locked(tx.session, ref)
    require(found, State.DRAFT, edit=edit)
    _examined(tx.session, found)
    change(tx, found, "submitted", {"state": State.SUBMITTED}, actor=actor, now=now)


def approve(
    tx: Transaction,
    ref: str,
    *,
    shown: str,
    edit: int,
    actor: Actor,
    now: datetime,
    same: Iterable[Iterable[str]] = (),
    gaining: AbstractSet[str] | None = None,
) -> None:
    """Approve exactly what was shown.

    Who edited the draft wrote it as well as who opened it. `shown` is the hash of the effect that
    the approver read, `same` are sets of accounts that
    belong to one natural person, `gaining` who gains by it as people are now: at the
    examination they may have been others.

    Raises:
        Stopped: stale, author_approves, author_benefits, approver_benefits and as `submit`.
    """
    found = locked(tx.session, ref)
    require(found, State.SUBMITTED, edit=edit)
    examined = _examined(tx.session, found)
    gains = frozenset(examined.effect["gaining"]) | (gaining or frozenset())
    authors = writers(tx.session, found)
    hands = united_hands(gains, authors=authors, approver=actor.subject, same=same)
    if hands:
        raise Stopped(Why(hands[0]))
    if shown != examined.hash:
        raise Stopped(Why.STALE, "the effect shown")
    seal = key_of(tx.session).sign(
        _statement(found, examined, authors, approver=actor.subject, approved_at=now)
    )
    values = {"state": State.APPROVED, "approver": actor.subject, "approved_at": now}
    change(tx, found, "approved", values | {"approval": seal}, actor=actor, now=now)


def refuse(
    tx: Transaction, ref: str, *, edit: int, actor: Actor, now: datetime, reason: str
) -> None:
    """Send a draft back with a reason; the draft as it was is kept beside it. Raises Stopped."""
    found = locked(tx.session, ref)
    require(found, State.SUBMITTED, State.APPROVED, edit=edit)
    values = {"state": State.DRAFT, "approver": "", "approval": None, "approved_at": None}
    said = reasoned(reason)
    change(tx, found, "refused", values, actor=actor, now=now, reason=said, keep_text=True)


def approved(session: Session, found: Dossier) -> Examination:
    """Return the effect that a change was approved with.

    Raises:
        Stopped: not_approved, published, rebase; or stale, if the zone's key did not sign exactly
            this draft, on this base, with this effect, by these authors and this approver.
    """
    if found.state in (State.DRAFT, State.SUBMITTED):
        raise Stopped(Why.NOT_APPROVED, found.state)
    if found.published_at is not None:
        raise Stopped(Why.PUBLISHED, found.state)
    require(found, State.APPROVED)
    examined = _examined(session, found)
    at = found.approved_at
    if at is None or not key_of(session).verifies(
        _statement(
            found, examined, writers(session, found), approver=found.approver, approved_at=at
        ),
        found.approval,
    ):
        raise Stopped(Why.STALE, "the approval")
    return examined


def _examined(session: Session, found: Dossier) -> Examination:
    if is_behind(session, found):
        raise Stopped(Why.REBASE)
    examined = examination(session, found.id)
    if examined is None or not examined.is_done or examined.edit != found.edit:
        raise Stopped(Why.NOT_EXAMINED)
    if hash_of(_written(examined)) != examined.hash:
        raise Stopped(Why.STALE, "the effect stored")
    if examined.blockers:
        raise Stopped(Why.BLOCKED, ", ".join(examined.blockers))
    return examined


def _written(examined: Examination) -> str:
    return json.dumps(examined.effect, ensure_ascii=False, sort_keys=True, separators=_TIGHT)


def _statement(
    found: Dossier,
    examined: Examination,
    authors: frozenset[str],
    *,
    approver: str,
    approved_at: datetime,
) -> Approval:
    at = "" if found.publish_at is None else timestamp(found.publish_at)
    return Approval(
        dossier=found.id,
        edit=found.edit,
        authors=authors,
        base_seq=found.base_seq,
        text=found.text_hash,
        effect=examined.hash,
        approver=approver,
        approved_at=approved_at,
        terms=(at, str(found.confirm_minutes), str(found.most_people)),
    )


_TIGHT: Final = (",", ":")
