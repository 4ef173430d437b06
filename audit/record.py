"""One entry of the audit log: its canonical bytes, its leaf hash, its personal fields.

The body is UTF-8 JSON in the subset of RFC 8785 that needs no number formatting: ASCII
keys in sorted order, no white space, no floats, integers below 2**53. The leaf hash is
that of RFC 6962, section 2.1. Personal values never stand in the body: the body holds a
salted commitment, the value lies beside it and can be erased without breaking a proof.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from audit.vocabulary import EVENTS, Outcome

Json: TypeAlias = str | int | bool | Sequence["Json"] | Mapping[str, "Json"] | None

FORMAT = 1
MAX_BODY = 65_535  # bytes: an entry bundle counts them in 16 bits (C2SP tlog-tiles)
MAX_TEXT = 256  # characters kept of a longer value, beside its length and hash
MAX_INTEGER = 2**53 - 1
SALT_BYTES = 16
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
)


class UnknownEventError(ValueError):
    """The event's name is not in `audit.vocabulary.EVENTS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted.

    `subject` is `person:<uuid>`, `operator:<user>` or `system:<part>`; `session` the first
    16 hexadecimal digits of the session token's hash; `address` the network address, which
    is personal and enters the log as a commitment; `case` the emergency under which the act
    was done, if it was.
    """

    subject: str
    session: str | None = None
    unit: str | None = None
    address: str | None = None
    case: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is to be recorded. Empty and absent fields leave no key in the body."""

    name: str
    actor: Actor
    at: datetime
    zone: str
    object: str | None = None
    outcome: Outcome = Outcome.SUCCESS
    reason: str | None = None
    service: str | None = None
    decision: str | None = None
    policy: str | None = None
    rules: Sequence[str] = ()
    details: Mapping[str, Json] | None = None
    personal: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A personal value and the salt of its commitment, kept beside the log."""

    field: str
    salt: bytes
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    """An event in its final bytes, ready to be stored."""

    eid: str
    body: bytes
    leaf: bytes
    secrets: tuple[Secret, ...]


def compose(event: Event) -> Record:
    """Return the event's canonical body, leaf hash and separated personal values.

    A value is never a reason to lose an entry: what is too long is kept as its first 256
    characters, its length and its SHA-256.

    Raises:
        UnknownEventError: the name is not in the vocabulary.
        TypeError, ValueError: a value is a float, or an integer of 2**53 or more.
    """
    kind = EVENTS.get(event.name)
    if kind is None:
        raise UnknownEventError(event.name)
    personal = dict(event.personal or {})
    if event.actor.address:
        personal.setdefault("src_ip", event.actor.address)
    kept = tuple(_secret(field, value) for field, value in sorted(personal.items()))
    eid = _eid(event.at)
    fields: dict[str, Json] = {
        "v": FORMAT,
        "eid": eid,
        "ev": event.name,
        "cls": kind.class_uid,
        "act": kind.activity,
        "ts": timestamp(event.at),
        "zone": event.zone,
        "sub": event.actor.subject,
        "out": event.outcome.value,
        "sid": event.actor.session,
        "unit": event.actor.unit,
        "case": event.actor.case,
        "obj": event.object,
        "why": event.reason,
        "svc": event.service,
        "did": event.decision,
        "pv": event.policy,
        "rules": list(event.rules) or None,
        "d": dict(event.details or {}) or None,
        "c": {secret.field: commitment(secret) for secret in kept} or None,
    }
    body = _fit({key: value for key, value in fields.items() if value is not None})
    return Record(eid=eid, body=body, leaf=leaf_hash(body), secrets=kept)


def canonical(value: Json) -> bytes:
    """Return the RFC 8785 bytes of `value`, whose texts are kept whole."""
    return _ENCODER.encode(value).encode()


def leaf_hash(body: bytes) -> bytes:
    """Return SHA-256(0x00 || body), 32 bytes (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + body).digest()


def commitment(secret: Secret) -> str:
    """Return base64(SHA-256("gw-field-v1", NUL, field, NUL, salt, value)).

    The field's name is inside, so that one value in two fields shows no likeness.
    """
    prefix = b"gw-field-v1\x00" + secret.field.encode() + b"\x00"
    return b64encode(hashlib.sha256(prefix + secret.salt + secret.value.encode()).digest()).decode()


def timestamp(at: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds, e.g. 2026-01-05T08:00:00.000Z."""
    if at.tzinfo is None:
        raise ValueError("a recorded time needs its zone")
    return f"{at.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"


def _eid(at: datetime) -> str:
    """Return 32 hexadecimal digits: 48 bits of milliseconds since 1970, 80 random ones.

    Ids that rise with time keep their index dense, and a commit writes the index's last page
    instead of any of them. Source: the layout of a ULID (github.com/ulid/spec).
    """
    return f"{max(0, int(at.timestamp() * 1000)):012x}{secrets.token_hex(10)}"


def _secret(field: str, value: str) -> Secret:
    return Secret(field=field, salt=secrets.token_bytes(SALT_BYTES), value=_well_formed(value))


def _fit(fields: dict[str, Json]) -> bytes:
    body = canonical({key: bounded(value) for key, value in fields.items()})
    # Only `d` and `rules` have no bound of their own; the larger goes first.
    for key in ("d", "rules"):
        if len(body) <= MAX_BODY:
            break
        whole = canonical(fields[key]) if key in fields else b""
        fields[key] = {"len": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
        body = canonical(bounded(fields))
    return body


def bounded(value: Json) -> Json:
    """Return a value as an entry keeps it: texts of over 256 characters shortened."""
    # The usual kinds first, by their own types: this runs for every value of every entry.
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT and value.isascii() else _bounded_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError(f"an integer of 2**53 or more cannot be recorded: {value}")
        return value
    if isinstance(value, dict | Mapping):
        return {_key(name): bounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple | Sequence):
        return [bounded(item) for item in value]
    raise TypeError(f"cannot be recorded: {type(value).__name__}")


def _bounded_text(text: str) -> Json:
    text = _well_formed(text)
    if len(text) <= MAX_TEXT:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"len": len(text), "pre": text[:MAX_TEXT], "sha256": digest}


def _well_formed(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot carry."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _key(name: str) -> str:
    if not name.isascii():
        raise ValueError(f"a recorded key must be ASCII: {name!r}")
    return name
