"""The key ring of one zone: versions of the zone key, wrapped by the root, in `keyring.json`.

Each version is wrapped in the chunked format under a key from the root, with the context
`keywrap|zone|key id`; the plaintext is the suite's number and 32 random bytes. The whole file
carries an HMAC under another key from the root, so that nobody can quietly turn `current` back
to an old version.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from secrets import token_bytes
from typing import Any, ClassVar, Self

from gateway.refusals import Refused
from gateway.vault import chunked
from gateway.vault.chunked import AES_256, SUITES, Suite, Unopenable, expand
from gateway.vault.envelope import ZONES, length_prefixed
from gateway.vault.files import (
    PRIVATE_DIRECTORY,
    PRIVATE_FILE,
    locked,
    read_private,
    replace_private,
)
from gateway.vault.roots import Parameters, Root, RootRefused
from gateway.vault.vault import Vault, ZoneKey

FILE = "keyring.json"
FORMAT = "hangu-keyring-1"
ZONE_KEY_BYTES = 32
MAX_KEY_ID = 2**32 - 1
_MAX_FILE = 1 << 20


class KeyRingExists(Refused):
    """There is a key ring already; making another would orphan everything it sealed."""

    code: ClassVar[str] = "keyring_exists"


class KeyRingMissing(Refused):
    """There is no key ring in that directory."""

    code: ClassVar[str] = "keyring_missing"


class KeyRingDamaged(Refused):
    """The key ring's file is not one that this program writes."""

    code: ClassVar[str] = "keyring_damaged"


class KeyRingOfAnotherZone(Refused):
    """No process opens the keys of both zones."""

    code: ClassVar[str] = "keyring_of_another_zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ring:
    """The file's content. `suite` is the number of the suite that wraps."""

    zone: str
    root: Parameters
    suite: int
    current: int
    stable: int
    keys: dict[str, str]
    """Key id in decimal -> wrapped key in hex."""

    def fields(self) -> dict[str, object]:
        return {"format": FORMAT, **asdict(self)}

    def text(self) -> str:
        return json.dumps(self.fields(), sort_keys=True)

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> Self:
        if fields.pop("format", None) != FORMAT:
            raise ValueError("not a key ring of this format")
        ring = cls(**fields)
        numbers = (ring.suite, ring.current, ring.stable)
        if ring.zone not in ZONES or not all(type(number) is int for number in numbers):
            raise ValueError("fields of the wrong kind")
        if not isinstance(ring.root, dict) or ring.suite not in SUITES:
            raise ValueError("unknown root or suite")
        if not {str(ring.current), str(ring.stable)} <= ring.keys.keys():
            raise ValueError("names a key it does not hold")
        return ring


@dataclass(frozen=True, slots=True)
class _RootKeys:
    """What the root gives one zone: a wrapping key and the file's MAC key."""

    zone: str
    suite: Suite
    secret: bytes = field(repr=False)

    def _key(self, use: bytes, length: int) -> bytes:
        info = length_prefixed(b"hangu-keyring", self.zone.encode(), use)
        return expand(self.suite, self.secret, info, length)

    def mac(self, text: str) -> str:
        name = self.suite.index_hash.name
        return hmac.digest(self._key(b"mac", 32), text.encode(), name).hex()

    def wrap(self, key_id: int, key: ZoneKey) -> str:
        plaintext = bytes([key.suite.number]) + key.secret
        wrapping_key = self._key(b"keywrap", self.suite.key_size)
        context = self._context(key_id)
        return chunked.encrypt(plaintext, suite=self.suite, key=wrapping_key, context=context).hex()

    def unwrap(self, key_id: int, wrapped: str) -> ZoneKey:
        wrapping_key = self._key(b"keywrap", self.suite.key_size)
        context = self._context(key_id)
        plaintext = chunked.decrypt(
            bytes.fromhex(wrapped), suite=self.suite, key=wrapping_key, context=context
        )
        return ZoneKey(suite=SUITES[plaintext[0]], secret=plaintext[1:])

    def _context(self, key_id: int) -> bytes:
        return f"keywrap|{self.zone}|{key_id}".encode()


