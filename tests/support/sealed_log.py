"""A sealed log for tests: a ledger, a sealer with a clock that is set, and ways to attack both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from audit.announcements import Book
from audit.herald import Herald
from audit.keep import Keep
from audit.ledger import Brake, Ledger
from audit.note import Checkpoint, sign
from audit.record import Actor, leaf_hash
from audit.sealer import Rhythm, Sealer
from audit.shelf import store_tiles
from audit.source import DatabaseSource
from audit.standing import open_standing
from audit.tables import audit_event, log_state, log_tile
from audit.tree import Frontier
from audit.verify import Report, verify
from audit.vouching import Voucher
from gateway.store.engines import Store, open_for_migration, open_store

ORIGIN = "gate.example/audit"
POLICY = "quorum none\n"
TRIGGERS = (
    *("audit_event_keep", "audit_event_fix", "log_tile_keep", "log_tile_grow"),
    *("log_checkpoint_keep", "log_checkpoint_fix", "log_state_keep", "log_state_grow"),
    *("log_pruned_keep", "log_pruned_grow", "log_hold_keep", "log_hold_fix", "log_request_keep"),
    *("audit_alarm_keep", "audit_alarm_fix"),
)


VOUCHER = Voucher(bytes(32), zone="intranet")
"""Gives the gateway's word in tests."""


def ledger_of(store: Store, *, herald: Herald | None = None, brake: Brake | None = None) -> Ledger:
    """A ledger whose entries have the gateway's word, and whose personal values are in clear."""
    return Ledger(
        store.write,
        zone="intranet",
        seal=lambda _e, _f, value: value,
        herald=herald,
        brake=brake,
        voucher=VOUCHER,
    )


class SealedLog:
    """One log. `now` is its clock; `write` and `seal` fill it."""

    def __init__(self, url: str, directory: Path, now: datetime, *, every: int = 1024) -> None:
        self.url, self.directory, self.now = url, directory, now
        self.store: Store = open_store(url)
        self.ledger = ledger_of(self.store)
        self.engine: Engine = open_for_migration(url)
        self.book = Book(voucher=VOUCHER.vkey)
        self.rhythm = Rhythm(epoch=timedelta(minutes=5), batch=every)
        self.restart()

    def restart(self) -> None:
        """Begin again from what is on the disk, as after a crash."""
        memory = self.directory / "memory.json"
        self.keep = (
            Keep.open(self.directory)
            if memory.exists()
            else Keep.create(self.directory, origin=ORIGIN, now=self.now)
        )
        self.sealer = Sealer(
            self.keep,
            zone="intranet",
            begin=self.engine.begin,
            read=self.store.read,
            rhythm=self.rhythm,
            book=self.book,
        )

    @property
    def key(self) -> str:
        """The first key, as it would stand on paper."""
        return self.keep.memory.first_key

    @property
    def note(self) -> bytes:
        """The newest checkpoint, as the sealer remembers it."""
        return self.keep.memory.note

    @property
    def size(self) -> int:
        """How many entries were signed."""
        return self.keep.memory.signed.frontier.size

    def write(self, count: int) -> None:
        """Write so many entries in one transaction; every fiftieth has a personal value."""
        with self.ledger.begin() as tx:
            for number in range(count):
                tx.record(
                    "unit.created",
                    actor=Actor(
                        subject="person:7", address="10.1.2.3" if number % 50 == 0 else None
                    ),
                    now=self.now,
                    object=f"unit:u{number}",
                )

    def seal(self, *, after: int = 0) -> None:
        """Let `after` seconds pass, then seal all that waits."""
        self.now += timedelta(seconds=after)
        while self.sealer.round(self.now):
            pass

    def fill(self, entries: int, *, rounds: int = 10) -> None:
        """Write and seal so many entries over minutes, hence over several key epochs."""
        for _ in range(rounds):
            self.write(entries // rounds)
            self.seal(after=61)
            self.seal(after=80)

    def source(self) -> DatabaseSource:
        """The log as files."""
        return DatabaseSource(self.store.read, first_key=self.key, policy=POLICY)

    def verify(self, *, anchors: tuple[bytes, ...] = ()) -> Report:
        """Verify the database, columns and personal values included."""
        source = self.source()
        report = verify(
            source, key=self.key, anchors=[(f"paper {n}", a) for n, a in enumerate(anchors)]
        )
        source.inspect(report, unseal=lambda _e, _f, value: value)
        return report

    @contextmanager
    def as_root(self) -> Iterator[Connection]:
        """Write as root on the file, or as superuser: triggers do not stand in the way."""
        engine = open_for_migration(self.url)
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                for name in TRIGGERS:
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            else:
                connection.execute(text("SET session_replication_role = replica"))
            yield connection
        engine.dispose()

    def attack(self, *statements: str, **values: object) -> None:
        """Do this as root."""
        with self.as_root() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self.store.close()


def forge(log: SealedLog, bodies: list[bytes], *, epoch_key: bool = True) -> None:
    """Give the log this content, whole and fitting, as a thief of the present keys could.

    Tiles, state and newest checkpoint are made anew; older checkpoints stay as they are.
    """
    leaves = [leaf_hash(body) for body in bodies]
    edge, levels = Frontier().grown(leaves)
    text_ = Checkpoint(ORIGIN, edge.size, edge.root()).text()
    key = log.keep.key(log.keep.memory.signed.next_epoch)
    signed = open_standing(log.keep).sign_also(sign(text_, name=ORIGIN, key=key))
    note = signed.encode() if epoch_key else log.note
    rows = [
        {"eid": json.loads(body)["eid"], "body": body, "leaf": leaf, "seq": seq,
         "created": datetime.fromisoformat(json.loads(body)["ts"])}
        for seq, (body, leaf) in enumerate(zip(bodies, leaves, strict=True))
    ]  # fmt: skip
    with log.as_root() as connection:
        connection.execute(delete(audit_event))
        connection.execute(delete(log_tile))
        connection.execute(insert(audit_event), rows)
        store_tiles(connection, Frontier(), levels)
        state = {"size": edge.size, "root": edge.root(), "note": note}
        connection.execute(update(log_state).values(**state))


def bodies_of(log: SealedLog) -> list[bytes]:
    """The sealed entries, in their order."""
    query = select(audit_event.c.body).where(audit_event.c.seq.is_not(None))
    with log.store.reading() as session:
        return list(session.execute(query.order_by(audit_event.c.seq)).scalars())
