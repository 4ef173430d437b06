"""An office for a week: a zone whose clock can be moved, a service with a form, people's hands.

The people are those of the demonstration, set up by the same code; each has a browser profile
of their own. What a task costs is counted as a person would: clicks, fields, pages, seconds.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import time_machine
from office_hands import Hand, Task
from real_browser import serving
from running_demo import free_ports
from travelling import AHEAD
from werkzeug.wrappers import Request, Response

from gateway.cli import demo_office
from gateway.cli.demo_people import DemoPerson
from gateway.cli.demo_ports import Ports
from gateway.cli.office import opened
from gateway.cli.policy import Scope, give

MONDAY = 0
STEP = 30
FORM = """<!doctype html><html lang=zh><title>用车申请</title><h1>用车申请</h1>
<form method=post action=/trips enctype=multipart/form-data>
<label>事由 <input name=reason></label> <label>附件 <input type=file name=paper></label>
<button>提交申请</button></form>"""


@dataclass
class Trips:
    """The service behind the gate: a form, and what was sent with it."""

    sent: list[dict[str, str]] = field(default_factory=list)

    @Request.application
    def wsgi(self, request: Request) -> Response:
        """Show the form, or take it."""
        if request.method == "POST":
            paper = request.files.get("paper")
            self.sent.append(
                {
                    "reason": request.form.get("reason", ""),
                    "paper": paper.read().decode() if paper else "",
                    "who": request.headers.get("Remote-User", ""),
                }
            )
            return Response("<h1>已收到申请</h1>", content_type="text/html; charset=utf-8")
        return Response(FORM, content_type="text/html; charset=utf-8")


@dataclass
class Week:
    """The running zone. `ahead` is how far its clock is before the machine's."""

    directory: Path
    url: str
    service: str
    people: dict[str, DemoPerson]
    trips: Trips
    ahead: timedelta
    tasks: list[Task] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)

    def now(self) -> datetime:
        """The zone's time."""
        return datetime.now(UTC) + self.ahead

    def pass_time(self, length: timedelta) -> None:
        """Let the zone's clock go forward, once all that was done is sealed."""
        self._until_sealed()
        self.ahead += length
        (self.directory.parent / "ahead").write_text(str(self.ahead.total_seconds()))
        time.sleep(0.3)  # until the worker has looked
        self._until_open()

    def _until_open(self) -> None:
        """Until a seal of the new time is there: before it, the log looks long unsealed."""
        parts = urlsplit(self.url)
        for _ in range(200):
            with closing(HTTPConnection("127.0.0.1", parts.port or 80, timeout=10)) as wire:
                wire.request("GET", "/health", headers={"Host": parts.netloc})
                if wire.getresponse().read().strip() not in {b"unavailable", b"unsealed"}:
                    return
            time.sleep(0.1)
        raise AssertionError("the gateway did not open after its clock was set")

    def _until_sealed(self) -> None:
        database = self.directory / "intranet" / "hangu.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as log:
            for _ in range(200):
                if not log.execute("SELECT 1 FROM audit_event WHERE seq IS NULL").fetchone():
                    return
                time.sleep(0.05)
        raise AssertionError("the log is not being sealed")

    def code(self, login: str, secret: str | None = None) -> str:
        """A code of the person's authenticator that was not used yet."""
        step = int(self.now().timestamp()) // STEP
        if self.steps.get(login) == step:
            self.pass_time(timedelta(seconds=STEP))
            step = int(self.now().timestamp()) // STEP
        self.steps[login] = step
        return pyotp.TOTP(secret or self.people[login].totp).at(step * STEP)

    @contextmanager
    def doing(self, name: str, *hands: Hand) -> Iterator[Task]:
        """Count what the hands do as one task."""
        task = Task(name)
        began = time.monotonic()
        for hand in hands:
            hand.task = task
        yield task
        task.seconds = time.monotonic() - began
        self.tasks.append(task)


@contextmanager
def office_week(directory: Path) -> Iterator[Week]:
    """Set up the office on a Monday at half past eight, serve it, and stop it at the end."""
    ahead, trips = _until_monday(), Trips()
    (directory.parent / "ahead").write_text(str(ahead.total_seconds()))
    with serving(lambda _port: trips.wsgi) as upstream:
        gate, *others = free_ports(3)
        ports = Ports(intranet=gate, ledger=upstream, extranet=others[0], open_data=others[1])
        with time_machine.travel(datetime.now(UTC) + ahead - timedelta(minutes=2), tick=True):
            people = demo_office.prepare(
                directory, ports, now=datetime.now(UTC), say=lambda _: None, entries=100
            )
            with opened(directory / "intranet") as office:
                give(office, "unit:finance", "ledger", Scope(methods="POST"))
        with _served(directory) as url:
            yield Week(
                directory=directory,
                url=url,
                service=url.replace("//", "//ledger."),
                people={each.login: each for each in people if each.zone == "intranet"},
                trips=trips,
                ahead=ahead,
            )


def _until_monday() -> timedelta:
    """How far off the next Monday, 08:30 in China, is."""
    now = datetime.now(UTC)
    days = (MONDAY - now.weekday()) % 7 or 7
    return now.replace(hour=0, minute=30, second=0, microsecond=0) + timedelta(days=days) - now


@contextmanager
def _served(directory: Path) -> Iterator[str]:
    zone = directory / "intranet"
    support = str(Path(__file__).parent)
    root = str(Path(__file__).parents[2])
    environment = os.environ | {
        AHEAD: str(directory.parent / "ahead"),
        "PYTHONPATH": os.pathsep.join((root, support)),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "travelling", str(zone)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "listening"
        address = demo_office.addresses(directory)["intranet"]
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def _wait_for(address: str) -> None:
    """Until the worker takes connections: "listening" is said before it does."""
    parts = urlsplit(address)
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", parts.port or 80), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody answers at {address}")
