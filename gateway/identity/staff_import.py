"""Importing a staff list: previewed, confirmed, and done in one transaction or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import delete

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import (
    epoch,
    links,
    people,
    returning,
    roles,
    roll,
    staff,
    staff_list,
    staff_plan,
    units,
)
from gateway.identity.apart import kept_apart
from gateway.identity.registry import Registry
from gateway.identity.staff_plan import Change, Kind, Plan
from gateway.identity.statements import changed
from gateway.identity.tables import Person
from gateway.identity.tables_accounts import StaffDraft
from gateway.refusals import Refused

WAITS = timedelta(hours=1)
"""How long an uploaded list waits for its importer's yes."""

CLEARANCE = 0
"""What a list gives: none. Roles and clearance are the security administrator's to give."""

_DRAFT = "an uploaded list changes nothing until it is confirmed"


class ListFaulty(Refused):
    """The staff list has faults; nothing was imported."""

    code: ClassVar[str] = "staff_list_faulty"


class ListOutdated(Refused):
    """The office, or the list, is not the one that was previewed; nothing was imported."""

    code: ClassVar[str] = "staff_list_outdated"


class DraftUnknown(Refused):
    """The uploaded list is no more: it was imported, replaced or forgotten after an hour."""

    code: ClassVar[str] = "staff_draft_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A one-time enrolment link for somebody; whoever has it becomes this person."""

    name: str
    login: str
    unit: str
    expires: datetime
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was done."""

    counts: Mapping[Kind, int]
    slips: Sequence[Slip]


def keep(
    registry: Registry, content: bytes, *, disable_missing: bool, owner: UUID, now: datetime
) -> UUID:
    """Keep an uploaded list, sealed, for its preview; an older one of the same owner goes."""
    draft = StaffDraft(
        id=uuid4(), person_id=owner, made_at=now, disable_missing=disable_missing, content=content
    )
    with registry.ledger.begin(unaudited_because=_DRAFT) as tx:
        old = (StaffDraft.person_id == owner) | (StaffDraft.made_at <= now - WAITS)
        changed(tx.session, delete(StaffDraft).where(old))
        tx.session.add(draft)
        return draft.id


def kept(registry: Registry, draft_id: UUID, *, owner: UUID, now: datetime) -> tuple[bytes, bool]:
    """Return an owner's list and whether who is missing is to be disabled. Raises DraftUnknown."""
    with registry.store.reading() as session:
        draft = session.get(StaffDraft, draft_id)
        if draft is None or draft.person_id != owner or draft.made_at <= now - WAITS:
            raise DraftUnknown
        content = draft.content
        if content is None:
            raise DraftUnknown
        return content, draft.disable_missing


def preview(registry: Registry, content: bytes, *, disable_missing: bool) -> Plan:
    """Return what a list would change now, without changing anything."""
    with registry.store.reading() as session:
        entries = roll.read(session.connection(), registry.vault)
    return staff_plan.make(
        entries,
        units.tree(registry),
        staff_list.read(content),
        content=content,
        disable_missing=disable_missing,
    )


def carry_out(
    registry: Registry,
    content: bytes,
    *,
    disable_missing: bool,
    seal: str,
    actor: Actor,
    now: datetime,
    draft: UUID | None = None,
    progress: Callable[[int], object] = lambda _done: None,
) -> Imported:
    """Do exactly what the preview of `seal` said: all of it, in one transaction, or nothing.

    `progress` is told how many changes are done.

    Raises:
        ListFaulty: the list has faults.
        ListOutdated: it would by now do something else than was previewed.
    """
    slips: list[Slip] = []
    with registry.ledger.begin() as tx:
        roles.lock_officers(tx.session)  # as everybody who changes people, before anything else
        epoch.bump(tx)  # from here to the end nobody else changes people or units
        plan = staff_plan.make(
            roll.read(tx.session.connection(), registry.vault),
            units.tree_in(tx.session),
            staff_list.read(content),
            content=content,
            disable_missing=disable_missing,
        )
        if plan.faults:
            raise ListFaulty
        if plan.seal != seal:
            raise ListOutdated
        _spend(tx, draft)
        with kept_apart(tx, now=now):
            for done, change in enumerate(plan.changes, 1):
                slips += _do(registry, tx, change, actor=actor, now=now)
                progress(done)
        tx.record(
            "staff_list.imported",
            actor=actor,
            now=now,
            details={
                "file": hashlib.sha256(content).hexdigest(),
                **{str(kind): count for kind, count in plan.counts().items()},
            },
        )
    return Imported(counts=plan.counts(), slips=slips)


def _spend(tx: Transaction, draft: UUID | None) -> None:
    """A draft is imported once, also by two confirmations at the same moment."""
    if draft is None:
        return
    if not changed(tx.session, delete(StaffDraft).where(StaffDraft.id == draft)):
        raise DraftUnknown


def _do(
    registry: Registry, tx: Transaction, change: Change, *, actor: Actor, now: datetime
) -> Sequence[Slip]:
    if change.kind is Kind.NEW:
        token = people.create_in(
            registry,
            tx,
            login=change.login,
            name=change.name,
            unit=change.unit,
            roles=(),
            clearance=CLEARANCE,
            staff_number=change.staff_number or None,
            actor=actor,
            now=now,
        )[1]
        return [_slip(registry, change, token, now=now)]
    assert change.person_id is not None
    if change.kind is Kind.DISABLED:
        people.disable_in(tx, change.person_id, actor=actor, now=now)
        return ()
    person = tx.session.get(Person, change.person_id, with_for_update=True)
    assert person is not None
    if change.kind is Kind.RENAMED:
        staff.rename_in(tx, person, change.becomes, actor=actor, now=now)
    elif change.kind is Kind.MOVED:
        staff.move_in(tx, person, change.becomes, actor=actor, now=now)
    elif change.kind is Kind.NUMBERED:
        staff.number_in(registry, tx, person, change.becomes, actor=actor, now=now)
    else:
        token = returning.restore_in(registry, tx, change.person_id, actor=actor, now=now)
        return [_slip(registry, change, token, now=now)]
    return ()


def _slip(registry: Registry, change: Change, token: str, *, now: datetime) -> Slip:
    return Slip(
        name=change.name,
        login=change.login,
        unit=change.unit,
        expires=now + min(registry.limits.enrolment_life, links.LONGEST),
        token=token,
    )
