"""The runner: has the rules look at what the index has taken in, and notes what they find.

It reads without holding anybody up, and writes what it found together with its own place, in
one transaction that only goes through if nobody else moved the place meanwhile. Killed at any
moment it begins the same entries again and finds the same. An entry that arrives late by its
own time is judged among those of its time. A place that is not the gateway's own, and entries
that went without having been looked at, are said in the log; entries that the index lacks are
waited for, not passed by.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import NoReturn

from sqlalchemy import Connection, Engine, select

from audit.blocks import milliseconds
from audit.index_check import moment
from audit.index_row import IndexRow
from audit.index_tables import audit_index
from audit.indexer import reach
from audit.ledger import Transaction
from audit.record import Json
from audit.review import finding, place
from audit.review.engine import Firing, fire
from audit.review.matching import Surroundings, happenings
from audit.review.past import MOST, Past
from audit.review.rule import Rule
from audit.review.rulebook import current
from audit.vouching import Mac

BATCH = 4096
"""Entries that one round looks at."""
Begin = Callable[[], AbstractContextManager[Transaction]]

log = logging.getLogger("hangu.rules")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rule would have found. `looked_at` entries of its events; `whole`: all there are."""

    firings: Sequence[Firing]
    looked_at: int
    whole: bool


class IndexTorn(Exception):
    """The index lacks an entry that it says to hold. The argument is its number."""


class Runner:
    """Runs the rules of one zone. `mac` gives the gateway's word for their place."""

    def __init__(self, *, begin: Begin, read: Engine, around: Surroundings, mac: Mac) -> None:
        self._begin = begin
        self._read = read
        self._around = around
        self._mac = mac
        self._reached = 0
        self._torn: int | None = None

    def round(self, *, now: datetime) -> int:
        """Look at up to `BATCH` entries; return how many, 0 when there are no more.

        Raises IndexTorn, SQLAlchemyError, and what the ledger's brake raises.
        """
        with moment(self._read) as connection:
            goes, seen = reach(connection), place.look(connection, self._mac)
            known = self._reached = self._reached if seen.next is None else seen.next
            start = max(known, goes.first)
            end = max(start, min(goes.size, start + BATCH))
            wrong = seen.wrong or ("pruned" if known < start else "")
            if start == end and not wrong:
                return 0
            torn = _hole(connection, start, end)
            found = [] if torn is not None else self._look(connection, start, end)
        if torn is not None:
            self._stand_still(torn, now)
        with self._begin() as tx:
            if not place.move(tx.session.connection(), self._mac, seen, end):
                return 0  # another worker looked at the same entries
            if wrong:
                _say(tx, wrong, {"said": str(seen.said), "known": known, "from": start}, now=now)
            for rule, version, firing in found:
                finding.note(tx, rule, version, firing, since=start, now=now)
        self._reached = end
        return end - start

    def catch_up(self, *, now: datetime, tell: Callable[[int], None] = lambda _done: None) -> int:
        """Look at every entry that the rules have not seen; return how many there were."""
        done = 0
        while more := self.round(now=now):
            done += more
            tell(done)
        return done

    def _stand_still(self, torn: int, now: datetime) -> NoReturn:
        """Pass nothing by. It is recorded once, for the rules cannot find it. Raises IndexTorn."""
        if torn != self._torn:
            with self._begin() as tx:
                _say(tx, "index_torn", {"from": torn}, now=now)
            self._torn = torn
        raise IndexTorn(torn)

    def _look(self, connection: Connection, start: int, end: int) -> list[tuple[Rule, int, Firing]]:
        past = Past(connection)
        column = audit_index.c
        rows = past.rows([column.seq >= start, column.seq < end])
        found = []
        for kept in current(connection):
            rule = kept.rule if kept.is_on else None
            if rule is not None:
                firings = self._judge(rule, rows, past, below=end)
                found += [(rule, kept.version, firing) for firing in firings]
            elif kept.is_on:
                log.warning("the rule %s cannot be read and does not run", kept.name)
        return found

    def _judge(
        self, rule: Rule, rows: Sequence[IndexRow], past: Past, *, below: int
    ) -> list[Firing]:
        """What the rule finds in which one of the new entries takes part."""
        new = list(happenings(rule, rows, self._around, past))
        if not new:
            return []
        keys = {each.key for each in new}
        since, until = min(each.at for each in new), max(each.at for each in new)
        actors = sorted({key[0] for key in keys}) if rule.group_by == ("actor",) else ()
        around = past.around(
            rule, since=since - rule.span, until=until + rule.span, below=below, actors=actors
        )
        judged = [each for each in happenings(rule, around, self._around, past) if each.key in keys]
        numbers = {each.seq for each in new}
        return [
            firing
            for firing in fire(rule, judged)
            if not numbers.isdisjoint(firing.seqs) and past.exceeds_usual(rule, firing)
        ]


def rehearse(
    read: Engine, around: Surroundings, rule: Rule, *, since: datetime, until: datetime
) -> Rehearsal:
    """What a rule would have found in the past, without noting anything."""
    with read.connect() as connection:
        past, goes = Past(connection), reach(connection)
        rows = past.around(
            rule, since=milliseconds(since), until=milliseconds(until), below=goes.size
        )
        firings = fire(rule, happenings(rule, rows, around, past))
        kept = [each for each in firings if past.exceeds_usual(rule, each)]
    return Rehearsal(kept, len(rows), len(rows) < MOST)


def _hole(connection: Connection, start: int, end: int) -> int | None:
    """The first of these entries that the index lacks."""
    seq = audit_index.c.seq
    rows = connection.execute(select(seq).where(seq >= start, seq < end).order_by(seq)).scalars()
    pairs = zip_longest(range(start, end), rows)
    return next((number for number, found in pairs if found != number), None)


def _say(tx: Transaction, wrong: str, details: Mapping[str, Json], *, now: datetime) -> None:
    """Record that entries may have gone by without the rules, so that a rule finds it."""
    outcome = "failure" if wrong in {"pruned", "index_torn"} else "denied"
    event = "audit.unwatched"
    tx.record(event, actor=finding.RULES, now=now, outcome=outcome, reason=wrong, details=details)
