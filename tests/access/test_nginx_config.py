"""The written nginx configuration: no value speaks to nginx, files are whole, TLS is strict."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from access_world import KEY, World, service
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from nginx_front import free_port, nginx, nginx_program, require_nginx

from gateway.access.headers import is_spoofable
from gateway.access.nginx import SPOOFABLE, Site, UnwritableSite, write


def site(**values: Any) -> Site:  # noqa: ANN401 - each test changes any value
    usual: dict[str, Any] = {
        "zone": "intranet",
        "public_url": "http://gate.example.cn:8080",
        "listen": ("127.0.0.1:8080",),
        "gateway": "unix:/run/hangu/intranet.sock",
    }
    return Site(**(usual | values))


@pytest.mark.parametrize(
    "values",
    [
        {"zone": "dmz"},
        {"public_url": "gate.example.cn"},
        {"public_url": "http://gate.example.cn/"},
        {"public_url": "http://Gate.example.cn"},
        {"public_url": "http://gate.example.cn; return 200"},
        {"public_url": "https://gate.example.cn"},
        {"listen": ()},
        {"listen": ("80",)},
        {"listen": ("*:80",)},
        {"listen": ("127.0.0.1:80; include /etc/passwd",)},
        {"plain_listen": ("127.0.0.1:80\n",)},
        {"gateway": "127.0.0.1:8000"},
        {"gateway": "unix:relative"},
        {"gateway": "http://x"},
        {"proxy_key": "short"},
        {"proxy_key": 'x" ; proxy_pass http://evil; #' + "y" * 40},
        {"proxy_key": "$http_cookie" + "y" * 40},
        {"user": "root; evil"},
        {"access_log": Path("/var/log/a b")},
        {"error_log": Path("relative")},
        {"upstream_ca": Path("/a;b")},
    ],
    ids=str,
)
def test_values_that_could_speak_to_nginx_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UnwritableSite):
        site(**values)


def test_a_directory_with_spaces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnwritableSite):
        write(tmp_path / "a b", site=site(), services=[])


def test_every_name_taken_out_is_one_that_speaks_of_identity_or_place() -> None:
    assert len({name.lower() for name in SPOOFABLE}) == len(SPOOFABLE)
    assert all(is_spoofable(name) for name in SPOOFABLE)


def test_the_key_stands_in_a_file_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    written = write(
        tmp_path,
        site=site(gateway="127.0.0.1:8000", proxy_key=KEY.decode()),
        services=[service()],
    )

    main, rules, key = written
    assert key.stat().st_mode & 0o777 == 0o600
    assert KEY.decode() in key.read_text()
    assert KEY.decode() not in main.read_text() + rules.read_text()
    assert main.stat().st_mode & 0o007 == 0


def test_files_are_replaced_whole_and_nothing_is_left_over(tmp_path: Path) -> None:
    write(tmp_path, site=site(), services=[service()])
    (first,) = [each for each in tmp_path.iterdir() if each.name == "hangu-intranet.conf"]
    before = first.stat().st_ino

    write(tmp_path, site=site(), services=[])

    assert first.stat().st_ino != before
    assert "ledger" not in first.read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "hangu-intranet.conf",
        "nginx.conf",
        "tmp",
    ]


def test_services_of_the_other_zone_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, site=site(), services=[replace(service(), zone="extranet")])

    assert "ledger" not in (tmp_path / "hangu-intranet.conf").read_text()


@pytest.mark.parametrize("count", [0, 1, 60])
def test_nginx_takes_the_configuration_without_a_word(tmp_path: Path, count: int) -> None:
    require_nginx()
    many = [service(f"service-{number}-with-a-long-name") for number in range(count)]
    many += [service("tls", upstream="https://127.0.0.1:8443", preserve_host=True)]
    many += [service("six", upstream="http://[::1]:80", headers={"X-Forwarded-User": "login"})]
    written = write(tmp_path, site=site(access_log=tmp_path / "access.log"), services=many)

    tested = subprocess.run(
        [nginx_program() or "", "-e", tmp_path / "e", "-p", tmp_path, "-c", written[0], "-t", "-q"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (tested.returncode, tested.stderr) == (0, "")


@pytest.fixture
def secure(tmp_path: Path, small_world: World) -> Iterator[tuple[Site, Path]]:
    """Return a running nginx with TLS, and behind it no gateway at all."""
    require_nginx()
    port, plain = free_port(), free_port()
    certificate, key = certificate_for(tmp_path, "gate.example.cn", "ledger.gate.example.cn")
    made = site(
        public_url=f"https://gate.example.cn:{port}",
        listen=(f"127.0.0.1:{port}",),
        plain_listen=(f"127.0.0.1:{plain}",),
        gateway=f"unix:{tmp_path}/nobody.sock",
        certificate=certificate,
        certificate_key=key,
    )
    write(tmp_path, site=made, services=[small_world.open(service())])
    with nginx(tmp_path, made.listen[0]):
        yield made, certificate


def exchange(made: Site, certificate: Path, name: str, **versions: ssl.TLSVersion) -> bytes:
    context = ssl.create_default_context(cafile=str(certificate))
    for bound, version in versions.items():
        setattr(context, bound, version)
    address = ("127.0.0.1", made.port)
    with (
        socket.create_connection(address, timeout=10) as wire,
        context.wrap_socket(wire, server_hostname=name) as secured,
    ):
        request = f"GET /books HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
        secured.sendall(request.encode())
        data = b""
        while part := secured.recv(65536):
            data += part
        return data


def test_class_14_15_a_gateway_that_is_down_opens_nothing(secure: tuple[Site, Path]) -> None:
    answer = exchange(*secure, "ledger.gate.example.cn")

    assert answer.startswith(b"HTTP/1.1 503")
    assert "网关暂时无法判定".encode() in answer
    assert b"Retry-After: 30" in answer


def test_tls_is_1_3_alone_and_unknown_names_get_no_certificate(secure: tuple[Site, Path]) -> None:
    with pytest.raises(ssl.SSLError, match="protocol version"):
        exchange(*secure, "gate.example.cn", maximum_version=ssl.TLSVersion.TLSv1_2)
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        exchange(*secure, "evil.example")


def test_plain_http_only_sends_known_names_on_to_https(secure: tuple[Site, Path]) -> None:
    made, _ = secure
    port = int(made.plain_listen[0].rpartition(":")[2])
    answers = {}
    for name in ("ledger.gate.example.cn", "evil.example"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
            request = f"GET /a?b=c HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
            wire.sendall(request.encode())
            try:
                answers[name] = wire.recv(65536)
            except ConnectionResetError:
                answers[name] = b""

    place = f"Location: https://ledger.gate.example.cn:{made.port}/a?b=c".encode()
    assert place in answers["ledger.gate.example.cn"]
    assert answers["evil.example"] == b""


def certificate_for(directory: Path, *names: str) -> tuple[Path, Path]:
    """Return the paths of a self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    begin = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = directory / "certificate.pem", directory / "certificate.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


def test_a_zone_without_services_has_a_configuration_too(tmp_path: Path) -> None:
    require_nginx()
    log = tmp_path / "access.log"
    write(tmp_path, site=site(listen=(f"127.0.0.1:{free_port()}",), access_log=log), services=())
    checked = subprocess.run(
        [str(nginx_program()), "-t", "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
