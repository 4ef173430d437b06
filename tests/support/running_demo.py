"""The demonstration office as `make run` starts it, and people in front of real browsers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, Page, Playwright

STEP_SECONDS = 30
READY = "make clean-demo"
"""The last line of the screen that `hangu demo` prints when everything answers."""


@dataclass
class Demo:
    """A running demonstration. `steps` remembers each person's last used code."""

    directory: Path
    ports: tuple[int, ...]
    process: subprocess.Popen[str]
    steps: dict[tuple[str, str], int] = field(default_factory=dict)

    def gateway(self, zone: str = "intranet") -> str:
        """The address of a zone's gateway."""
        return f"http://{zone}.localhost:{self.ports[0 if zone == 'intranet' else 2]}"

    def service(self, zone: str = "intranet") -> str:
        """The address of the service behind a zone's gate."""
        slug = "ledger" if zone == "intranet" else "open-data"
        return self.gateway(zone).replace("//", f"//{slug}.")

    def person(self, login: str, zone: str = "intranet") -> dict[str, str]:
        """What `make run` prints of a person."""
        people = json.loads((self.directory / "people.json").read_text())
        return next(each for each in people if (each["login"], each["zone"]) == (login, zone))

    def code(self, login: str, zone: str = "intranet") -> str:
        """A code that was not used yet: if this step's was, the next step's."""
        while self.steps.get((login, zone)) == (step := int(time.time()) // STEP_SECONDS):
            time.sleep(0.5)
        self.steps[login, zone] = step
        return pyotp.TOTP(self.person(login, zone)["totp"]).at(step * STEP_SECONDS)

    def sign_in(self, page: Page, login: str, zone: str = "intranet") -> None:
        """Sign in on the page that is open, as the person would."""
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", self.person(login, zone)["password"])
        page.click("main .actions .btn-primary")
        page.fill("input[name=code]", self.code(login, zone))
        page.click("main .actions .btn-primary")
        page.wait_for_url(lambda address: "/sign-in" not in address)
        page.wait_for_load_state()

    def log(self, name: str) -> str:
        """What a program of the demonstration has printed."""
        return (self.directory / "logs" / f"{name}.log").read_text()


@contextmanager
def running_demo(directory: Path, ports: tuple[int, ...] | None = None) -> Iterator[Demo]:
    """Start the demonstration in `directory`, wait until it is ready, stop it at the end."""
    ports = ports or free_ports(4)
    command = [sys.executable, "-m", "gateway.cli", "demo", str(directory)]
    process = subprocess.Popen(
        [*command, "--ports", ",".join(map(str, ports))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    try:
        _wait_until_ready(process)
        yield Demo(directory, ports, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    screen = ""
    for line in process.stdout:
        screen += line
        if READY in line:
            return
    raise AssertionError(f"the demonstration did not start:\n{screen}")


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of loopback that nobody uses."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = tuple(each.getsockname()[1] for each in sockets)
    for each in sockets:
        each.close()
    return ports


def chromium() -> str | None:
    """Where Debian's Chromium is, if it is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright: Playwright, path: str) -> Browser:
    """A headless Chromium that asks nobody outside this machine."""
    return playwright.chromium.launch(
        executable_path=path,
        args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
    )
