"""The four ports of the demonstration, on loopback and nowhere else."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Self

from gateway.cli.trouble import Trouble

LOOPBACK = "127.0.0.1"
VARIABLE = "HANGU_DEMO_PORTS"
STANDARD = "8100,8101,8200,8201"
_HOW = f"{VARIABLE}=18100,18101,18200,18201 make run chooses others."
_UNPRIVILEGED = range(1024, 65536)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """A gateway and a service port for each zone."""

    intranet: int
    ledger: int
    extranet: int
    open_data: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read four different port numbers, joined by commas. Raises Trouble."""
        parts = [part.strip() for part in text.split(",")]
        numbers = [int(part) for part in parts if part.isascii() and part.isdecimal()]
        usable = all(number in _UNPRIVILEGED for number in numbers)
        if len(parts) != 4 or len(set(numbers)) != 4 or not usable:  # noqa: PLR2004 - four it is
            raise Trouble(f"{text!r} are not four different ports, 1024 to 65535.", _HOW)
        return cls(
            intranet=numbers[0], ledger=numbers[1], extranet=numbers[2], open_data=numbers[3]
        )

    def all(self) -> tuple[int, ...]:
        """Every port."""
        return (self.intranet, self.ledger, self.extranet, self.open_data)

    def public_url(self, zone: str) -> str:
        """Where people find the gateway of `zone`."""
        return address_at(zone, self.gateway(zone))

    def gateway(self, zone: str) -> int:
        """The port of the gateway of `zone`."""
        return self.intranet if zone == "intranet" else self.extranet

    def service(self, zone: str) -> int:
        """The port of the service behind the gate of `zone`."""
        return self.ledger if zone == "intranet" else self.open_data

    def upstream(self, zone: str) -> str:
        """Where the gateway of `zone` finds the service."""
        return f"http://{LOOPBACK}:{self.service(zone)}"


def address_at(zone: str, port: int | None) -> str:
    """The address the demonstration gives the gateway of `zone` at `port`."""
    return f"http://{zone}.localhost:{port}"


def require_free(ports: Ports) -> None:
    """Raise Trouble naming every port that another program holds."""
    busy = [port for port in ports.all() if not _free(port)]
    if busy:
        numbers = ", ".join(str(port) for port in busy)
        raise Trouble(
            f"Another program is using port {numbers} on {LOOPBACK}.",
            f"Stop it (perhaps an older make run), or: {_HOW}",
        )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
