"""Writers and sealers killed at random: nothing acknowledged is lost, forked or doubled.

HANGU_KILLED=8x1000 sets writers and entries of each (3x40 else).
"""

from __future__ import annotations

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

from audit import verify as standalone
from audit.keep import Keep
from audit.note import Checkpoint, Note
from audit.source import DatabaseSource
from audit.tables import audit_event, log_state
from gateway.store.engines import open_store

WRITERS, EACH = (int(n) for n in os.environ.get("HANGU_KILLED", "3x40").split("x"))
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
    writers: list[subprocess.Popen[bytes] | None] = [None] * WRITERS
    deadline = time.monotonic() + 60 + WRITERS * EACH / 10
    try:
        while time.monotonic() < deadline and _go_on(writers, outputs, database_url):
            time.sleep(chance.uniform(0.2, 1.2))
            with store.reading() as session:
                note = session.execute(select(log_state.c.note)).scalar()
            anchors |= {note} if note else set()
            if chance.random() < 0.4:
                chance.choice([w for w in writers if w] or sealers).send_signal(signal.SIGKILL)
            if chance.random() < 0.5:
                victim = chance.randrange(2)
                sealers[victim].send_signal(signal.SIGKILL)
                sealers[victim].wait()
                sealers[victim] = start(*seal, to=tmp_path / f"sealer{victim}")
        _wait_until_sealed(store, deadline)
    finally:
        for process in [*sealers, *filter(None, writers)]:
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
    store.close()


def _whole_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().split("\n") if len(line) == 32]


def _go_on(writers: list[subprocess.Popen[bytes] | None], outputs: list[Path], url: str) -> bool:
    """Start what was killed again until each writer has written enough. Returns if one runs."""
    running = False
    for at, writer in enumerate(writers):
        if writer is not None and writer.poll() is None:
            running = True
            continue
        left = EACH - len(_whole_lines(outputs[at])) if outputs[at].exists() else EACH
        writers[at] = start("write", url, str(left), to=outputs[at]) if left > 0 else None
        running = running or left > 0
    return running


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
