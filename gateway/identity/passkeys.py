"""Passkeys: challenges asked and answers checked.

Every passkey is discoverable and verifies its user, so that each can be the only step as well
as the second. Attestation is not asked for: what counts is the key, not the maker.
Source: Web Authentication level 3, 7.1 and 7.2; NIST SP 800-63B-4, 3.1.7 and 3.2.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession
from webauthn import (
    generate_authentication_options,
    options_to_json,
    verify_authentication_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    PublicKeyCredentialDescriptor,
    UserVerificationRequirement,
)

from audit.ledger import Transaction
from gateway.identity import challenges, notices, turns
from gateway.identity.registry import Registry
from gateway.identity.tables_factors import Passkey
from gateway.vault import Vault

ANSWER = 16_384
"""Longest answer of a browser that is read, characters; real ones are below 2,000."""

VERIFIED = UserVerificationRequirement.REQUIRED
TIMEOUT = int(challenges.LIFE.total_seconds() * 1000)
T = TypeVar("T")


class Malformed(ValueError):
    """The answer is not one of a browser, or does not prove what it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The relying party: `id` is the gateway's host name, `origin` how browsers write it."""

    id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a challenge is for, and which session, step or browser may answer it."""

    purpose: str
    bound_to: str


@dataclass(frozen=True, slots=True)
class Proved:
    """What became of an answer: `fault` None means that `row` proved its person."""

    fault: str | None
    row: Passkey | None = None


def handle(vault: Vault, person_id: UUID) -> bytes:
    """Return the name by which devices know a person: 32 bytes that say nothing."""
    return vault.blind("passkey.user", str(person_id))


def request_options(
    registry: Registry,
    site: Site,
    ceremony: Ceremony,
    *,
    now: datetime,
    person_id: UUID | None = None,
) -> str:
    """Return what `navigator.credentials.get` is to be asked, as JSON.

    `person_id` None: nobody is known yet, and the device offers whom it knows here.
    """
    allowed: list[PublicKeyCredentialDescriptor] = []
    if person_id is not None:
        with registry.store.reading() as session:
            rows = session.execute(select(Passkey).where(Passkey.person_id == person_id)).scalars()
            allowed = [PublicKeyCredentialDescriptor(id=row.credential or b"") for row in rows]
    options = generate_authentication_options(
        rp_id=site.id,
        challenge=challenges.new(registry.vault, ceremony.purpose, ceremony.bound_to, now=now),
        timeout=TIMEOUT,
        allow_credentials=allowed,
        user_verification=VERIFIED,
    )
    return options_to_json(options)


def prove(
    registry: Registry,
    tx: Transaction,
    site: Site,
    ceremony: Ceremony,
    answer: str,
    *,
    now: datetime,
    person_id: UUID | None = None,
) -> Proved:
    """Check a browser's answer to a challenge, and spend the challenge.

    `person_id` None: whose key it is decides who is here, and the device must say so too.
    Faults: `malformed`, `challenge`, `unknown_key`, `wrong_person`, `signature`, `counter`.
    """
    try:
        credential = read(lambda: parse_authentication_credential_json(short(answer)))
        data = read(lambda: parse_client_data_json(credential.response.client_data_json))
    except Malformed:
        return Proved("malformed")
    vault = registry.vault
    purpose, bound_to = ceremony.purpose, ceremony.bound_to
    if not challenges.spend(tx, vault, data.challenge, purpose, bound_to, now=now):
        return Proved("challenge")
    index = index_of(vault, credential.raw_id)
    owner = _owner(tx, index)
    if owner is None:
        return Proved("unknown_key")
    if not _is_meant(vault, owner, person_id, credential.response.user_handle):
        return Proved("wrong_person")
    row = _locked(tx, owner, index)
    if row is None:
        return Proved("unknown_key")
    return _verified(tx, site, row, credential, data.challenge, now=now)


def _owner(tx: Transaction, index: bytes) -> UUID | None:
    owner = select(Passkey.person_id).where(Passkey.credential_index == index)
    return tx.session.execute(owner).scalar_one_or_none()


def _locked(tx: Transaction, owner: UUID, index: bytes) -> Passkey | None:
    """Return a person's key for a check, the person locked before it (`turns`)."""
    turns.take(tx.session, owner)
    own = (Passkey.credential_index == index) & (Passkey.person_id == owner)
    return tx.session.execute(select(Passkey).where(own).with_for_update()).scalar_one_or_none()


def _is_meant(vault: Vault, owner: UUID, wanted: UUID | None, said: bytes | None) -> bool:
    """Tell whether a key's owner is the wanted person, and the device says the same.

    Only where the person is known already may a device say nothing.
    """
    if wanted is not None and wanted != owner:
        return False
    if said is None:
        return wanted is not None
    return said == handle(vault, owner)


def _verified(
    tx: Transaction,
    site: Site,
    row: Passkey,
    credential: AuthenticationCredential,
    challenge: bytes,
    *,
    now: datetime,
) -> Proved:
    try:
        verified = read(
            lambda: verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=site.id,
                expected_origin=site.origin,
                credential_public_key=row.key or b"",
                credential_current_sign_count=0,  # ours to judge, below
                require_user_verification=True,
            )
        )
    except Malformed:
        return Proved("signature", row)
    before, count = row.sign_count, verified.new_sign_count
    if max(before, count) and count <= before:
        # Its secret was copied, or two answers crossed (Web Authentication level 3, 6.1.1).
        notices.tell(tx, row.person_id, "passkey_copied", now=now, name=row.name)
        return Proved("counter", row)
    row.sign_count = count
    row.is_backed_up = verified.credential_backed_up
    row.last_used_at = now
    return Proved(None, row)


def amr_of(row: Passkey) -> str:
    """Return how a passkey stands in `amr`: `swk` if it may be copied, `hwk` if not (RFC 8176)."""
    return "swk" if row.is_synced else "hwk"


def has_any(registry: Registry, person_id: UUID) -> bool:
    """Tell whether a person has a passkey."""
    with registry.store.reading() as session:
        return number_of(session, person_id) > 0


def number_of(session: OrmSession, person_id: UUID) -> int:
    """Return how many passkeys a person has."""
    counted = select(func.count()).where(Passkey.person_id == person_id)
    return session.execute(counted).scalar_one()


def index_of(vault: Vault, credential: bytes) -> bytes:
    """Return the blind index of a credential's id."""
    return vault.blind("passkey.credential", credential.hex())


def short(answer: str) -> str:
    """Return an answer that is worth reading. Raises Malformed."""
    if len(answer) > ANSWER:
        raise Malformed("length")
    return answer


def read(read: Callable[[], T]) -> T:
    """Read what strangers may have written. Whatever the library stumbles over is Malformed."""
    try:
        return read()
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError) as error:
        raise Malformed(type(error).__name__) from error
    except (RecursionError, OverflowError, EOFError) as error:
        raise Malformed(type(error).__name__) from error
