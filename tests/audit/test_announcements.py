"""A leaf announced before its commit is missed aloud if it is gone before it is sealed."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealed_log import VOUCHER, SealedLog, ledger_of
from sqlalchemy import select

from audit import alarms
from audit.announcements import MOST, OVERDUE, UNDECIDED, Book, Listener, Said
from audit.health import look
from audit.herald import Messenger
from audit.record import Actor, Event, compose, leaf_hash
from audit.sealing import Sealing, Steps
from audit.tables import audit_event

ACTOR = Actor(subject="person:7")


def wait_until(fulfilled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not fulfilled() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert fulfilled()


class Wired:
    """A log whose ledger announces to the sealer's socket; the steady clock is set by hand."""

    def __init__(self, sealed: SealedLog, socket_path: Path) -> None:
        self.log = sealed
        self.steady = 0.0
        self.book = sealed.book = Book(steady=lambda: self.steady, voucher=VOUCHER.vkey)
        sealed.restart()
        self.listener = Listener(socket_path, self.book)
        self.listener.start()
        self.messenger = Messenger(socket_path)
        self.ledger = ledger_of(sealed.store, herald=self.messenger)

    def append(self) -> str:
        """Record something and return its id, once the sealer has heard of it."""
        eid = self.ledger.append("decision.denied", actor=ACTOR, now=self.log.now)
        wait_until(
            lambda: any(said.eid == eid and said.done == self.steady for said in self.said())
        )
        return eid

    def said(self) -> list[Said]:
        """What is in the book."""
        return list(self.book._open.values())

    def later(self, seconds: float = OVERDUE + 1) -> None:
        """Let so many seconds pass on the steady clock, then seal."""
        self.steady += seconds
        self.log.seal(after=1)

    def missed(self, kind: str = "missing") -> list[str]:
        """The ids of what was missed, or of another alarm."""
        return [each.eid for each in alarms.every(self.log.store.read) if each.kind == kind]

    def entries(self, name: str) -> int:
        """How many entries of this event there are."""
        with self.log.store.reading() as session:
            bodies = session.execute(select(audit_event.c.body)).scalars()
            return sum(f'"ev":"{name}"'.encode() in body for body in bodies)


@pytest.fixture
def wired(sealed: SealedLog, tmp_path: Path) -> Iterator[Wired]:
    made = Wired(sealed, tmp_path / "sealer" / "announce.sock")
    yield made
    made.messenger.close()
    made.listener.stop()


def test_what_is_sealed_is_not_missed(wired: Wired) -> None:
    for _ in range(5):
        wired.append()
    assert len(wired.book) == 5
    wired.log.seal()
    assert len(wired.book) == 0
    wired.later()
    assert wired.missed() == []
    assert wired.log.verify().code == 0


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM audit_event WHERE eid = :eid",
        "DELETE FROM audit_event WHERE seq IS NULL",
    ],
)
def test_a_record_deleted_by_the_database_owner_before_it_is_sealed_is_missed_aloud(
    wired: Wired, attack: str
) -> None:
    wired.log.seal()
    eid = wired.append()
    wired.log.attack(attack, eid=eid)
    wired.log.seal()
    assert wired.missed() == []  # not yet: it has five seconds
    wired.later()
    assert wired.missed() == [eid]
    assert wired.entries("audit.missing") == 1
    health = look(wired.log.store.read, now=wired.log.now)
    assert (health.alarms, health.well) == ({"missing": 1}, False)
    wired.later()
    assert wired.entries("audit.missing") == 1  # once
    assert wired.log.verify().code == 0  # and the log says itself what it lost


def test_a_record_exchanged_for_a_fitting_one_before_it_is_sealed_is_missed_aloud(
    wired: Wired,
) -> None:
    """Body and leaf changed together: the row is sound in itself, and not what was announced."""
    wired.log.seal()
    eid = wired.append()
    other = compose(Event(name="decision.allowed", actor=ACTOR, at=wired.log.now, zone="intranet"))
    body = other.body.replace(other.eid.encode(), eid.encode())
    leaf = leaf_hash(body)
    wired.log.attack(
        "UPDATE audit_event SET body = :body, leaf = :leaf WHERE eid = :eid",
        body=body,
        leaf=leaf,
        eid=eid,
    )
    wired.log.seal()
    assert wired.missed("unannounced") == [eid]  # at once: the gateway's word is of another entry
    wired.later()
    assert wired.missed() == [eid]


def test_a_writer_killed_between_announcing_and_committing_is_no_alarm(wired: Wired) -> None:
    record = compose(Event(name="unit.created", actor=ACTOR, at=wired.log.now, zone="intranet"))
    wired.messenger.announce([(record, wired.log.now)])
    wait_until(lambda: len(wired.book) == 1)
    wired.messenger.close()
    wired.later(UNDECIDED + 1)
    assert wired.missed() == []
    assert len(wired.book) == 0


