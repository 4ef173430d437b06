"""Which network a request comes from, as rules speak of it: lan, government, vpn or internet.

The zone's settings name the networks of each class; the narrowest that holds an address
counts. Whatever is in none of them, and whatever is no address, is `internet`, the class that
rules trust least. Source: GB/T 22239-2019, 8.1.4.4 (terminals of administrators are limited by
network address).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

ELSEWHERE: Final = "internet"


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks with their classes, the narrowest first; make it by `of`."""

    classes: tuple[tuple[Network, str], ...] = ()

    @classmethod
    def of(cls, classes: Iterable[tuple[Network, str]]) -> Networks:
        """Put them in order."""
        return cls(tuple(sorted(classes, key=lambda each: each[0].prefixlen, reverse=True)))

    @property
    def kinds(self) -> frozenset[str]:
        """The classes that an office's people are sure to come from: those of the settings.

        Without any settings everybody comes from `internet`.
        """
        return frozenset(kind for _, kind in self.classes) or frozenset({ELSEWHERE})

    def kind(self, address: str | None) -> str:
        """Return the class of an address in text, e.g. `10.1.2.3`, `::ffff:10.1.2.3`."""
        try:
            found = ip_address(address or "")
        except ValueError:
            return ELSEWHERE
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return next((kind for network, kind in self.classes if found in network), ELSEWHERE)
