"""Writers and sealers killed at random: nothing acknowledged is lost, forked or doubled.

HANGU_KILLED=8x1000 sets writers and entries of each (8x150 else); `make bench ONLY=crash` runs
that.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import log_process
from sqlalchemy import select

from audit import alarms
from audit import verify as standalone
from audit.keep import Keep
from audit.note import Checkpoint, Note
from audit.source import DatabaseSource
from audit.tables import audit_event, log_state
from gateway.store.engines import open_store

WRITERS, EACH = (int(n) for n in os.environ.get("HANGU_KILLED", "8x150").split("x"))
ROOT = Path(log_process.__file__).parents[2]


def start(*words: str, to: Path) -> subprocess.Popen[bytes]:
    """Start one process; what it prints goes to the file `to`."""
    with to.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, log_process.__file__, *words],
            stdout=file,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )


def test_kill_9_of_writers_and_sealers_loses_forks_and_doubles_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """Every checkpoint ever seen is kept as an anchor: the final log must contain them all."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    keep = tmp_path / "keep"
    outputs = [tmp_path / f"writer{n}" for n in range(WRITERS)]
    store = open_store(database_url)
    anchors: set[bytes] = set()
    seal = ("seal", database_url, str(keep))
    sealers = [start(*seal, to=tmp_path / f"sealer{n}") for n in range(2)]
    writers = Writers(database_url, keep, outputs)
    deadline = time.monotonic() + 120 + WRITERS * EACH  # generous: a loaded machine loses nothing
    try:
        while time.monotonic() < deadline and writers.go_on():
            time.sleep(chance.uniform(0.2, 1.2))
            with store.reading() as session:
                note = session.execute(select(log_state.c.note)).scalar()
            anchors |= {note} if note else set()
            if chance.random() < 0.6:
                writers.kill_one(chance)
            if chance.random() < 0.5:
                victim = chance.randrange(2)
                sealers[victim].send_signal(signal.SIGKILL)
                sealers[victim].wait()
                sealers[victim] = start(*seal, to=tmp_path / f"sealer{victim}")
        _wait_until_sealed(store, deadline)
    finally:
        for process in [*sealers, *writers.running()]:
            process.kill()
            process.wait()
    acknowledged = [eid for out in outputs for eid in _whole_lines(out)]
    assert len(acknowledged) >= WRITERS * EACH, seed
    with store.reading() as session:
        query = select(audit_event.c.eid, audit_event.c.seq).order_by(audit_event.c.seq)
        rows = [tuple(row) for row in session.execute(query)]
    assert [seq for _, seq in rows] == list(range(len(rows))), seed
    assert max(Counter(eid for eid, _ in rows).values()) == 1, seed
    assert set(acknowledged) <= {eid for eid, _ in rows}, seed
    memory = Keep.open(keep).memory
    source = DatabaseSource(store.read, first_key=memory.first_key, policy="quorum none\n")
    named = [(str(Checkpoint.parse(Note.parse(a).text).size), a) for a in anchors]
    report = standalone.verify(source, key=memory.first_key, anchors=named)
    source.inspect(report)
    assert report.code == standalone.INTACT, (seed, report.lines())
    assert alarms.every(store.read) == [], seed  # announced, killed: no false alarm
    _say(killed=writers.kills, acknowledged=len(acknowledged), on=store.read.dialect.name)
    store.close()


def _say(**figures: object) -> None:
    """Tell the bench, if it asked, what was done."""
    if asked := os.environ.get("HANGU_FIGURES"):
        with Path(asked).open("a") as file:
            file.write(json.dumps(figures) + "\n")


def _whole_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().split("\n") if len(line) == 32]


class Writers:
    """The writing processes, each started again after it was killed until it wrote enough."""

    def __init__(self, url: str, keep: Path, outputs: list[Path]) -> None:
        self.kills = 0
        self._url, self._keep, self._outputs = url, keep, outputs
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._began: dict[int, int] = {}

    def running(self) -> list[subprocess.Popen[bytes]]:
        """Those that have not ended."""
        return [each for each in self._processes.values() if each.poll() is None]

    def go_on(self) -> bool:
        """Start again what was killed before it wrote enough. Returns whether one runs."""
        for at, output in enumerate(self._outputs):
            process, written = self._processes.get(at), self._written(at)
            if (process is None or process.poll() is not None) and written < EACH:
                words = ("write", self._url, str(self._keep), str(EACH - written))
                self._processes[at] = start(*words, to=output)
                self._began[at] = written
        return bool(self.running())

    def kill_one(self, chance: random.Random) -> None:
        """Kill one that is writing: not one that has hardly started, or none would get far."""
        busy = [
            process
            for at, process in self._processes.items()
            if process.poll() is None and self._written(at) > self._began[at]
        ]
        if busy:
            chance.choice(busy).send_signal(signal.SIGKILL)
            self.kills += 1

    def _written(self, at: int) -> int:
        return len(_whole_lines(self._outputs[at])) if self._outputs[at].exists() else 0


def _wait_until_sealed(store: object, deadline: float) -> None:
    waiting = select(audit_event.c.id).where(audit_event.c.seq.is_(None)).limit(1)
    while time.monotonic() < deadline:
        with store.reading() as session:  # type: ignore[attr-defined]
            state = session.execute(select(log_state.c.size, log_state.c.note)).one()
            if session.execute(waiting).first() is None and state.note:
                published = Checkpoint.parse(Note.parse(state.note).text).size
                if published == state.size:
                    return
        time.sleep(0.05)
