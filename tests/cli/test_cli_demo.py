"""The demonstration, as `make run` starts it: real zones, real services, loopback alone."""

from __future__ import annotations

import io
import json
import os
import re
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
import urllib3
from rich.cells import cell_len
from rich.console import Console

from config.settings import load
from gateway.cli import demo_screen, main
from gateway.cli.demo_people import recall
from gateway.cli.demo_ports import Ports, address_at
from gateway.cli.trouble import Trouble

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0  # seconds; two test processes share two cores
READY = "make clean-demo"


def free_ports() -> str:
    """Return four ports that nobody holds at this moment."""
    sockets = [socket.socket() for _ in range(4)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = ",".join(str(each.getsockname()[1]) for each in sockets)
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def demo_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare the demonstration once for this module."""
    directory = tmp_path_factory.mktemp("demo") / ".demo"
    main(["demo", str(directory), "--ports", free_ports(), "--prepare"])
    return directory


class Run:
    """A demonstration that runs in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], screen: Path, messages: Path) -> None:
        self.process, self._screen, self._messages = process, screen, messages

    @property
    def screen(self) -> str:
        """What was printed so far."""
        return self._screen.read_text()

    def wait_until_ready(self) -> None:
        """Return when the screen is complete; fail if the run ends before."""
        deadline = time.monotonic() + PATIENCE
        while READY not in self.screen:
            assert self.process.poll() is None, self._messages.read_text()
            assert time.monotonic() < deadline, self._messages.read_text()
            time.sleep(0.1)

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the status and what was said."""
        status = self.process.wait(PATIENCE)
        return status, self._messages.read_text()


@contextmanager
def running(directory: Path, ports: str, tmp_path: Path) -> Iterator[Run]:
    """Start `hangu demo`; whatever happens, nothing of it is left afterwards."""
    screen, messages = tmp_path / "screen", tmp_path / "messages"
    with screen.open("w") as out, messages.open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "demo", str(directory), "--ports", ports],
            stdout=out,
            stderr=err,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    try:
        yield Run(process, screen, messages)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def get(url: str, host: str) -> int:
    """Return the status of a page, asked by the name a browser would use."""
    with urllib3.PoolManager(retries=False) as pool:
        headers = {"Host": host, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
        return pool.request("GET", url, headers=headers, redirect=False).status


def listeners(port: int) -> set[str]:
    """Return the addresses that listen on `port`, as the kernel writes them."""
    lines = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    ]
    wanted = f"{port:04X}"
    return {each[1].split(":")[0] for each in lines if each[3] == "0A" and each[1].endswith(wanted)}


def test_the_demonstration_starts_shows_one_screen_and_stops(
    demo_directory: Path, tmp_path: Path
) -> None:
    """Start, look, a second start, stop; on other ports than it was prepared for."""
    ports = free_ports()
    chosen = Ports.parse(ports)
    with running(demo_directory, ports, tmp_path) as run:
        run.wait_until_ready()
        people = json.loads((demo_directory / "people.json").read_text())
        for person in people:
            assert person["password"] in run.screen
            assert person["totp"] in run.screen
            assert person["what_zh"] in run.screen
        for zone in ("intranet", "extranet"):
            host = f"{zone}.localhost:{chosen.gateway(zone)}"
            assert f"http://{host}" in run.screen
            log = (demo_directory / "logs" / f"{zone}.log").read_text()
            assert f"127.0.0.1:{chosen.gateway(zone)}; people reach it at http://{host}" in log
            url = f"http://127.0.0.1:{chosen.gateway(zone)}"
            assert get(f"{url}/health", host) == 200
            assert get(f"{url}/", f"nobody.localhost:{chosen.gateway(zone)}") == 421
        for port in chosen.all():
            assert listeners(port) == {"0100007F"}  # 127.0.0.1
        second = tmp_path / "second"
        second.mkdir()
        with running(demo_directory, free_ports(), second) as other:
            status, said = other.end()
        assert status == 1
        assert "is running already" in said
        run.process.send_signal(signal.SIGINT)
        assert run.end()[0] == 0
    assert not any(listeners(port) for port in chosen.all())


def test_an_address_that_the_user_chose_stays_and_our_own_follows_the_ports(
    demo_directory: Path, tmp_path: Path
) -> None:
    """An nginx of the user's own stands before the intranet; the extranet is as we made it."""
    settings = demo_directory / "intranet" / "hangu.toml"
    before = settings.read_text()
    chosen = "http://intranet.localhost:9443"
    edited = re.sub("(?m)^public_url = .*$", f'public_url = "{chosen}"  # mine', before)
    settings.write_text(f"{edited}\n[session]\nstaff_idle = 600\n")
    ports = free_ports()
    try:
        with running(demo_directory, ports, tmp_path) as run:
            run.wait_until_ready()
            assert f"http://ledger.{chosen.removeprefix('http://')}" in run.screen
        after = load(demo_directory / "intranet")
        assert after.web.public_url == chosen
        assert after.web.listen.port == Ports.parse(ports).intranet
        assert after.session.staff_idle.seconds == 600
        theirs = load(demo_directory / "extranet").web.public_url
        assert theirs == Ports.parse(ports).public_url("extranet")
    finally:
        port = Ports.parse(ports).intranet
        own = re.sub(
            "(?m)^public_url = .*$", f'public_url = "{address_at("intranet", port)}"', before
        )
        settings.write_text(re.sub("(?m)^listen = .*$", f'listen = "127.0.0.1:{port}"', own))


