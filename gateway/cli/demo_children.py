"""The four programs of the demonstration: started, watched, stopped together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import urllib3

from gateway.cli.trouble import Trouble

PIDS = "children.json"
LOGS = "logs"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
_TICK = 0.2
_TAIL_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A program: what it is called, how it starts, where it answers once it is up."""

    name: str
    command: tuple[str, ...]
    health: str
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A started child; it leads a process group of its own."""

    child: Child
    process: subprocess.Popen[bytes]
    log: Path

    def fail_if_dead(self) -> None:
        """Raise Trouble with the end of its log if the program has ended."""
        status = self.process.poll()
        if status is None:
            return
        text = self.log.read_text(encoding="utf-8", errors="replace")
        tail = "\n".join(f"  | {line}" for line in text.splitlines()[-_TAIL_LINES:])
        how = f"signal {-status}" if status < 0 else f"status {status}"
        raise Trouble(
            f"{self.child.name} ended unexpectedly ({how}); everything else was stopped.\n{tail}",
            f"Its whole log is {self.log}.",
        )


def python(*arguments: str) -> tuple[str, ...]:
    """A command of this same Python; -P keeps the current directory out of its imports."""
    return (sys.executable, "-P", *arguments)


@contextmanager
def started(directory: Path, children: Sequence[Child]) -> Iterator[list[Running]]:
    """Start all children, and stop all at the end, whatever ends it."""
    logs = directory / LOGS
    logs.mkdir(mode=0o700, exist_ok=True)
    running: list[Running] = []
    try:
        for child in children:
            running.append(_start(child, logs / f"{child.name}.log"))
            _note(directory, running)
        yield running
    finally:
        stop(running)
        (directory / PIDS).unlink(missing_ok=True)


def _start(child: Child, log: Path) -> Running:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
        )
    return Running(child, process, log)


def wait_until_healthy(running: Sequence[Running]) -> None:
    """Return when every child answers. Raises Trouble when one dies or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    waiting = list(running)
    with urllib3.PoolManager(retries=False, timeout=2.0) as pool:
        while waiting:
            for each in running:
                each.fail_if_dead()
            waiting = [each for each in waiting if not _answers(pool, each.child)]
            if waiting and time.monotonic() > deadline:
                names = ", ".join(each.child.name for each in waiting)
                raise Trouble(
                    f"{names} did not answer within {START_SECONDS:.0f} s.",
                    f"Look into {waiting[0].log}.",
                )
            time.sleep(_TICK if waiting else 0)


def _answers(pool: urllib3.PoolManager, child: Child) -> bool:
    headers = {"Host": child.host} if child.host else {}
    try:
        return pool.request("GET", child.health, headers=headers).status == 200  # noqa: PLR2004
    except urllib3.exceptions.HTTPError:
        return False


def watch(running: Sequence[Running], *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait for ever, or until a child ends, which raises Trouble."""
    while True:
        for each in running:
            each.fail_if_dead()
        sleep(_TICK)


def stop(running: Sequence[Running]) -> None:
    """End every child: asked first, killed after a while."""
    for each in running:
        _signal(each.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for each in running:
        with suppress(subprocess.TimeoutExpired):
            each.process.wait(max(0.0, deadline - time.monotonic()))
        _signal(each.process.pid, signal.SIGKILL)  # and whatever it left in its group
        each.process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _note(directory: Path, running: Sequence[Running]) -> None:
    found = {str(each.process.pid): _identity(each.process.pid) for each in running}
    (directory / PIDS).write_text(json.dumps(found))


def stop_leftovers(directory: Path) -> None:
    """End the children of a run that was killed and could not do it itself."""
    try:
        noted = json.loads((directory / PIDS).read_text())
    except (FileNotFoundError, ValueError):
        return
    # The same number with another command or start time is somebody else's program.
    ours = {int(pid): what for pid, what in noted.items() if what and _identity(int(pid)) == what}
    for pid in ours:
        _signal(pid, signal.SIGKILL)
    deadline = time.monotonic() + STOP_SECONDS
    while any(_identity(pid) == what for pid, what in ours.items()):
        if time.monotonic() > deadline:
            raise Trouble(
                "Programs of an earlier demonstration do not end.", f"kill -9 {min(ours)}"
            )
        time.sleep(_TICK)
    (directory / PIDS).unlink()


def _identity(pid: int) -> str:
    """The program behind a process number and when it began; empty where /proc is missing."""
    try:
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
    return f"{started} {command}"
