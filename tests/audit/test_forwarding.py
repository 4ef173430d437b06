"""The copy by syslog over TLS, to Debian's own rsyslog: in order, resumed, counted."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kept_log import aged, agree, prune
from sealed_log import SealedLog

from audit.forwarding import Forwarding, Receiver, progress, waiting

MODULE = "lmnsd_gtls.so"
RSYSLOGD = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._built(self._name, self._key.public_key(), is_authority=True, host=None)
        self.file = directory / f"{name}.pem"
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str) -> tuple[Path, Path]:
        """A certificate for an IP address, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        made = self._built(name, key.public_key(), is_authority=False, host=host)
        paths = self.directory / f"{host}.crt", self.directory / f"{host}.key"
        paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths

    def _built(
        self,
        name: x509.Name,
        public: ec.EllipticCurvePublicKey,
        *,
        is_authority: bool,
        host: str | None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if host is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Rsyslog:
    """Debian's rsyslogd, taking syslog over TLS into a file."""

    def __init__(self, directory: Path, authority: Authority) -> None:
        self.port, self.file = free_port(), directory / "received"
        certificate, key = authority.issue("127.0.0.1")
        self._pid, self._config = directory / "pid", directory / "rsyslog.conf"
        self._config.write_text(
            f"""
global(workDirectory="{directory}" defaultNetstreamDriver="gtls"
       defaultNetstreamDriverCAFile="{authority.file}"
       defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"
       maxFrameSize="131072")
global(maxMessageSize="128k")
template(name="whole" type="string" string="%rawmsg%\\n")
input(type="imtcp" address="127.0.0.1" port="{self.port}")
action(type="omfile" file="{self.file}" template="whole")
"""
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self.process = subprocess.Popen(
            [str(RSYSLOGD), "-n", "-f", str(self._config), "-i", str(self._pid)],
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def lines(self, count: int) -> list[str]:
        """What it has written, once there are so many lines."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self.file.read_text().splitlines() if self.file.exists() else []
            if len(found) >= count:
                return found
            time.sleep(0.05)
        return found


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that vouches for the receiver."""
    return Authority(tmp_path, "authority")


@pytest.fixture
def rsyslog(
    tmp_path: Path, authority: Authority, missing: Callable[[str], None]
) -> Iterator[Rsyslog]:
    """A running rsyslog."""
    modules = [*Path("/usr/lib").glob(f"*/rsyslog/{MODULE}"), Path("/usr/lib/rsyslog") / MODULE]
    if RSYSLOGD is None or not any(each.exists() for each in modules):
        missing("rsyslog with its TLS module (Debian: apt-get install rsyslog rsyslog-gnutls)")
    directory = tmp_path / "rsyslog"
    directory.mkdir()
    running = Rsyslog(directory, authority)
    running.start()
    yield running
    running.stop()


def forwarding(
    log: SealedLog, port: int, authorities: Path, *, host: str = "127.0.0.1", form: str = "ocsf"
) -> Forwarding:
    return Forwarding(
        Receiver(host=host, port=port, form=form, authorities=authorities),
        log.directory / "forwarding",
        origin="gate.example/audit",
        ledger=log.ledger,
        read=log.store.read,
        clock=lambda: log.now,
    )


def numbers(received: list[str]) -> list[int]:
    found = [
        re.search(r'\[hangu@32473 seq="(\d+)" leaf="[0-9a-f]{64}"\]', line) for line in received
    ]
    assert all(found)
    return [int(each[1]) for each in found if each]


def test_every_sealed_entry_arrives_once_in_order(
    sealed: SealedLog, rsyslog: Rsyslog, authority: Authority
) -> None:
    sealed.write(450)
    sealed.seal()
    sealed.write(7)  # not sealed yet: not sent yet
    sender = forwarding(sealed, rsyslog.port, authority.file)
    assert sender.once()
    received = rsyslog.lines(sealed.size)
    assert numbers(received) == list(range(sealed.size))
    assert received[0].startswith(
        "<110>1 2026-11-22T06:00:00.000Z gate.example hangu - unit.created"
    )
    assert '"class_uid":3004' in received[0]
    sealed.seal()
    assert sender.once()
    assert numbers(rsyslog.lines(sealed.size)) == list(range(sealed.size))
    sender.stop()
    with sealed.store.read.connect() as connection:
        state = progress(connection)
        assert (state.next, state.sent, state.lost, state.problem) == (sealed.size,) * 2 + (0, "")
        assert waiting(connection) == 0


def test_a_receiver_that_is_away_is_counted_and_nothing_is_lost(
    sealed_file: SealedLog, rsyslog: Rsyslog, authority: Authority
) -> None:
    sealed_file.write(5)
    sealed_file.seal()
    sender = forwarding(sealed_file, rsyslog.port, authority.file)
    assert sender.once()
    first = sealed_file.size
    rsyslog.lines(first)
    rsyslog.stop()
    sealed_file.write(5)
    sealed_file.seal()
    for _ in range(3):
        assert not sender.once()
    with sealed_file.store.read.connect() as connection:
        state = progress(connection)
        assert (state.next, state.failures) == (first, 3)
        assert state.problem
        assert waiting(connection) == sealed_file.size - first
    rsyslog.start()
    again = forwarding(sealed_file, rsyslog.port, authority.file)  # another process
    assert again.once()
    assert set(numbers(rsyslog.lines(sealed_file.size))) == set(range(sealed_file.size))
    for each in (sender, again):
        each.stop()


def test_what_was_pruned_before_it_could_go_is_counted_as_lost(
    sealed_file: SealedLog, rsyslog: Rsyslog, authority: Authority
) -> None:
    aged(sealed_file)
    agree(sealed_file)
    prune(sealed_file)
    sender = forwarding(sealed_file, rsyslog.port, authority.file, form="cef")
    assert sender.once()
    sender.stop()
    with sealed_file.store.read.connect() as connection:
        state = progress(connection)
    assert (state.lost, state.sent + state.lost) == (512, sealed_file.size)
    assert "CEF:0|Hangu|Hangu|1|" in rsyslog.lines(state.sent)[0]


def test_attack_a_receiver_of_another_authority_gets_nothing(
    sealed_file: SealedLog, rsyslog: Rsyslog, tmp_path: Path
) -> None:
    sealed_file.write(5)
    sealed_file.seal()
    stranger = Authority(tmp_path, "stranger")
    sender = forwarding(sealed_file, rsyslog.port, stranger.file)
    assert not sender.once()
    with sealed_file.store.read.connect() as connection:
        assert "certificate" in progress(connection).problem.lower()
    assert not rsyslog.file.exists()


def test_attack_a_certificate_for_another_name_gets_nothing(
    sealed_file: SealedLog, rsyslog: Rsyslog, authority: Authority
) -> None:
    sealed_file.write(5)
    sealed_file.seal()
    assert not forwarding(sealed_file, rsyslog.port, authority.file, host="localhost").once()
    assert not rsyslog.file.exists()


def test_attack_a_receiver_without_tls_gets_nothing(
    sealed_file: SealedLog, authority: Authority
) -> None:
    sealed_file.write(5)
    sealed_file.seal()
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        sender = forwarding(sealed_file, server.getsockname()[1], authority.file)

        def listen() -> None:
            connection, _ = server.accept()
            heard.append(connection.recv(65536))
            connection.sendall(b"hello\n")
            connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        assert not sender.once()
        thread.join()
    assert b"unit.created" not in b"".join(heard)


def test_an_idle_forwarder_touches_nothing(sealed_file: SealedLog, authority: Authority) -> None:
    sender = forwarding(sealed_file, 1, authority.file)
    assert sender.once()  # no connection was tried: port 1 would have failed