@pytest.mark.parametrize("width", [80, 240])
def test_the_screen_is_readable_at_80_columns_and_no_wider_than_100(
    demo_directory: Path, width: int
) -> None:
    """Nothing that a person copies is broken, and both zones say what each person may do."""
    people = recall(demo_directory)
    told = {zone: address_at(zone, 18100) for zone in ("intranet", "extranet")}
    screen = Console(width=width, record=True, file=io.StringIO())
    demo_screen.show(screen, people, told, datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
    text = screen.export_text()
    assert max(cell_len(line) for line in text.splitlines()) <= min(width, 100)
    lines = text.split()
    for person in people:
        assert {person.login, person.password, person.totp} <= set(lines)
        assert person.what_zh in text
    assert lines.count("http://ledger.intranet.localhost:18100") == 2
    assert "可进公开数据" in text


def test_chinese_texts_of_the_demonstration_have_chinese_punctuation() -> None:
    texts = [path for path in (ROOT / "config" / "demo").iterdir() if path.is_file()]
    for path in texts:
        assert not re.findall("[\u4e00-\u9fff][,:;()]|[,:;()][\u4e00-\u9fff]", path.read_text()), (
            path
        )


def test_a_service_that_dies_ends_the_demonstration_with_a_clear_message(
    demo_directory: Path, tmp_path: Path
) -> None:
    ports = free_ports()
    with running(demo_directory, ports, tmp_path) as run:
        run.wait_until_ready()
        children = json.loads((demo_directory / "children.json").read_text())
        victim = next(pid for pid, what in children.items() if "open-data.db" in what)
        os.kill(int(victim), signal.SIGKILL)
        status, said = run.end()
    assert status == 1
    assert "open-data ended unexpectedly (signal 9)" in said
    assert not any(listeners(port) for port in Ports.parse(ports).all())


def test_what_a_killed_run_left_behind_is_cleared_by_the_next(
    demo_directory: Path, tmp_path: Path
) -> None:
    ports = free_ports()
    first = tmp_path / "first"
    first.mkdir()
    with running(demo_directory, ports, first) as run:
        run.wait_until_ready()
        run.process.kill()
        run.process.wait()
        assert any(listeners(port) for port in Ports.parse(ports).all())
    with running(demo_directory, ports, tmp_path) as run:
        run.wait_until_ready()
    assert not any(listeners(port) for port in Ports.parse(ports).all())


def test_a_busy_port_is_named(demo_directory: Path, tmp_path: Path) -> None:
    ports = free_ports()
    busy = Ports.parse(ports).extranet
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", busy))
        holder.listen()
        with running(demo_directory, ports, tmp_path) as run:
            status, said = run.end()
    assert status == 1
    assert f"Another program is using port {busy}" in said
    assert "HANGU_DEMO_PORTS" in said


@pytest.mark.parametrize("wrong", ["", "8100", "1,2,3,4", "8100,8100,8101,8102", "a,b,c,d"])
def test_ports_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(Trouble):
        Ports.parse(wrong)


def test_secrets_of_the_demonstration_are_its_own_and_private(demo_directory: Path) -> None:
    people = json.loads((demo_directory / "people.json").read_text())
    assert (demo_directory / "people.json").stat().st_mode & 0o777 == 0o600
    for name in ("password", "totp"):
        assert len({person[name] for person in people}) == len(people)
    ours = "\n".join(
        path.read_text() for path in (ROOT / "config" / "demo").iterdir() if path.is_file()
    )
    assert not any(person["password"] in ours or person["totp"] in ours for person in people)


def test_codes_are_the_present_ones(
    demo_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    main(["code", str(demo_directory), "--of", "li.na"])
    assert capsys.readouterr().out.strip().isdecimal()
    main(["code", str(demo_directory)])
    assert "zhang.wei" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["code", str(demo_directory), "--of", "nobody"])
    assert "is not among" in capsys.readouterr().err


def test_a_demonstration_zone_cannot_be_made_to_listen_beyond_loopback(
    demo_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by editing its settings either: it does not start."""
    settings = demo_directory / "extranet" / "hangu.toml"
    before = settings.read_text()
    port = before.split('listen = "127.0.0.1:')[1].split('"')[0]
    settings.write_text(before.replace(f"127.0.0.1:{port}", f"192.0.2.1:{port}"))
    try:
        with pytest.raises(SystemExit):
            main(["serve", str(demo_directory / "extranet")])
        assert "a demonstration listens on loopback" in capsys.readouterr().err
    finally:
        settings.write_text(before)