def create_keyring(directory: Path, *, zone: str, root: Root, suite: Suite = AES_256) -> Vault:
    """Make a zone's key ring with one key, and open it.

    The directory is made (0700) when it is missing. Raises KeyRingExists, UnsafeFile (key
    file), PassphraseTooShort; ValueError on an unknown zone.
    """
    if zone not in ZONES:
        raise ValueError(f"unknown zone {zone!r}")
    directory = Path(directory)
    directory.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    with locked(directory) as descriptor:
        if (directory / FILE).exists():
            raise KeyRingExists(str(directory / FILE))
        parameters = root.parameters()
        keys = _RootKeys(zone, suite, root.unlock(parameters))
        wrapped = keys.wrap(1, _new_key(suite))
        ring = _Ring(
            zone=zone, root=parameters, suite=suite.number, current=1, stable=1, keys={"1": wrapped}
        )
        _write(directory, ring, keys, descriptor)
    return _opened(ring, keys)


def open_keyring(directory: Path, *, zone: str, root: Root) -> Vault:
    """Open a zone's key ring.

    Raises KeyRingMissing, KeyRingDamaged, KeyRingOfAnotherZone, RootRefused (wrong passphrase
    or key file, or somebody edited the file), UnsafeFile (wrong owner or mode).
    """
    ring, keys = _read(Path(directory), zone=zone, root=root)
    return _opened(ring, keys)


def rotate_keyring(directory: Path, *, zone: str, root: Root, suite: Suite | None = None) -> Vault:
    """Add a new key version and seal under it from now on; the old ones still open.

    `suite` changes the suite of new values (None keeps it). Blind indexes and derived keys stay
    as they are. Raises as `open_keyring`.
    """
    directory = Path(directory)
    with locked(directory) as descriptor:
        ring, keys = _read(directory, zone=zone, root=root)
        key_id = max(map(int, ring.keys)) + 1
        if key_id > MAX_KEY_ID:
            raise ValueError("no key id is left")
        new = _new_key(suite or keys.unwrap(ring.current, ring.keys[str(ring.current)]).suite)
        wrapped = {**ring.keys, str(key_id): keys.wrap(key_id, new)}
        ring = replace(ring, current=key_id, keys=wrapped)
        _write(directory, ring, keys, descriptor)
    return _opened(ring, keys)


def _new_key(suite: Suite) -> ZoneKey:
    return ZoneKey(suite=suite, secret=token_bytes(ZONE_KEY_BYTES))


def _write(directory: Path, ring: _Ring, keys: _RootKeys, descriptor: int) -> None:
    document = {"mac": keys.mac(ring.text()), "ring": ring.fields()}
    content = json.dumps(document, sort_keys=True, indent=1).encode()
    replace_private(directory / FILE, [content], directory=descriptor)


def _read(directory: Path, *, zone: str, root: Root) -> tuple[_Ring, _RootKeys]:
    path = directory / FILE
    try:
        content = read_private(path, modes={PRIVATE_FILE, 0o400}, limit=_MAX_FILE)
    except FileNotFoundError:
        raise KeyRingMissing(str(path)) from None
    try:
        document = json.loads(content)
        mac, ring = bytes.fromhex(document["mac"]), _Ring.parse(document["ring"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise KeyRingDamaged(f"{path}: {error}") from None
    if ring.zone != zone:
        raise KeyRingOfAnotherZone(f"{path}: a key ring of {ring.zone}, asked for {zone}")
    keys = _RootKeys(zone, SUITES[ring.suite], root.unlock(ring.root))
    if not hmac.compare_digest(bytes.fromhex(keys.mac(ring.text())), mac):
        raise RootRefused(f"{path}: another root made this file, or it was edited")
    return ring, keys


def _opened(ring: _Ring, keys: _RootKeys) -> Vault:
    try:
        opened = {int(key_id): keys.unwrap(int(key_id), text) for key_id, text in ring.keys.items()}
    except (Unopenable, ValueError) as error:
        raise KeyRingDamaged(str(error)) from None
    return Vault(zone=ring.zone, current=ring.current, stable=ring.stable, _keys=opened)
