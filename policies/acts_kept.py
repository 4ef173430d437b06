"""What people did to records, as the table keeps it: an index of the log, read at each decision.

Whoever writes the database could invent such a row, to bar or to accuse somebody: each carries
a MAC of the zone's, and one that does not fit counts for nothing. A row that was deleted is not
missed by the decision; `policies.acts_agreement` finds it, for the log still has the act.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hmac import compare_digest
from itertools import islice
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from audit.stored import stored_bytes
from audit.vouching import Mac
from policies.acts import Act, Barred, Breach, barred, breaches
from policies.duties import Duty
from policies.tables_running import record_act

_USE = "row/record_act"
_BOUND = ("person", "record_hash", "act", "record", "decision")

Key = tuple[str, str, str]
"""Person, act, and the digest of the record's name."""

log = logging.getLogger("hangu.policy")


def take(
    session: Session,
    acts: Sequence[Act],
    duties: Iterable[Duty],
    *,
    decision: str,
    now: datetime,
    mac: Mac,
) -> Barred | None:
    """Write down that a person does these acts, or return what bars one; then nothing is written.

    The caller holds a lock by which no other transaction does the same for this person.
    """
    done, is_clean = _done(session, acts, mac)
    wanted = tuple(duties)
    for act in acts:
        breach = barred(wanted, act, done)
        if breach is not None:
            return Barred(breach, *done[breach.earlier])
    new = [row_of(act, decision, now, mac) for act in dict.fromkeys(acts) if act not in done]
    if is_clean and new:
        session.execute(insert(record_act), new)
    elif new:  # a row that counts for nothing must not stand in the way of one that does
        for row in new:
            put(session, (row["person"], row["act"], row["record_hash"]), row)
    return None


def recorded_breaches(
    session: Session, duties: Iterable[Duty], *, most: int, mac: Mac
) -> Sequence[Breach]:
    """Return pairs of acts that one person did both of, e.g. before there was the duty.

    Only records that more than one act was done to by one person are looked at.
    """
    kept = record_act.c
    several = (
        select(kept.person, kept.record_hash)
        .group_by(kept.person, kept.record_hash)
        .having(func.count() > 1)
        .subquery()
    )
    rows = session.execute(
        select(record_act)
        .join(
            several,
            (several.c.person == kept.person) & (several.c.record_hash == kept.record_hash),
        )
        .order_by(kept.at, kept.act)
    )
    own = (Act(row.person, row.act, row.record) for row in rows if fits(row, mac))
    return list(islice(breaches(duties, own), most))


def row_of(act: Act, decision: str, at: datetime, mac: Mac, *, digest: str = "") -> dict[str, Any]:
    """Return the row of an act, with the gateway's word for it.

    `digest` is that of the record's name, where only the beginning of the name is known.
    """
    row = {
        "person": act.person,
        "record_hash": digest or digest_of(act.record),
        "act": act.act,
        "record": act.record,
        "decision": decision,
        "at": at,
    }
    return {**row, "mac": _mac(row, mac)}


def fits(row: Row[Any], mac: Mac) -> bool:
    """Tell whether this zone wrote a row."""
    return compare_digest(stored_bytes(row.mac), _mac(row._mapping, mac))  # noqa: SLF001 - public


def put(session: Session, key: Key, row: Mapping[str, Any] | None) -> None:
    """Put a row in the place of whatever has its key; None for none."""
    kept = record_act.c
    person, act, digest = key
    same = (kept.person == person, kept.act == act, kept.record_hash == digest)
    session.execute(delete(record_act).where(*same))
    if row is not None:
        session.execute(insert(record_act), row)


def digest_of(record: str) -> str:
    """A record's name may be as long as a path; an index wants it short."""
    return hashlib.sha256(record.encode()).hexdigest()


def _done(
    session: Session, acts: Sequence[Act], mac: Mac
) -> tuple[dict[Act, tuple[str, datetime]], bool]:
    """Return what the person of these acts did to their records: by which decision, and when.

    And whether this zone wrote every row of it.
    """
    kept, person = record_act.c, acts[0].person
    records = {digest_of(act.record): act.record for act in acts}
    own = (kept.person == person, kept.record_hash.in_(records))
    rows = session.execute(select(record_act).where(*own).order_by(kept.at, kept.act)).all()
    good = [row for row in rows if fits(row, mac)]
    done = {Act(person, row.act, records[row.record_hash]): (row.decision, row.at) for row in good}
    is_clean = len(good) == len(rows)
    if not is_clean:
        log.critical("somebody wrote acts of %s into the database by hand", person)
    return done, is_clean


def _mac(row: Mapping[Any, Any], mac: Mac) -> bytes:
    at: datetime = row["at"]
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").encode()
    return mac(_USE, *(stored_bytes(row[name]) for name in _BOUND), moment)
