"""The envelope of sealed rows and fields: which suite, zone and key, and for which place.

    "EGW1" (4) || suite (1) || zone (1) || key id (4, big-endian) || chunked-encryption bytes

Everything in the header is also in the context, so a flipped header byte is a refusal and never
another suite, zone or key. What is not in the header (purpose, table, column, row, version,
label) must be known to whoever opens: a ciphertext moved elsewhere does not open there.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from gateway.vault import chunked
from gateway.vault.chunked import SUITES, Flaw, Suite, Unopenable

MAGIC = b"EGW1"
PREFIX = len(MAGIC) + 1 + 1 + 4
ZONES = {"intranet": 1, "extranet": 2}


def length_prefixed(*fields: bytes) -> bytes:
    """Join fields so that no two lists give the same bytes: 4-byte big-endian byte lengths."""
    return b"".join([len(field).to_bytes(4, "big") + field for field in fields])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed value belongs. `label` is the label's canonical bytes, or empty.

    `row` is the primary key's bytes (16 of a UUID), `version` the row's version (0 to 2^64-1).
    """

    zone: str
    purpose: str
    table: str
    column: str
    row: bytes
    version: int
    label: bytes = b""

    def __str__(self) -> str:
        return f"{self.zone} {self.purpose} {self.table}.{self.column} {self.row.hex()}"

    def context(self, suite: Suite, key_id: int) -> bytes:
        """The bytes the commitment binds."""
        return length_prefixed(
            bytes([suite.number]),
            self.zone.encode(),
            self.purpose.encode(),
            self.table.encode(),
            self.column.encode(),
            self.row,
            self.version.to_bytes(8, "big"),
            sha256(self.label).digest(),
            key_id.to_bytes(4, "big"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first ten bytes claim, to choose the key by; the context proves it."""

    suite: Suite
    zone: str
    key_id: int

    def __bytes__(self) -> bytes:
        prefix = MAGIC + bytes([self.suite.number, ZONES[self.zone]])
        return prefix + self.key_id.to_bytes(4, "big")

    @classmethod
    def parse(cls, sealed: bytes) -> Self:
        """Read the header. Raises Unopenable on anything but a known suite and zone."""
        if len(sealed) < PREFIX or not sealed.startswith(MAGIC):
            raise Unopenable(Flaw.HEADER)
        suite = SUITES.get(sealed[4])
        zone = next((name for name, number in ZONES.items() if number == sealed[5]), None)
        if suite is None:
            raise Unopenable(Flaw.SUITE)
        if zone is None:
            raise Unopenable(Flaw.ZONE)
        return cls(suite=suite, zone=zone, key_id=int.from_bytes(sealed[6:PREFIX], "big"))


def seal(plaintext: bytes, *, suite: Suite, key: bytes, key_id: int, place: Place) -> bytes:
    """Seal `plaintext` for `place`. `key` is the purpose key of `key_id`."""
    header = Header(suite=suite, zone=place.zone, key_id=key_id)
    context = place.context(suite, key_id)
    return bytes(header) + chunked.encrypt(plaintext, suite=suite, key=key, context=context)


def unseal(sealed: bytes, *, suite: Suite, key: bytes, key_id: int, place: Place) -> bytes:
    """Open what `seal` made with the same arguments. Raises Unopenable, naming the place."""
    if sealed[:PREFIX] != bytes(Header(suite=suite, zone=place.zone, key_id=key_id)):
        raise Unopenable(Flaw.HEADER, str(place))
    context = place.context(suite, key_id)
    try:
        return chunked.decrypt(sealed[PREFIX:], suite=suite, key=key, context=context)
    except Unopenable as refusal:
        raise Unopenable(refusal.flaw, str(place)) from None
