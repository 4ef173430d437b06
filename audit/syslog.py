"""An entry as a syslog message, and the frames that carry messages over TLS.

Source: RFC 5424 (format), RFC 5425 (TLS: octet counting, certificate checks), RFC 6587, 3.4.1.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit import cef, ocsf
from audit.record import leaf_hash
from audit.vocabulary import Outcome

FORMATS: dict[str, Callable[..., bytes]] = {"ocsf": ocsf.line, "cef": cef.line}
_AUDIT_FACILITY = 13
_SEVERITIES = {Outcome.SUCCESS: 6, Outcome.FAILURE: 5, Outcome.DENIED: 4}
_ENTERPRISE = 32473  # RFC 5612: the number for examples; the office has none of its own
_BOM = b"\xef\xbb\xbf"
_PATIENCE = 10.0


def message(entry: bytes, *, index: int, origin: str, form: str = "ocsf") -> bytes:
    """Return a sealed entry as an RFC 5424 message, without a frame.

    Args:
        entry: its canonical bytes.
        index: its number.
        origin: the log's name; its first part is the host name.
        form: of the text part, one of `FORMATS`.

    Raises:
        One of `audit.ocsf.NO_ENTRY`: the bytes are no entry, or `form` is none.
    """
    body: dict[str, Any] = json.loads(entry)
    priority = _AUDIT_FACILITY * 8 + _SEVERITIES[Outcome(body["out"])]
    host = printable(origin.partition("/")[0], 255)
    head = f"<{priority}>1 {body['ts']} {host} hangu - {printable(body['ev'], 32)}"
    data = f'[hangu@{_ENTERPRISE} seq="{index}" leaf="{leaf_hash(entry).hex()}"]'
    text = FORMATS[form](entry, index=index, origin=origin).rstrip(b"\n")
    return f"{head} {data} ".encode("ascii") + _BOM + text


def frame(text: bytes) -> bytes:
    """Return a message with its length in octets before it (RFC 5425, section 4.3)."""
    return str(len(text)).encode("ascii") + b" " + text


def printable(text: str, longest: int) -> str:
    """Return `text` as a header field: PRINTUSASCII, at most `longest`, "-" if empty."""
    return re.sub("[^!-~]", "_", text)[:longest] or "-"


class Line:
    """A TLS connection to a receiver. The receiver's certificate and name are always checked."""

    def __init__(
        self, host: str, port: int, *, authorities: Path | None, own: Path | None = None
    ) -> None:
        context = ssl.create_default_context(cafile=None if authorities is None else authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if own is not None:
            context.load_cert_chain(own)
        plain = socket.create_connection((host, port), timeout=_PATIENCE)
        try:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._socket = context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def send(self, texts: list[bytes]) -> None:
        """Send messages. Raises OSError; how many of them arrived is then not known."""
        self._require_open()
        self._socket.sendall(b"".join(frame(text) for text in texts))

    def _require_open(self) -> None:
        """Notice a receiver that has gone: a first write to it would still succeed."""
        self._socket.settimeout(0.0)
        try:
            if self._socket.recv(1) == b"":
                raise ConnectionResetError("the receiver closed the connection")
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        finally:
            self._socket.settimeout(_PATIENCE)

    def close(self) -> None:
        """Say good-bye, so that what was sent is taken as whole."""
        try:
            self._socket.unwrap().close()
        except OSError:
            self._socket.close()
