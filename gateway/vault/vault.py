"""One zone's keys, opened: seal, open, blind, derive. The only holder of key bytes at run time."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.vault import envelope
from gateway.vault.chunked import Flaw, Suite, Unopenable, expand
from gateway.vault.envelope import Header, Place, length_prefixed

DATA = "data"
"""The purpose of sealed columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneKey:
    """One version of the zone's key encryption key: 32 random bytes, and the suite it serves."""

    suite: Suite
    secret: bytes = field(repr=False)

    def purpose_key(self, use: str, name: str, *, zone: str, key_id: int, length: int) -> bytes:
        """HKDF-Expand of this key; `use` keeps sealing, indexes and derived keys apart."""
        fields = (b"hangu", zone.encode(), key_id.to_bytes(4, "big"), use.encode(), name.encode())
        return expand(self.suite, self.secret, length_prefixed(*fields), length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """One zone's open key ring.

    New values are sealed under `current`; old ones open under the key their header names, never
    by trial. `stable` is the key of blind indexes and derived keys: a rotation leaves it where
    it is, since moving it means computing every index again.
    """

    zone: str
    current: int
    stable: int
    _keys: Mapping[int, ZoneKey] = field(repr=False)
    _made: dict[tuple[str, str, int], bytes] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Stable keys made so far: a session's look-up checks two of their MACs."""

    def seal(
        self,
        plaintext: bytes,
        *,
        purpose: str,
        table: str,
        column: str,
        row: bytes,
        version: int,
        label: bytes = b"",
    ) -> bytes:
        """Seal `plaintext` (any length) for one place; adds 82 bytes to a short value.

        `row` is the row's identity in bytes, `version` its row version, `label` the canonical
        bytes of its label. The same place must be given to `open`.
        """
        place = Place(
            zone=self.zone,
            purpose=purpose,
            table=table,
            column=column,
            row=row,
            version=version,
            label=label,
        )
        suite, key = self._sealing_key(self.current, purpose)
        return envelope.seal(plaintext, suite=suite, key=key, key_id=self.current, place=place)

    def open(
        self,
        sealed: bytes,
        *,
        purpose: str,
        table: str,
        column: str,
        row: bytes,
        version: int,
        label: bytes = b"",
    ) -> bytes:
        """Open what `seal` gave for the same place. Raises Unopenable, naming the place."""
        place = Place(
            zone=self.zone,
            purpose=purpose,
            table=table,
            column=column,
            row=row,
            version=version,
            label=label,
        )
        try:
            key_id = self._admit(Header.parse(sealed))
        except Unopenable as refusal:
            raise Unopenable(refusal.flaw, str(place)) from None
        suite, key = self._sealing_key(key_id, purpose)
        return envelope.unseal(sealed, suite=suite, key=key, key_id=key_id, place=place)

    def blind(self, column: str, value: str) -> bytes:
        """A 32-byte keyed digest of `value`, equal for values that differ only in letter case.

        For equality look-ups of the sealed `column` ("person.login"), each with its own key.
        Canonical caseless matching (Unicode 3.13, D145), so composed and decomposed agree.
        """
        key = self._stable_key("index", column, 32)
        folded = unicodedata.normalize("NFD", value).casefold()
        normal = unicodedata.normalize("NFC", folded).encode()
        return hmac.digest(key, normal, self._keys[self.stable].suite.index_hash.name)

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """`length` secret bytes for a purpose outside the vault (CSRF, an assertion seed)."""
        return self._stable_key("derive", purpose, length)

    def mac(self, use: str, *fields: bytes) -> bytes:
        """A 32-byte keyed digest (HMAC) of fields, each with its own length, for one `use`.

        It shows that this zone wrote a row: whoever can write the database has no key.
        """
        key = self._stable_key("mac", use, 32)
        name = self._keys[self.stable].suite.index_hash.name
        return hmac.digest(key, length_prefixed(*fields), name)

    def key_id_of(self, sealed: bytes) -> int:
        """The key version that sealed `sealed`, to find rows still under an old one."""
        return self._admit(Header.parse(sealed))

    def _admit(self, header: Header) -> int:
        if header.zone != self.zone:
            raise Unopenable(Flaw.ZONE)
        key = self._keys.get(header.key_id)
        if key is None:
            raise Unopenable(Flaw.KEY)
        # The key decides the suite, not the header: no downgrade by editing one byte.
        if header.suite != key.suite:
            raise Unopenable(Flaw.SUITE)
        return header.key_id

    def _sealing_key(self, key_id: int, purpose: str) -> tuple[Suite, bytes]:
        key = self._keys[key_id]
        size = key.suite.key_size
        made = key.purpose_key("seal", purpose, zone=self.zone, key_id=key_id, length=size)
        return key.suite, made

    def _stable_key(self, use: str, name: str, length: int) -> bytes:
        made = self._made.get((use, name, length))
        if made is None:
            key = self._keys[self.stable]
            made = key.purpose_key(use, name, zone=self.zone, key_id=self.stable, length=length)
            self._made[use, name, length] = made
        return made
