"""What the sealer thinks of the entries that wait, before it gives them their numbers.

Whatever waits is sealed, so that nothing is ever lost. But an entry for which the gateway
never gave its word was written by somebody else, and a request or hold that the entries do
not bear out is somebody's invention: both are called out, in the log and at `/health`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from audit import accord_rows, alarms
from audit.accord_rows import Difference, Heard, Rows
from audit.accords import Accords
from audit.alarms import Alarm, Kind
from audit.leaves import disagreed, unannounced
from audit.note import Vkey
from audit.record import Record
from audit.shelf import Waiting
from audit.vouching import Vouched, pin, pinned

log = logging.getLogger("hangu.sealer")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of the officers' accords now, and the log's own entries about the rest."""

    accords: Accords
    alarms: Sequence[Record]


class Scrutiny:
    """Looks at what waits. Until a key is pinned, the one that was heard of is believed.

    Entries without any word are let pass then: an older release wrote them. The key is pinned
    once everything that waited has been sealed.

    Args:
        directory: the sealer's own.
        zone: which the log's own entries name.
    """

    def __init__(self, directory: Path, *, zone: str) -> None:
        self._directory, self._zone = directory, zone
        self._vouched: Vouched | None = None
        self._is_pinned = self._caught_up = False

    def prepare(self, heard: Vkey | None) -> None:
        """Before each round: whose word counts. Raises Disagreement if that cannot be read."""
        key = pinned(self._directory)
        self._is_pinned = key is not None
        key = key or heard
        if key is None:
            self._vouched = None
        elif self._vouched is None or self._vouched.vkey != key:
            self._vouched = Vouched(key)

    @property
    def key(self) -> Vkey | None:
        """The key that is pinned, as the heartbeat names it."""
        return self._vouched.vkey if self._vouched is not None and self._is_pinned else None

    def judge(
        self,
        connection: Connection,
        rows: Rows,
        waiting: Sequence[Waiting],
        before: Accords,
        *,
        drained: bool,
        now: datetime,
    ) -> Judged:
        """Hear what waits, and call out what is wrong.

        Args:
            connection: in the sealer's transaction.
            rows: the tables, as they were before the entries were read.
            waiting: the entries, in their order.
            before: what was known before.
            drained: whether that is all that waits.
            now: the present.
        """
        self._caught_up = drained
        if self._vouched is None:
            return Judged(before, [])
        heard, strange = Heard.of(before), []
        for each in waiting:
            if self._vouched.holds(each.leaf, each.vouch) and stated_at(each.body) > before.pruned:
                heard = heard.heard(each.body)
            elif self._is_pinned or each.vouch is not None:
                strange.append(each)
        found = self._unannounced(connection, strange, now) if strange else []
        if not drained:
            return Judged(heard.after, found)
        different = accord_rows.differences(rows, heard)
        found += self._disagreed(connection, different, now)
        over = {each.id for each in different} | {*accord_rows.finished(rows, heard)}
        return Judged(heard.after.without(over), found)

    def _unannounced(
        self, connection: Connection, strange: Sequence[Waiting], now: datetime
    ) -> list[Record]:
        """One alarm for all of a round: a flood of them must not become a flood of alarms."""
        first, count = strange[0], len(strange)
        words = "the gateway never gave its word for it"
        log.critical("%s entries, from %s on, were not written by the gateway", count, first.eid)
        alarms.add(
            connection,
            [
                Alarm(
                    kind=Kind.UNANNOUNCED,
                    eid=first.eid,
                    leaf=first.leaf,
                    count=count,
                    words=words,
                    found=now,
                )
            ],
        )
        eids = [each.eid for each in strange]
        return [unannounced(zone=self._zone, eids=eids, leaf=first.leaf, now=now)]

    def _disagreed(
        self, connection: Connection, different: Sequence[Difference], now: datetime
    ) -> list[Record]:
        """Each once; a request that nobody agreed on is closed again, each time."""
        known = alarms.known(connection, Kind.DISAGREED, [each.id for each in different])
        for each in different:
            if each.request:
                accord_rows.settle(connection, each.id, "failed", each.words)
        first = {each.id: each for each in reversed(different)}
        new = [each for each in first.values() if each.id not in known]
        for each in new:
            log.critical("%s in the table is not what the entries say: %s", each.id, each.words)
        alarms.add(
            connection,
            [
                Alarm(
                    kind=Kind.DISAGREED,
                    eid=each.id,
                    leaf=b"",
                    count=1,
                    words=each.words,
                    found=now,
                )
                for each in new
            ],
        )
        return [
            disagreed(
                zone=self._zone, name=each.id, request=each.request, words=each.words, now=now
            )
            for each in new
        ]

    def rest(self, heard: Vkey | None) -> None:
        """Nothing waits. A key that was heard of meanwhile is pinned now, not at the next entry."""
        if not self._is_pinned and heard is not None:
            self.prepare(heard)
            self._caught_up = True
            self.settled()

    def settled(self) -> None:
        """After a round that went through: pin the key, if all that waited is sealed."""
        if self._vouched is not None and not self._is_pinned and self._caught_up:
            pin(self._directory, self._vouched.vkey)
            self._is_pinned = True


def stated_at(body: bytes) -> str:
    """An entry's own time, without parsing it; empty if it states none.

    Keys are sorted, and what nests comes before: the last `ts` is the outermost.
    """
    _, mark, rest = body.rpartition(b'"ts":"')
    return rest.partition(b'"')[0].decode("ascii", "replace") if mark else ""