def test_a_transaction_that_was_rolled_back_is_no_alarm(wired: Wired) -> None:
    failing = RuntimeError("after the announcement")

    def fail(_connection: object) -> None:
        raise failing

    dialect = wired.log.store.write.dialect
    real, dialect.do_commit = dialect.do_commit, fail  # type: ignore[method-assign]
    try:
        with pytest.raises(RuntimeError):
            wired.ledger.append("unit.created", actor=ACTOR, now=wired.log.now)
    finally:
        dialect.do_commit = real  # type: ignore[method-assign]
    wait_until(lambda: not wired.said() and not wired.book._tickets)
    wired.later(UNDECIDED + 1)
    assert wired.missed() == []


def test_owning_up_makes_health_well_again_and_is_on_record(wired: Wired) -> None:
    eid = wired.append()
    wired.log.attack("DELETE FROM audit_event")
    wired.later()
    assert alarms.own_up(wired.ledger, actor=ACTOR, now=wired.log.now, note="case 7") == 1
    wired.log.seal()
    assert look(wired.log.store.read, now=wired.log.now).well
    found = alarms.every(wired.log.store.read)
    assert [(each.eid, each.seen_by) for each in found] == [(eid, "person:7")]
    assert wired.entries("audit.missing_seen") == 1


def test_a_sealer_that_does_not_listen_holds_nothing_up_and_is_counted(
    sealed: SealedLog, tmp_path: Path
) -> None:
    messenger = Messenger(tmp_path / "nobody" / "announce.sock")
    ledger = ledger_of(sealed.store, herald=messenger)
    ledger.append("unit.created", actor=ACTOR, now=sealed.now)
    assert messenger.unheard == 1


def test_a_new_sealer_is_found_again(wired: Wired, tmp_path: Path) -> None:
    wired.append()
    wired.listener.stop()
    wired.listener = Listener(tmp_path / "sealer" / "announce.sock", wired.book)
    wired.listener.start()
    wired.append()
    wired.append()
    assert len(wired.book) == 3
    wired.log.seal()
    assert len(wired.book) == 0


def test_a_child_after_a_fork_speaks_with_its_own_voice(wired: Wired) -> None:
    wired.append()
    record = compose(Event(name="unit.created", actor=ACTOR, at=wired.log.now, zone="intranet"))
    child = os.fork()
    if child == 0:
        ticket = wired.messenger.announce([(record, wired.log.now)])
        os._exit(0 if ticket == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    wired.append()
    wired.log.seal()
    wired.later(UNDECIDED + 1)
    assert wired.missed() == []


@given(st.binary(max_size=300))
def test_whatever_is_said_at_the_socket_the_book_stays_sound(noise: bytes) -> None:
    book = Book(steady=lambda: 0.0)
    for line in noise.split(b"\n"):
        try:
            book.hear("somebody", line.decode("ascii", "replace"))
        except ValueError:
            continue
    assert book.overdue() == []


def test_noise_at_the_socket_ends_its_own_connection_alone(wired: Wired, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as noisy:
        directory = os.open(tmp_path / "sealer", os.O_RDONLY)
        noisy.connect(f"/proc/self/fd/{directory}/announce.sock")
        os.close(directory)
        noisy.settimeout(10)
        noisy.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionResetError):
            assert noisy.recv(1) == b""
    wired.append()
    wired.log.seal()
    assert len(wired.book) == 0


def test_a_flood_of_announcements_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    book = Book(steady=lambda: 0.0)
    for start in range(0, MOST + 2000, 1000):
        pairs = " ".join(f"e{n} {n:064x}" for n in range(start, start + 1000))
        book.hear("somebody", f"announce {start} {pairs}")
    assert len(book) == MOST
    assert "announced and not sealed" in caplog.text


@pytest.mark.parametrize(
    ("wall", "steady", "step"), [(60, 60, 0), (61.5, 60, 0), (3660, 60, 3600), (-3540, 60, -3600)]
)
def test_a_clock_that_is_set_is_noticed(
    now: datetime, wall: float, steady: float, step: int
) -> None:
    clock = 0.0
    steps = Steps(lambda: clock)
    assert steps.until(now) == 0
    clock += steady
    assert steps.until(now.fromtimestamp(now.timestamp() + wall, now.tzinfo)) == step
    steps.taken_down()
    clock += 1
    assert steps.until(now.fromtimestamp(now.timestamp() + wall + 1, now.tzinfo)) == 0


def test_a_clock_that_was_set_is_on_record(sealed: SealedLog, tmp_path: Path) -> None:
    steady = 0.0
    sealing = Sealing(
        tmp_path / "embedded",
        origin="gate.example/audit",
        zone="intranet",
        begin=sealed.engine.begin,
        read=sealed.store.read,
        clock=lambda: sealed.now,
        socket=tmp_path / "embedded" / "announce.sock",
        steady=lambda: steady,
    )
    sealing.once()
    sealed.now = sealed.now.fromtimestamp(sealed.now.timestamp() - 3600, sealed.now.tzinfo)
    steady += 1
    sealing.once()
    assert sealing.problem == ""
    sealing.release()
    with sealed.store.reading() as session:
        bodies = list(session.execute(select(audit_event.c.body)).scalars())
    stepped = [body for body in bodies if b'"ev":"clock.stepped"' in body]
    assert len(stepped) == 1
    assert b'"seconds":-3601' in stepped[0]
