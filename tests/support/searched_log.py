"""A sealed and indexed log for tests, and a plain reference of what a search must find."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sealed_log import SealedLog
from sqlalchemy import select

from audit import index_check
from audit.blocks import milliseconds
from audit.entry import Reader
from audit.index_row import IndexRow, derive, digest, folded, parsed, texts, words
from audit.indexer import Indexer
from audit.query import Query, events_of
from audit.record import Actor
from audit.review.matching import Surroundings
from audit.review.runner import Runner
from audit.search import Search
from audit.tables import audit_event
from audit.verify import Report

PLACES = ("10.1.2.3", "10.1.2.4", "192.168.7.9")
PEOPLE = tuple(f"person:00000000-0000-4000-8000-00000000000{n}" for n in range(4))
SERVICES = ("ledger", "wiki", "财务")
UNITS = ("unit:finance", "unit:water", None)
SAID = (
    "季度预算 draft",
    "Ledger closed",
    "100% _done_",
    "预算 季度",
    "=cmd|' /C calc'!A0",
    "ſtraße",
)


def blind(field: str, value: str) -> bytes:
    """A stand-in for the vault's: any function of field and value will do."""
    return hashlib.sha256(f"{field}\x00{value}".encode()).digest()


def digest_of(field: str, value: str) -> str:
    return digest(blind, field, value)


def mac(use: str, *fields: bytes) -> bytes:
    """A stand-in for the vault's."""
    return hmac.digest(bytes(32), repr((use, fields)).encode(), "sha256")


class SearchedLog(SealedLog):
    """A sealed log with its index."""

    def __init__(self, url: str, directory: Path, now: datetime) -> None:
        super().__init__(url, directory, now)
        self.indexer = Indexer(
            begin=self.engine.begin,
            read=self.store.read,
            unseal=lambda _eid, _field, value: value,
            blind=blind,
        )
        self.reader = Reader(self.store.read)
        self.read_once: list[tuple[IndexRow, list[str]]] = []
        self.search = Search(self.store.read, self.reader)

    def rules(self, roles: Mapping[str, frozenset[str]] | None = None) -> Runner:
        """What has the rules of the review look at it, where people have these roles."""
        return Runner(
            begin=partial(self.ledger.begin, unaudited_because="a test"),
            read=self.store.read,
            around=Surroundings(zone=UTC, roles=lambda: roles or {}),
            mac=mac,
        )

    def index(self) -> int:
        """Index all that is sealed."""
        return self.indexer.catch_up()

    def settle(self) -> None:
        """Seal and index."""
        self.seal(after=1)
        self.index()

    def checked(self) -> Report:
        """What the check of the index says."""
        report = Report()
        index_check.inspect(self.store.read, report, self.indexer)
        return report

    def scatter(self, count: int, chance: random.Random) -> None:
        """Write entries of every kind, out of order in time, as several processes do."""
        with self.ledger.begin() as tx:
            for _ in range(count):
                write_one(tx, chance, self.now + timedelta(seconds=chance.uniform(-40, 40)))
        self.now += timedelta(seconds=count / 10)

    def everything(self) -> list[tuple[IndexRow, list[str]]]:
        """Every sealed entry, newest first: its row and its texts, straight from the bodies."""
        query = select(audit_event).where(audit_event.c.seq.is_not(None))
        found = []
        with self.store.reading() as session:
            rows = session.execute(query.order_by(audit_event.c.seq.desc())).all()
        for row in rows:
            entry = parsed(row.body)
            # The values are committed to, so the reference asks the index for the digests.
            found.append((row.seq, entry))
        kept = {row.seq: row for row in self._rows()}
        return [
            (
                derive(seq, entry, {"src_ip": kept[seq].address, "login": kept[seq].name}),
                list(texts(entry)),
            )
            for seq, entry in found
            if seq in kept
        ]

    def _rows(self) -> Sequence[IndexRow]:
        with self.store.read.connect() as connection:
            size = connection.execute(select(audit_event.c.seq)).scalars().all()
            top = max((each for each in size if each is not None), default=-1)
            return [each.row for each in self.indexer.derived(connection, 0, top + 1)]


def write_one(tx: object, chance: random.Random, at: datetime) -> None:
    kind = chance.random()
    actor = Actor(
        subject=chance.choice(PEOPLE),
        session=chance.choice((None, "a" * 16, "b" * 16)),
        unit=chance.choice(UNITS),
        address=chance.choice((None, *PLACES)),
    )
    if kind < 0.2:
        tx.record(
            "sign_in.refused", actor=actor, now=at, outcome="failure", reason="credentials",
            personal={"login": chance.choice(("li.wen", "root"))},
        )  # fmt: skip
    elif kind < 0.7:
        service, decision = chance.choice(SERVICES), f"{chance.getrandbits(64):016x}"
        allowed = chance.random() < 0.7
        tx.record(
            "decision.allowed" if allowed else "decision.denied", actor=actor, now=at,
            outcome="success" if allowed else "denied", reason="no_rule", service=service,
            object=f"svc:{service}/{chance.randrange(3)}", decision=decision,
            policy="v1", rules=["r1"], details={"path": f"/{chance.randrange(3)}/Ä", "n": 7},
        )  # fmt: skip
    else:
        details = {"note": chance.choice(SAID), "deep": [{"more": chance.choice(SAID)}]}
        tx.record("unit.changed", actor=actor, now=at, object="unit:water", details=details)


def fits(query: Query, row: IndexRow, found: Sequence[str]) -> bool:
    """Whether an entry fits a query, by the meaning of the words alone."""
    if query.since and row.at < milliseconds(query.since):
        return False
    if query.until and row.at >= milliseconds(query.until):
        return False
    for name, values in query.include.items():
        wanted = set(events_of(values)) if name == "event" else set(values)
        if str(getattr(row, name)) not in wanted or getattr(row, name) is None:
            return False
    for name, values in query.exclude.items():
        wanted = set(events_of(values)) if name == "event" else set(values)
        if getattr(row, name) is not None and str(getattr(row, name)) in wanted:
            return False
    return all(_said(found, term) for term in query.words) and not any(
        _said(found, term) for term in query.without
    )


def _said(found: Sequence[str], term: str) -> bool:
    return any(
        folded(term) in folded(text) and set(words(term)) <= set(words(text)) for text in found
    )
