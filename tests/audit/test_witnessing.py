"""The sealer and real witness processes: cosigned checkpoints, one killed, one lying."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sealed_log import SealedLog

from audit import verify as standalone
from audit.note import Note
from audit.sealer import Sealer
from audit.source import DatabaseSource
from audit.standing import open_standing
from audit.trust import BadPolicy, Policy
from audit.witness import Witness
from audit.witnessing import Witnessing, look

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """`hangu witness` as a process."""

    def __init__(self, directory: Path, name: str, log: str) -> None:
        self.port = free_port()
        self._directory, self._log = directory, log
        self.line = self._start("--init", name)

    def _start(self, *more: str) -> str:
        words = ["witness", str(self._directory), *more, "--log", self._log]
        words += ["--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        return line

    def again(self) -> None:
        """Start it once more, where it was."""
        self._start()

    def kill(self) -> None:
        """Kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self._gone()

    def _gone(self) -> None:
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def witnesses(log: SealedLog, directory: Path, count: int) -> Iterator[list[Running]]:
    vkey = str(open_standing(log.keep).certificate.vkey)
    running = [Running(directory / f"w{n}", f"w.example/{n}", vkey) for n in range(count)]
    try:
        yield running
    finally:
        for each in running:
            each.close()


def policy_of(log: SealedLog, running: list[Running], quorum: int) -> str:
    vkey = open_standing(log.keep).certificate.vkey
    names = " ".join(each.line.split()[1] for each in running)
    group = f"group g {quorum} {names}\nquorum g\n"
    return f"log {vkey}\n" + "".join(each.line for each in running) + group


def asking(log: SealedLog, policy: str, *, publish: bool = False) -> Witnessing:
    return Witnessing(
        log.directory,
        Policy.parse(policy),
        begin=log.engine.begin,
        read=log.store.read,
        clock=lambda: log.now,
        publish=publish,
    )


def judged(log: SealedLog, policy: str) -> standalone.Report:
    source = DatabaseSource(log.store.read, first_key=log.key, policy=policy)
    return standalone.verify(source, key=log.key, policy=policy)


def test_two_witnesses_cosign_through_key_epochs_and_one_of_them_is_killed(
    sealed: SealedLog, tmp_path: Path
) -> None:
    sealed.write(5)
    sealed.seal()
    with witnesses(sealed, tmp_path, 2) as running:
        both, one = policy_of(sealed, running, 2), policy_of(sealed, running, 1)
        thread = asking(sealed, both)
        assert thread.once()
        report = judged(sealed, both)
        assert report.code == standalone.INTACT, report.lines()
        assert sum("by witness" in line for line in report.anchors) == 2
        sealed.fill(20, rounds=2)  # over the end of a key epoch: the standing key stays
        assert thread.once()
        assert judged(sealed, both).code == standalone.INTACT
        running[1].kill()
        sealed.write(3)
        sealed.seal()
        assert not thread.once()
        assert judged(sealed, both).code == standalone.INTACT  # as far as both saw it
        assert asking(sealed, one).once()
        report = judged(sealed, one)
        assert report.code == standalone.INTACT, report.lines()
        assert not any("no quorum" in line for line in report.uncovered)
        state = look(sealed.store.read, quorum=True, now=sealed.now)
        assert [bool(each.problem) for each in state.witnesses] == [False, True]
        running[1].again()
        assert thread.once()
        assert judged(sealed, both).code == standalone.INTACT


def test_without_its_quorum_a_log_is_incomplete_and_says_what_no_witness_saw(
    sealed_file: SealedLog, tmp_path: Path
) -> None:
    sealed_file.write(5)
    sealed_file.seal()
    with witnesses(sealed_file, tmp_path, 1) as running:
        policy = policy_of(sealed_file, running, 1)
        assert judged(sealed_file, policy).code == standalone.INCOMPLETE
        assert look(sealed_file.store.read, quorum=True, now=sealed_file.now).problem
        assert asking(sealed_file, policy).once()
        seen = sealed_file.size
        sealed_file.write(9)
        sealed_file.seal()
        handed_out = DatabaseSource(
            sealed_file.store.read, first_key=sealed_file.key, policy=policy, witnessed=True
        )
        assert handed_out.size == seen  # an export is what the witness saw, whole
        report = judged(sealed_file, policy)
        assert report.code == standalone.INTACT
        assert f"entries {seen}..{sealed_file.size - 1}: no quorum" in "\n".join(report.uncovered)


def test_a_log_that_waits_for_its_quorum_publishes_nothing_before(
    sealed_file: SealedLog, tmp_path: Path
) -> None:
    sealed_file.sealer = Sealer(
        sealed_file.keep,
        zone="intranet",
        begin=sealed_file.engine.begin,
        read=sealed_file.store.read,
        rhythm=sealed_file.rhythm,
        publishes=False,
    )
    sealed_file.write(5)
    sealed_file.seal()
    assert sealed_file.source().note is None
    with witnesses(sealed_file, tmp_path, 1) as running:
        policy = policy_of(sealed_file, running, 1)
        assert asking(sealed_file, policy, publish=True).once()
        note = sealed_file.source().note
        assert note is not None
        assert len(Note.parse(note).signatures) == 3
        running[0].kill()
        sealed_file.write(5)
        sealed_file.seal()
        assert not asking(sealed_file, policy, publish=True).once()
        assert sealed_file.source().note == note


def test_attack_the_sealers_directory_rolled_back_is_told_by_its_witness(
    sealed_file: SealedLog, tmp_path: Path
) -> None:
    """Database and sealer restored together from an old backup: nobody inside can notice."""
    sealed_file.write(5)
    sealed_file.seal()
    old = (sealed_file.directory / "memory.json").read_bytes()
    sealed_file.write(5)
    sealed_file.seal()
    with witnesses(sealed_file, tmp_path, 1) as running:
        policy = policy_of(sealed_file, running, 1)
        assert asking(sealed_file, policy).once()
        (sealed_file.directory / "memory.json").write_bytes(old)
        assert not asking(sealed_file, policy).once()
        (state,) = look(sealed_file.store.read, quorum=True, now=sealed_file.now).witnesses
        assert "rolled back" in state.problem


@pytest.mark.parametrize("url", ["ftp://w", "http://", "http://w/?q", "w:8090"])
def test_a_policy_with_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    Witness.create(tmp_path, name="w.example")
    vkey = Witness(tmp_path, clock=lambda: datetime.now(UTC)).vkey
    Policy.parse(f"witness a {vkey} http://w.example:8090/prefix\nquorum a\n")
    with pytest.raises(BadPolicy, match="line 1"):
        Policy.parse(f"witness a {vkey} {url}\nquorum a\n")
