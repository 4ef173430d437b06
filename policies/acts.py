"""What people did to records, so that nobody does both sides of a duty to the same one.

Whose accounts are one natural person's, `same` says: the person answers for them all.
A record has a name, `svc:<service>/<path>` up to the record's own segment; an act has one too:
an action, or a name that the service gave it (`approve`). Whether somebody may do an act is
looked up in what the same person did to the same record, and the act is written down in the
transaction that records the decision: two requests at once are decided one after the other.
Source of the idea: dynamic separation of duty, ANSI INCITS 359-2012, 5.4; Simon and Zurko,
"Separation of Duty in Role-Based Environments" (1997), history-based.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from policies.duties import RECORD, Duty
from policies.functions import path_in
from policies.tables_running import record_act
from policies.vocabulary import ANY

EVERYTHING = "**"
_ESCAPED = re.compile(rb"~([0-9a-f]{2})")
_ODD = re.compile(rb"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person did to a record, as the log tells it.

    `act` is an action, an event's or a service's name for it; `record` the object's id or path.
    """

    person: str
    act: str
    record: str


@dataclass(frozen=True, slots=True)
class Breach:
    """Two acts on one record that one person may not do both of."""

    duty: Duty
    earlier: Act
    later: Act


@dataclass(frozen=True, slots=True)
class Barred:
    """Why somebody may not do an act: what the same person did before, by which decision."""

    breach: Breach
    decision: str
    at: datetime

    @property
    def is_by_other_account(self) -> bool:
        """Whether it was done with another account of the same natural person."""
        return self.breach.earlier.person != self.breach.later.person


def alike(place: str) -> str:
    """Return one name for all that some service may take for the same place.

    Upper and lower case, full and half width, and composed letters count as alike (Unicode
    TR 15, NFKC, and case folding): a separation must not end at the shift key. Two records
    that differ in nothing else count as one, which refuses more and never less.
    """
    head, slash, path = place.partition("/")
    parts = (part if part == EVERYTHING else _folded(part) for part in path.split("/"))
    return f"{head.casefold()}{slash}{'/'.join(parts)}"


def folded(text: str) -> str:
    """Return one text for all that some service may take for the same, as `alike`."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _folded(segment: str) -> str:
    """Fold a segment of a canonical path, whose odd bytes stand as `~xx`."""
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), segment.encode())
    found = folded(plain.decode("utf-8", "replace")).encode()
    return _ODD.sub(lambda odd: b"~%02x" % odd[0][0], found).decode()


def breaches(
    duties: Iterable[Duty], acts: Iterable[Act], same: Iterable[AbstractSet[str]] = ()
) -> Iterator[Breach]:
    """Return every pair of acts, in the order they were done, that one person did both of."""
    wanted = [duty for duty in duties if duty.way == RECORD]
    stands_for = {account: min(accounts) for accounts in same for account in accounts}
    done: dict[tuple[str, str], list[Act]] = {}
    for act in acts:
        person = stands_for.get(act.person, act.person)
        earlier = done.setdefault((person, act.record), [])
        yield from (
            Breach(duty, before, act)
            for duty in wanted
            for before in earlier
            if _are_apart(duty, before, act)
        )
        earlier.append(act)


def barred(
    duties: Iterable[Duty],
    act: Act,
    earlier: Iterable[Act],
    accounts: AbstractSet[str] = frozenset(),
) -> Breach | None:
    """Tell whether a person may do this now; the breach it would be, if not.

    `earlier` are acts on the record, whoever did them; `accounts` all that are the person's.
    """
    all_of = {act.person, *accounts}
    own = [each for each in earlier if each.person in all_of and each.record == act.record]
    return next(breaches(duties, [*own, act], [all_of]), None) if own else None


def take(
    session: Session,
    acts: Sequence[Act],
    duties: Iterable[Duty],
    *,
    decision: str,
    now: datetime,
    accounts: AbstractSet[str] = frozenset(),
) -> Barred | None:
    """Write down that a person does these acts, or return what bars one; then nothing is written.

    The caller holds a lock by which no other transaction does the same for any of the person's
    `accounts`.
    """
    done = _done(session, acts, accounts)
    wanted = tuple(duties)
    for act in acts:
        breach = barred(wanted, act, done, accounts)
        if breach is not None:
            return Barred(breach, *done[breach.earlier])
    new = [_row(act, decision, now) for act in dict.fromkeys(acts) if act not in done]
    if new:
        session.execute(insert(record_act), new)
    return None


def recorded_breaches(
    session: Session,
    duties: Iterable[Duty],
    *,
    most: int,
    same: Sequence[AbstractSet[str]] = (),
) -> Sequence[Breach]:
    """Return pairs of acts that one person did both of, e.g. before there was the duty.

    Only records that more than one act was done to by one account are looked at, and all that
    people with several accounts had to do with.
    """
    kept = record_act.c
    several = (
        select(kept.person, kept.record_hash)
        .group_by(kept.person, kept.record_hash)
        .having(func.count() > 1)
        .subquery()
    )
    rows = session.execute(
        select(kept.person, kept.act, kept.record)
        .outerjoin(
            several,
            (several.c.person == kept.person) & (several.c.record_hash == kept.record_hash),
        )
        .where(several.c.person.is_not(None) | kept.person.in_(frozenset().union(*same)))
        .order_by(kept.at, kept.act)
    )
    return list(islice(breaches(duties, (Act(*row) for row in rows), same), most))


def _done(
    session: Session, acts: Sequence[Act], accounts: AbstractSet[str]
) -> dict[Act, tuple[str, datetime]]:
    """Return what the person of these acts did to their records: by which decision, and when."""
    kept = record_act.c
    own = (
        kept.person.in_({acts[0].person, *accounts}),
        kept.record_hash.in_({_hash(act) for act in acts}),
    )
    ordered = select(record_act).where(*own).order_by(kept.at, kept.act)
    return {
        Act(row.person, row.act, row.record): (row.decision, row.at)
        for row in session.execute(ordered)
    }


def _row(act: Act, decision: str, now: datetime) -> dict[str, str | datetime]:
    return {
        "person": act.person,
        "record_hash": _hash(act),
        "act": act.act,
        "record": act.record,
        "decision": decision,
        "at": now,
    }


def _hash(act: Act) -> str:
    """A record's name may be as long as a path; an index wants it short."""
    return hashlib.sha256(act.record.encode()).hexdigest()


def _are_apart(duty: Duty, before: Act, act: Act) -> bool:
    if duty.scope != ANY and not path_in(alike(act.record), alike(duty.scope)):
        return False
    one, other = duty.sides
    return (before.act in one and act.act in other) or (before.act in other and act.act in one)
