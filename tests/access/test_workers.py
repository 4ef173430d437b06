"""Workers as real processes: each acknowledges a publication, and none decides by old rules."""

from __future__ import annotations

import json
import select as sockets
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from access_world import RULES, World, build_world, service
from forking import Talk, forks
from sqlalchemy import make_url, text

from policies import versions, workers
from policies.workers import Convergence, State

AGE = 3.0
"""Seconds; four beats in it."""
PATIENCE = 60.0
DENY = RULES + "p, role:staff, *, svc:ledger/**, *, *, *, *, *, deny\n"


@dataclass
class Process:
    """A worker, the line of talk with it, and a clerk's session."""

    talk: Talk
    id: str
    token: str

    def decides(self) -> dict[str, str]:
        """Have it decide, with patience: on a busy machine a beat may come late."""
        answers: list[dict[str, str]] = []

        def outcome() -> bool:
            answers.append(self.ask())
            return "outcome" in answers[-1]

        assert eventually(outcome), answers[-1]
        return answers[-1]

    def ask(self) -> dict[str, str]:
        """Have it decide on the clerk's first page."""
        return self.talk.ask([self.token, datetime.now(UTC).isoformat()])


class Cable:
    """A way over TCP to a server's Unix socket, which can be cut and mended."""

    def __init__(self, path: str) -> None:
        self._to = path
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[socket.socket] = []
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection and accept none."""
        self._is_cut = True
        for each in self._open:
            each.close()
        self._open.clear()

    def close(self) -> None:
        """Take the cable away."""
        self.cut()
        self._listening.close()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return  # the cable was taken away
            if self._is_cut:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._to)
            self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        try:
            while data := _next(near, far):
                each, carried = data
                (far if each is near else near).sendall(carried)
        except (OSError, ValueError):
            pass  # somebody closed one of them
        near.close()
        far.close()


def _next(near: socket.socket, far: socket.socket) -> tuple[socket.socket, bytes] | None:
    while True:
        for each in sockets.select([near, far], [], [], 0.2)[0]:
            data = each.recv(65536)
            return (each, data) if data else None


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds within the patience of a test."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


Start = Callable[..., Process]


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[World]:
    """An office at the present time, for its workers have clocks of their own."""
    world = build_world(database_url, tmp_path, datetime.now(UTC) - timedelta(minutes=1))
    world.open(service())
    yield world
    world.store.close()


@pytest.fixture(scope="module")
def fork() -> Iterator[Callable[[], Talk]]:
    """Start a process; it has everything imported already."""
    with forks("decision_worker") as begin:
        yield begin


@pytest.fixture
def start(
    fork: Callable[[], Talk], made: World, database_url: str, tmp_path: Path
) -> Iterator[Start]:
    """Start workers; they are gone after the test."""
    running: list[Talk] = []

    def begin(url: str = database_url) -> Process:
        running.append(fork())
        told = running[-1].ask([url, str(tmp_path), AGE])
        return Process(running[-1], told["worker"], made.sign_in("zhang"))

    yield begin
    for each in running:
        each.close()


def convergence(world: World) -> Convergence:
    with world.store.reading() as session:
        return workers.convergence(session, now=datetime.now(UTC), age=timedelta(seconds=AGE))


def states(world: World) -> dict[str, State]:
    return {each.worker.id: each.state for each in convergence(world).workers}


def converged(world: World) -> tuple[int, bool]:
    found = convergence(world)
    return found.seq, found.is_complete


def complete(world: World, *started: Process) -> bool:
    found = states(world)
    return all(found.get(each.id) is State.CURRENT for each in started)


def refuses(worker: Process) -> bool:
    return "refused" in worker.ask()


def version(world: World) -> str:
    with world.store.reading() as session:
        found = versions.newest(session)
    assert found is not None
    return found.hash[:16]


def test_every_worker_acknowledges_a_publication_and_decides_by_it(
    made: World, start: Start
) -> None:
    """Two processes, one database: the table converges, the log tells of each."""
    first, second = start(), start()
    assert eventually(lambda: complete(made, first, second))
    assert [each.decides() for each in (first, second)] == [
        {"outcome": "allow", "version": version(made)}
    ] * 2
    made.publish(DENY)
    assert [each.decides() for each in (first, second)] == [
        {"outcome": "deny", "version": version(made)}
    ] * 2
    assert eventually(lambda: complete(made, first, second) and converged(made) == (2, True))
    with made.store.reading() as session:
        rows = session.execute(text("SELECT body FROM audit_event ORDER BY id")).scalars()
        said = [json.loads(bytes(body)) for body in rows]
    told = {(e["d"]["worker"], e["d"]["seq"]) for e in said if e["ev"] == "policy.acknowledged"}
    assert told == {(each.id, seq) for each in (first, second) for seq in (1, 2)}


def test_a_killed_worker_falls_silent_and_one_that_stops_in_order_leaves(
    made: World, start: Start
) -> None:
    """Silence keeps nobody from calling a publication complete: the silent decide nothing."""
    killed, stopped = start(), start()
    assert eventually(lambda: complete(made, killed, stopped))
    killed.talk.kill()
    stopped.talk.end()
    assert eventually(lambda: states(made) == {killed.id: State.SILENT})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_attack_a_worker_cut_off_from_the_database_decides_nothing_then_by_the_new_rules(
    made: World, start: Start, database_url: str
) -> None:
    """Between the cut and the mending a deny is published; it is never overlooked."""
    at = make_url(database_url)
    cable = Cable(f"{at.query['host']}/.s.PGSQL.{at.port or 5432}")
    over = at.set(host="127.0.0.1", port=cable.port, query={})
    worker = start(over.render_as_string(hide_password=False))
    assert worker.decides()["outcome"] == "allow"
    cable.cut()
    assert refuses(worker)
    made.publish(DENY)
    assert refuses(worker)
    assert eventually(lambda: states(made)[worker.id] is State.SILENT)
    assert refuses(worker)
    cable.mend()
    answers: list[dict[str, str]] = []

    def decides() -> bool:
        answers.append(worker.ask())
        return "outcome" in answers[-1]

    assert eventually(decides)
    assert answers[-1] == {"outcome": "deny", "version": version(made)}
    assert all(each.get("outcome") != "allow" for each in answers)
    assert eventually(lambda: complete(made, worker))
    cable.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_attack_a_worker_that_can_read_but_not_acknowledge_decides_nothing(
    made: World, start: Start, database_url: str
) -> None:
    """Somebody holds the database's write lock: reading still works, the lease runs out."""
    worker = start()
    assert worker.decides()["outcome"] == "allow"
    path = make_url(database_url).database
    assert path is not None
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert eventually(lambda: worker.ask() == {"refused": "policy_unavailable"})
    holder.execute("ROLLBACK")
    holder.close()
    assert eventually(lambda: worker.ask().get("outcome") == "allow")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_attack_a_database_put_in_the_place_of_the_old_one_stops_the_worker(
    made: World, start: Start, database_url: str, tmp_path: Path
) -> None:
    """A backup restored under a running worker: it would go on reading the file it opened."""
    worker = start()
    assert worker.decides()["outcome"] == "allow"
    path = Path(make_url(database_url).database or "")
    shutil.copy(path, tmp_path / "restored.db")
    (tmp_path / "restored.db").rename(path)
    assert eventually(lambda: worker.ask() == {"refused": "policy_unavailable"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_attack_a_database_taken_away_stops_the_worker_until_it_is_back(
    made: World, start: Start, database_url: str, tmp_path: Path
) -> None:
    """It holds the file open and could go on reading old rules from it; it does not."""
    worker = start()
    assert worker.decides()["outcome"] == "allow"
    made.publish(DENY)
    path = Path(make_url(database_url).database or "")
    path.rename(tmp_path / "away.db")
    assert eventually(lambda: worker.ask() == {"refused": "policy_unavailable"})
    (tmp_path / "away.db").rename(path)
    assert worker.decides() == {"outcome": "deny", "version": version(made)}


@pytest.mark.parametrize(
    "tampered",
    [
        "UPDATE policy_version SET signature = NULL",
        "DELETE FROM policy_rule WHERE eft = 'deny'",
    ],
)
def test_attack_a_tampered_version_is_refused_recorded_and_shown(
    made: World, start: Start, tampered: str
) -> None:
    """The running worker keeps refusing; the officers see which one and why."""
    worker = start()
    assert worker.decides()["outcome"] == "allow"
    made.publish(DENY)
    with made.ledger.begin(unaudited_because="an attacker behind the program's back") as tx:
        tx.session.execute(text(tampered))
    assert worker.ask() == {"refused": "policy_unavailable"}
    assert eventually(lambda: states(made)[worker.id] is State.REFUSING)
    assert worker.ask() == {"refused": "policy_unavailable"}
    with made.store.reading() as session:
        rows = session.execute(text("SELECT body FROM audit_event")).scalars()
        said = [json.loads(bytes(body)) for body in rows]
    assert {(e["why"], e["out"]) for e in said if e["ev"] == "policy.refused"} == {
        ("rules_unusable", "failure")
    }


def test_attack_the_newest_version_taken_away_does_not_bring_the_old_rules_back(
    made: World, start: Start
) -> None:
    """The old version is signed and whole; its number is lower than one that was in force."""
    worker = start()
    made.publish(DENY)
    assert worker.decides()["outcome"] == "deny"
    assert eventually(lambda: complete(made, worker))
    with made.ledger.begin(unaudited_because="an attacker behind the program's back") as tx:
        for table in ("policy_rule", "policy_category", "policy_version"):
            tx.session.execute(text(f"DELETE FROM {table} WHERE seq = 2"))
        tx.session.execute(text("UPDATE epoch SET value = value + 1"))
    assert worker.ask() == {"refused": "policy_unavailable"}
    assert eventually(lambda: states(made)[worker.id] is State.REFUSING)
    late = start()
    assert late.ask() == {"refused": "policy_unavailable"}
