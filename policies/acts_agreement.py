"""Does the table of acts on records say what the log says? Each row beside its entry, both ways.

The decisions look in the table (`policies.acts_kept`); that somebody did one side of a duty is in
the log, under the gateway's word. A row that was made or changed by hand, and one that was
deleted so that the other side opens, are both found here, and the table can be made to say what
the log says. Of acts whose entries were pruned only rows are left: they have their MAC, but
nobody can tell any more whether one was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from audit.index_check import moment
from audit.index_row import parsed
from audit.ledger import Transaction
from audit.pruning import done
from audit.record import Actor, Json, leaf_hash, timestamp
from audit.stored import stored_bytes
from audit.tables import audit_event
from audit.verify import Report
from audit.vouching import Mac, Vouched
from policies.acts import Act
from policies.acts_kept import KeptActs, Key, digest_of, fits
from policies.recorded_acts import ACTS
from policies.tables_running import record_act

_MARK = f'"{ACTS}":[['.encode()
_STEP = 2048
_NAMED = 50
"""Acts that the record of a mending names."""


@dataclass(frozen=True, slots=True)
class Said:
    """The first decision by which somebody did an act, as its entry says it; `seq` if sealed.

    Of a name of over 256 characters, `record` is the beginning.
    """

    seq: int | None
    decision: str
    at: datetime
    record: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One act on which table and log differ, in words.

    `said` is what its row should be, if the log knows the act; `forged` whether the row that is
    there was not written by this zone.
    """

    key: Key
    words: str
    said: Said | None
    forged: bool = False


class Agreement:
    """Holds the table against the log of one zone.

    Args:
        mac: gives the gateway's word for a row.
        vouched: checks its word for an entry. What an entry without it says, is not believed;
            a row that bears it out is not accused either.
    """

    def __init__(self, *, mac: Mac, vouched: Vouched) -> None:
        self._mac = mac
        self._vouched = vouched

    def inspect(
        self, read: Engine, report: Report, *, tell: Callable[[int], None] = lambda _done: None
    ) -> None:
        """Add to a report where the two differ. `tell` hears how many entries are read."""
        with moment(read) as connection:
            for each in self.differences(connection, tell=tell):
                seq = None if each.said is None else each.said.seq
                # What no entry shows must not draw the first bad index away from one that does.
                report.tampered(report.size if seq is None else seq, each.words)

    def differences(
        self, connection: Connection, *, tell: Callable[[int], None] = lambda _done: None
    ) -> Iterator[Difference]:
        """Every act on which the table differs from the log."""
        told, doubtful = self._told(connection, tell)
        pruned = done(connection).upto > 0
        for row in connection.execute(select(record_act)):
            key = (row.person, row.act, row.record_hash)
            said, is_ours = told.pop(key, None), fits(row, self._mac)
            wrong = "this zone did not write its row"
            if is_ours:
                wrong = _unsaid(row, said, is_all_told=not pruned and key not in doubtful)
            if wrong:
                yield Difference(key, f"{_named(key, row.record)}: {wrong}", said, not is_ours)
        for key, said in told.items():
            yield Difference(key, f"{_named(key, said.record)}: its row is gone", said)

    def mend(self, tx: Transaction, *, actor: Actor, now: datetime) -> int:
        """Make the table say what the log says, on record; return how many acts differed.

        A row of this zone's whose entry is not in the log stays: it bars, and opens nothing.
        """
        differ = self.differences(tx.session.connection())
        found = [each for each in differ if each.said is not None or each.forged]
        kept = KeptActs(tx.session, self._mac)
        for key, said in ((each.key, each.said) for each in found):
            row = None
            if said is not None:
                did = Act(key[0], key[1], said.record)
                row = kept.row_of(did, said.decision, said.at, digest=key[2])
            kept.put(key, row)
        if found:
            acts: list[Json] = [each.words for each in found[:_NAMED]]
            details: dict[str, Json] = {"count": len(found), "acts_of": acts}
            tx.record("policy.acts_mended", actor=actor, now=now, details=details)
        return len(found)

    def _told(
        self, connection: Connection, tell: Callable[[int], None]
    ) -> tuple[dict[Key, Said], set[Key]]:
        """The first decision of every act; and the acts of entries without the gateway's word."""
        event = audit_event.c
        query = select(event.seq, event.body, event.vouch).order_by(event.id)
        found: dict[Key, Said] = {}
        doubtful: set[Key] = set()
        rows = connection.execute(query.execution_options(yield_per=_STEP))
        for number, row in enumerate(rows, 1):
            if number % _STEP == 0:
                tell(number)
            body = stored_bytes(row.body)
            if _MARK not in body:
                continue
            holds = self._vouched.holds(leaf_hash(body), row.vouch)
            for key, said in _acts(row.seq, body):
                if holds:
                    found.setdefault(key, said)
                else:
                    doubtful.add(key)
        return found, doubtful


def _acts(seq: int | None, body: bytes) -> Sequence[tuple[Key, Said]]:
    """What an entry says was done; nothing if it is no allowed decision, or no entry at all."""
    entry = parsed(body)
    if entry.get("ev") != "decision.allowed":
        return ()
    try:
        person, decision, at = entry["sub"], entry["did"], datetime.fromisoformat(entry["ts"])
        return [
            ((person, act, digest), Said(seq, decision, at, name))
            for act, record in entry["d"][ACTS]
            for digest, name in (_record(record),)
        ]
    except (KeyError, TypeError, ValueError):
        return ()


def _record(said: Any) -> tuple[str, str]:  # noqa: ANN401 - as JSON has it
    """The digest of a record's name, and the name. A long one is kept by digest and beginning."""
    if isinstance(said, str):
        return digest_of(said), said
    return said["sha256"], f"{said['pre']}…"


def _unsaid(row: Row[Any], said: Said | None, *, is_all_told: bool) -> str:
    """What is wrong with a row of this zone's. Its own entry may be among those not told."""
    if said is None:
        return "the log knows no such act" if is_all_told else ""
    if (row.decision, timestamp(row.at)) == (said.decision, timestamp(said.at)):
        return ""
    if row.at < said.at and not is_all_told:
        return ""
    return f"the log says it was done first by decision {said.decision}"


def _named(key: Key, record: str) -> str:
    return f"{key[0]} {key[1]} {record}"
