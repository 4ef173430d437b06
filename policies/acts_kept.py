"""What people did to records, as the table keeps it: an index of the log, read at each decision.

Whoever writes the database could invent such a row, to bar or to accuse somebody: each carries
a MAC of the zone's, and one that does not fit counts for nothing. A row that was deleted is not
missed by the decision; `policies.acts_agreement` finds it, for the log still has the act.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
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


class KeptActs:
    """The table in one transaction. `mac` gives the gateway's word for a row."""

    def __init__(self, session: Session, mac: Mac) -> None:
        self._session = session
        self._mac = mac

    def take(
        self,
        acts: Sequence[Act],
        duties: Iterable[Duty],
        *,
        decision: str,
        now: datetime,
        accounts: AbstractSet[str] = frozenset(),
    ) -> Barred | None:
        """Write down that a person does these acts, or return what bars one.

        Then nothing is written. The caller holds a lock by which no other transaction does the
        same for any of the person's `accounts`.
        """
        done, is_clean = self._done(acts, accounts)
        wanted = tuple(duties)
        for act in acts:
            breach = barred(wanted, act, done, accounts)
            if breach is not None:
                return Barred(breach, *done[breach.earlier])
        new = [self.row_of(act, decision, now) for act in dict.fromkeys(acts) if act not in done]
        if is_clean and new:
            self._session.execute(insert(record_act), new)
        elif new:  # a row that counts for nothing must not stand in the way of one that does
            for row in new:
                self.put((row["person"], row["act"], row["record_hash"]), row)
        return None

    def breaches(
        self, duties: Iterable[Duty], *, most: int, same: Sequence[AbstractSet[str]] = ()
    ) -> Sequence[Breach]:
        """Return pairs of acts that one person did both of, e.g. before there was the duty.

        Only records that more than one act was done to by one account are looked at, and all
        that people with several accounts had to do with.
        """
        kept = record_act.c
        several = (
            select(kept.person, kept.record_hash)
            .group_by(kept.person, kept.record_hash)
            .having(func.count() > 1)
            .subquery()
        )
        rows = self._session.execute(
            select(record_act)
            .outerjoin(
                several,
                (several.c.person == kept.person) & (several.c.record_hash == kept.record_hash),
            )
            .where(several.c.person.is_not(None) | kept.person.in_(frozenset().union(*same)))
            .order_by(kept.at, kept.act)
        )
        own = (Act(row.person, row.act, row.record) for row in rows if fits(row, self._mac))
        return list(islice(breaches(duties, own, same), most))

    def put(self, key: Key, row: Mapping[str, Any] | None) -> None:
        """Put a row in the place of whatever has its key; None for none."""
        kept = record_act.c
        person, act, digest = key
        same = (kept.person == person, kept.act == act, kept.record_hash == digest)
        self._session.execute(delete(record_act).where(*same))
        if row is not None:
            self._session.execute(insert(record_act), row)

    def row_of(self, act: Act, decision: str, at: datetime, *, digest: str = "") -> dict[str, Any]:
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
        return {**row, "mac": _mac(row, self._mac)}

    def _done(
        self, acts: Sequence[Act], accounts: AbstractSet[str]
    ) -> tuple[dict[Act, tuple[str, datetime]], bool]:
        """Return what a person did to the records of these acts: by which decision, and when.

        And whether this zone wrote every row of it.
        """
        kept = record_act.c
        records = {digest_of(act.record): act.record for act in acts}
        own = (kept.person.in_({acts[0].person, *accounts}), kept.record_hash.in_(records))
        query = select(record_act).where(*own).order_by(kept.at, kept.act)
        rows = self._session.execute(query).all()
        good = [row for row in rows if fits(row, self._mac)]
        if len(good) < len(rows):
            log.critical("acts of %s were written into the database by hand", acts[0].person)
        done = {
            Act(row.person, row.act, records[row.record_hash]): (row.decision, row.at)
            for row in good
        }
        return done, len(good) == len(rows)


def fits(row: Row[Any], mac: Mac) -> bool:
    """Tell whether this zone wrote a row."""
    return compare_digest(stored_bytes(row.mac), _mac(row._mapping, mac))  # noqa: SLF001 - public


def digest_of(record: str) -> str:
    """A record's name may be as long as a path; an index wants it short."""
    return hashlib.sha256(record.encode()).hexdigest()


def _mac(row: Mapping[Any, Any], mac: Mac) -> bytes:
    at: datetime = row["at"]
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").encode()
    return mac(_USE, *(stored_bytes(row[name]) for name in _BOUND), moment)
