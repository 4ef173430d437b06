"""The sealer as a process of its own with its own account; what operators are told of sealing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cli_terminal import Terminal
from sqlalchemy import create_engine, make_url, text

from audit import alarms, record
from audit.vouching import Voucher
from config.settings import load
from gateway.cli.office import opened
from gateway.cli.zone import now, operator
from gateway.office import Office, compose
from gateway.store.brake import PrivilegedHeld, WritesHeld

SETTINGS = """
[zone]
name = "intranet"
office = "河山局"
[web]
public_url = "https://gate.example.cn"
listen = "unix:run/gateway.sock"
[database]
url = "{url}"
[sealing]
process = "own"
socket = "{directory}/announce.sock"
"""


def wait_until(fulfilled: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not fulfilled():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def waiting(office: Office) -> int:
    """How many entries are not sealed."""
    with office.store.reading() as session:
        query = text("SELECT count(*) FROM audit_event WHERE seq IS NULL")
        return int(session.execute(query).scalar_one())


def plain(url: str) -> str:
    """The URL as settings write it."""
    return url.replace("+psycopg", "")


@contextmanager
def sealer(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([
        *(sys.executable, "-m", "gateway.cli", "audit", "seal", str(directory)),
    ])  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture
def own(empty_postgresql: str, tmp_path: Path, terminal: Terminal) -> tuple[Path, Path, str]:
    """A zone on PostgreSQL whose gateway and sealer have accounts of their own.

    Returns the gateway's directory, the sealer's, and the owner's URL.
    """
    gateway, seals = tmp_path / "gateway", tmp_path / "seals"
    terminal.run(
        *("init", str(gateway), "--zone", "intranet", "--office", "河山局"),
        *("--public-url", "https://gate.example.cn", "--system-admin", "wang:王建"),
        *("--security-admin", "chen:陈敏", "--auditor", "zhao:赵磊"),
        *("--database", plain(empty_postgresql)),
    )
    script = terminal.run("audit", "accounts", str(gateway))
    owner = create_engine(empty_postgresql, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(script)
    owner.dispose()

    def as_role(name: str) -> str:
        url = make_url(empty_postgresql).set(username=name)
        return plain(url.render_as_string(hide_password=False))

    seals.mkdir(mode=0o700)
    (seals / "hangu.toml").write_text(SETTINGS.format(url=as_role("gw_seal"), directory=seals))
    (seals / "hangu.toml").chmod(0o600)
    file = gateway / "hangu.toml"
    file.write_text(
        file.read_text().replace(plain(empty_postgresql), as_role("gw_app"))
        + f'\n[sealing]\nprocess = "own"\ndirectory = "{seals}/sealer"\n'
        + f'socket = "{seals}/announce.sock"\n'
    )
    return gateway, seals, empty_postgresql


def test_a_sealer_of_its_own_seals_what_the_gateways_account_recorded(
    own: tuple[Path, Path, str], terminal: Terminal
) -> None:
    gateway, seals, _ = own
    with sealer(seals), opened(gateway) as office:
        wait_until((seals / "announce.sock").exists)
        office.ledger.append("decision.denied", actor=operator(), now=now())
        wait_until(lambda: waiting(office) == 0)
        assert "INTACT" in terminal.run("audit", "verify", str(gateway))
        assert "sealed log" in terminal.run("check", str(gateway))


def test_what_a_superuser_deletes_before_it_is_sealed_is_missed_aloud(
    own: tuple[Path, Path, str], terminal: Terminal
) -> None:
    """The sealer is another process; the record is gone between its commit and its sealing."""
    gateway, seals, owner_url = own
    owner = create_engine(owner_url)
    with sealer(seals), opened(gateway) as office:
        wait_until((seals / "announce.sock").exists)
        with owner.begin() as connection:  # whoever owns the database can make the sealer wait
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text("SELECT * FROM log_state FOR UPDATE"))
            eid = office.ledger.append("decision.denied", actor=operator(), now=now())
            connection.execute(text("DELETE FROM audit_event WHERE eid = :eid"), {"eid": eid})
        wait_until(lambda: bool(alarms.every(office.store.read)))
        assert [each.eid for each in alarms.every(office.store.read)] == [eid]
        assert eid[:8] in terminal.run("audit", "missing", str(gateway))
        assert "gone before they were sealed" in terminal.run("check", str(gateway))
        said = terminal.run("audit", "missing", str(gateway), "--seen", "case 7 is open")
        assert "1 alarms" in said
        wait_until(lambda: office.brake.health().well)
    owner.dispose()


def test_what_a_superuser_writes_past_the_gateway_is_called_out(
    own: tuple[Path, Path, str], terminal: Terminal
) -> None:
    """The sealer, which has no key of the zone, pinned the gateway's when it first heard of it."""
    gateway, seals, owner_url = own
    owner = create_engine(owner_url)
    with sealer(seals), opened(gateway) as office:
        wait_until((seals / "announce.sock").exists)
        office.ledger.append("decision.denied", actor=operator(), now=now())
        wait_until((seals / "sealer" / "voucher").exists)
        assert "differ" not in terminal.run("audit", "voucher", str(gateway))
        event = record.Event(name="unit.created", actor=operator(), at=now(), zone="intranet")
        made = record.compose(event)
        row = {"e": made.eid, "b": made.body, "l": made.leaf}
        statement = "INSERT INTO audit_event (eid, body, leaf, created) VALUES (:e, :b, :l, now())"
        with owner.begin() as connection:
            connection.execute(text(statement), row)
        wait_until(lambda: bool(alarms.every(office.store.read)))
        (alarm,) = alarms.every(office.store.read)
        assert (alarm.kind, alarm.eid) == ("unannounced", made.eid)
        assert "not written by the gateway" in terminal.run("check", str(gateway))
    owner.dispose()


