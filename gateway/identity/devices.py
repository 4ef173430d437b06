"""Browsers that are known: each keeps a budget of its own, which no stranger can use up.

After a full sign-in the browser is given a token: 16 random bytes and the first 16 of their
HMAC together with the blind index of the person's name. So a cookie that was made up, or that
belongs to somebody else, is told from one's own without asking the database, and a stranger's
attempt costs the same for every name. The table holds the token's SHA-256. Every sign-in
replaces the token: a copy of an older one is worth nothing. The cookie may carry several
people's tokens, for the desks that a shift shares.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as OrmSession

from gateway.identity import tokens
from gateway.identity.statements import changed
from gateway.identity.tables import Person
from gateway.identity.tables_guards import Device
from gateway.vault import Vault

LIFE = timedelta(days=180)
"""How long a browser stays known after its last full sign-in."""

PEOPLE = 4
"""Most people whose tokens one browser keeps; the one who was here longest ago goes first."""

SEPARATOR = "."
_HALF = 16  # bytes of the random part, and of the proof
_PURPOSE = "identity/device"


@dataclass(frozen=True, slots=True)
class Known:
    """A browser that its person has used before. `lane` is what its budget goes by."""

    id: UUID
    token: str
    lane: str


def recognise(
    session: OrmSession, vault: Vault, cookie: str | None, *, login_index: bytes, now: datetime
) -> Known | None:
    """Return the known device of the cookie for this very name, or None."""
    token = _own(vault, cookie, login_index)
    digest = None if token is None else tokens.digest(token)
    if token is None or digest is None:
        return None
    found = session.execute(
        select(Device.id).where(Device.token_hash == digest, Device.expires > now)
    ).scalar()
    return None if found is None else Known(id=found, token=token, lane=str(found))


def anybodys(
    session: OrmSession, vault: Vault, cookie: str | None, *, now: datetime
) -> tuple[UUID, Known] | None:
    """Return who used this browser last and the known device; for where no name is said."""
    for token in _split(cookie):
        whose = (
            select(Person.id, Person.login_index)
            .join(Device, Device.person_id == Person.id)
            .where(Device.token_hash == tokens.digest(token))
        )
        found = session.execute(whose).one_or_none()
        if found is not None and (
            known := recognise(session, vault, token, login_index=found.login_index, now=now)
        ):
            return found.id, known
    return None


def remember(
    session: OrmSession,
    vault: Vault,
    cookie: str | None,
    *,
    person_id: UUID,
    login_index: bytes,
    now: datetime,
) -> tuple[str, bool]:
    """Make the browser known to the person; return the new cookie and whether it was known.

    The row stays and its token changes, so that the device keeps its history.
    """
    token = _new(vault, login_index)
    known = recognise(session, vault, cookie, login_index=login_index, now=now)
    row = None if known is None else session.get(Device, known.id, with_for_update=True)
    if row is None or row.person_id != person_id:
        row = Device(person_id=person_id, created=now)
        session.add(row)
        known = None
    row.token_hash = tokens.digest_of_new(token)
    row.last_at = now
    row.expires = now + LIFE
    own = _own(vault, cookie, login_index)
    others = [each for each in _split(cookie) if each != own]
    return SEPARATOR.join([token, *others][:PEOPLE]), known is not None


def forget_all(session: OrmSession, person_id: UUID, *, but: str | None = None) -> int:
    """Make every browser of a person a stranger, but the one whose cookie is `but`."""
    keep = {tokens.digest(each) for each in _split(but)}
    which = Device.person_id == person_id
    return changed(session, delete(Device).where(which, Device.token_hash.not_in(keep)))


def forget_stale(session: OrmSession, *, now: datetime) -> None:
    """Drop the devices whose time is over: housekeeping."""
    changed(session, delete(Device).where(Device.expires <= now))


def _new(vault: Vault, login_index: bytes) -> str:
    random = secrets.token_bytes(_HALF)
    return _text(random + _proof(vault, random, login_index))


def _own(vault: Vault, cookie: str | None, login_index: bytes) -> str | None:
    """Return the token in the cookie that was made for this name."""
    found = None
    for token in _split(cookie):
        value = base64.urlsafe_b64decode(token + "=")
        random, proof = value[:_HALF], value[_HALF:]
        if hmac.compare_digest(proof, _proof(vault, random, login_index)):
            found = token
    return found


def _split(cookie: str | None) -> list[str]:
    parts = (cookie or "").split(SEPARATOR)[:PEOPLE]
    return [each for each in parts if tokens.digest(each) is not None]


def _proof(vault: Vault, random: bytes, login_index: bytes) -> bytes:
    return hmac.digest(vault.derive(_PURPOSE), random + login_index, "sha256")[:_HALF]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
