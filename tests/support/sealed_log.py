"""A sealed log for tests: a ledger, a sealer with a clock that is set, and ways to attack both."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from audit.keep import Keep
from audit.ledger import Ledger
from audit.record import Actor
from audit.sealer import Rhythm, Sealer
from audit.source import DatabaseSource
from audit.verify import Report, verify
from gateway.store.engines import Store, open_for_migration, open_store

ORIGIN = "gate.example/audit"
POLICY = "quorum none\n"
TRIGGERS = {
    "audit_event": ("audit_event_keep", "audit_event_fix"),
    "log_tile": ("log_tile_keep", "log_tile_grow"),
    "log_checkpoint": ("log_checkpoint_keep", "log_checkpoint_fix"),
    "log_state": ("log_state_keep", "log_state_grow"),
}


class SealedLog:
    """One log. `now` is its clock; `write` and `seal` fill it."""

    def __init__(self, url: str, directory: Path, now: datetime, *, every: int = 1024) -> None:
        self.url, self.directory, self.now = url, directory, now
        self.store: Store = open_store(url)
        self.ledger = Ledger(self.store.write, zone="intranet", seal=lambda _e, _f, value: value)
        self.engine: Engine = open_for_migration(url)
        self.rhythm = Rhythm(epoch=timedelta(minutes=10), batch=every)
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
        )

    @property
    def key(self) -> str:
        return self.keep.memory.first_key

    @property
    def note(self) -> bytes:
        return self.keep.memory.note

    @property
    def size(self) -> int:
        return self.keep.memory.signed.frontier.size

    def write(self, count: int) -> None:
        with self.ledger.begin() as tx:
            for number in range(count):
                tx.record(
                    "unit.created",
                    actor=Actor(subject="person:7", address="10.1.2.3" if number % 50 == 0 else None),
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
        return DatabaseSource(self.store.read, first_key=self.key, policy=POLICY)

    def verify(self, *, anchors: tuple[bytes, ...] = (), deep: bool = True) -> Report:
        source = self.source()
        report = verify(
            source, key=self.key, anchors=[(f"paper {n}", a) for n, a in enumerate(anchors)]
        )
        if deep:
            source.inspect(report, unseal=lambda _e, _f, value: value)
        return report

    def attack(self, *statements: str, **values: object) -> None:
        """Do this as root on the file, or as superuser: triggers do not stand in the way."""
        engine = create_engine(self.url)
        sqlite = engine.dialect.name == "sqlite"
        with engine.begin() as connection:
            if sqlite:
                for names in TRIGGERS.values():
                    for name in names:
                        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            else:
                connection.execute(text("SET session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement), values)
        engine.dispose()

    def close(self) -> None:
        self.engine.dispose()
        self.store.close()