def test_the_sealer_takes_another_key_only_when_an_operator_pins_it(
    own: tuple[Path, Path, str], terminal: Terminal
) -> None:
    gateway, seals, _ = own
    other = str(Voucher(bytes(32), zone="intranet").vkey)
    with sealer(seals), opened(gateway) as office:
        wait_until((seals / "announce.sock").exists)
        office.ledger.append("decision.denied", actor=operator(), now=now())
        wait_until((seals / "sealer" / "voucher").exists)
    refused = terminal.fails("audit", "voucher", str(seals), "--pin", "garbage")
    assert "NAME+ID+BASE64" in refused
    terminal.run("audit", "voucher", str(seals), "--pin", other)
    assert other in terminal.run("audit", "voucher", str(gateway))


def test_sqlite_has_no_accounts_and_says_so(terminal: Terminal) -> None:
    assert "SQLite has no accounts" in terminal.fails("audit", "accounts", str(terminal.zone))
    assert "never raised an alarm" in terminal.run("audit", "missing", str(terminal.zone))


def test_a_running_zone_is_held_and_the_terminal_is_not(terminal: Terminal) -> None:
    later = now() + timedelta(seconds=100)
    store, office = compose(load(terminal.zone), clock=lambda: later, running=True)
    with pytest.raises(PrivilegedHeld):
        office.ledger.append("grant.given", actor=operator(), now=now())
    office.ledger.append("decision.denied", actor=operator(), now=now())
    store.close()
    later += timedelta(seconds=300)
    store, office = compose(load(terminal.zone), clock=lambda: later, running=True)
    with pytest.raises(WritesHeld):
        office.ledger.append("decision.denied", actor=operator(), now=now())
    store.close()
    with opened(terminal.zone) as at_the_terminal:
        at_the_terminal.ledger.append("grant.given", actor=operator(), now=now())


def test_check_says_that_nobody_seals_and_lets_the_zone_start_all_the_same(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = now() + timedelta(hours=1)
    monkeypatch.setattr(compose, "__kwdefaults__", {"clock": lambda: later, "running": False})
    said = terminal.run("check", str(terminal.zone))
    assert "! sealed log: entries wait for sealing since" in said
    assert "no sealer is running" in said
    assert "✗" not in said
