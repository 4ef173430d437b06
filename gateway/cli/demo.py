"""`hangu demo`: a made-up office with both zones and a real service behind each gate."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import click

from gateway.cli import demo_screen
from gateway.cli.console import errors, out
from gateway.cli.demo_children import (
    Child,
    python,
    started,
    stop_leftovers,
    wait_until_healthy,
    watch,
)
from gateway.cli.demo_office import DATA, SERVICE, ZONES, addresses, prepare
from gateway.cli.demo_people import seconds_left
from gateway.cli.demo_ports import LOOPBACK, STANDARD, VARIABLE, Ports, require_free
from gateway.cli.trouble import Trouble
from gateway.cli.zone import now

TIME_TO_TYPE = 8
"""Seconds that a code on the screen should still be good for."""

_DATASETTE = (
    ("allow_csv_stream", "on"),
    ("max_csv_mb", "0"),  # no limit: the whole ledger is a CSV of more than 50 MB
    ("max_returned_rows", "5000"),
    ("allow_download", "off"),
    ("sql_time_limit_ms", "5000"),
)


@click.command(short_help="Run the demonstration office (make run).")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--ports",
    envvar=VARIABLE,
    default=STANDARD,
    show_default=True,
    help="Loopback ports: intranet, its service, extranet, its service.",
)
@click.option("--prepare", "only_prepare", is_flag=True, help="Make the office, start nothing.")
def demo(directory: Path, ports: str, *, only_prepare: bool) -> None:
    """Make the demonstration in DIR once, then run it until Ctrl-C; what is done in it stays.

    Everything listens on loopback alone. People, passwords and authenticator keys are made up
    anew for each installation and kept in DIR/people.json.
    """
    directory = directory.absolute()
    chosen = Ports.parse(ports)
    with _only_one(directory), _terminated_as_interrupted():
        stop_leftovers(directory)
        people = prepare(directory, chosen, now=now(), say=_say)
        if only_prepare:
            return
        _say("启动 Starting")
        require_free(chosen)
        with started(directory, children(directory, chosen)) as running:
            wait_until_healthy(running)
            _wait_for_codes()
            demo_screen.show(out(), people, addresses(directory), now())
            try:
                watch(running)
            except KeyboardInterrupt:
                _say("停止 Stopping")


def _wait_for_codes() -> None:
    """Show no codes that end before anybody has typed one."""
    left = seconds_left(now())
    if left < TIME_TO_TYPE:
        time.sleep(left)


def children(directory: Path, ports: Ports) -> list[Child]:
    """Both gateways and both services."""
    services = [_service(directory, zone, ports) for zone in ZONES]
    public = addresses(directory)
    gateways = [
        Child(
            name=zone,
            command=python("-m", "gateway.cli", "serve", str(directory / zone)),
            health=f"http://{LOOPBACK}:{ports.gateway(zone)}/health",
            host=urlsplit(public[zone]).netloc,
        )
        for zone in ZONES
    ]
    return services + gateways


def _service(directory: Path, zone: str, ports: Ports) -> Child:
    name, port = SERVICE[zone], str(ports.service(zone))
    described = str(resources.files("config.demo").joinpath(f"{name}.json"))
    # Immutable: opened read-only and never locked, whatever a request says.
    command = ["serve", "-i", str(directory / DATA / f"{name}.db"), "-h", LOOPBACK, "-p", port]
    command += ["--metadata", described]
    for setting in _DATASETTE:
        command += ["--setting", *setting]
    return Child(
        name=name,
        command=python("-m", "datasette", *command),
        health=f"http://{LOOPBACK}:{port}/-/versions.json",
    )


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Hold the demonstration's lock: two at once would share databases and ports."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(
        directory.with_name(f"{directory.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Trouble(
            f"The demonstration in {directory} is running already.",
            "Stop it with Ctrl-C where it runs; `make codes` prints codes meanwhile.",
        ) from None
    finally:
        os.close(descriptor)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Have SIGTERM and a closed terminal end the demonstration as Ctrl-C does.

    SIGINT is among them since a shell's background jobs inherit that it is ignored.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, _interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def _say(text: str) -> None:
    errors().print(f"[dim]{text} …[/]")
