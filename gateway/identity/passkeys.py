"""Passkeys: made by a person for their own account, and proved at sign-in.

Every passkey is discoverable and verifies its user, so that each can be the only step as well
as the second. Attestation is not asked for: what counts is the key, not the maker.
Source: Web Authentication level 3, 7.1 and 7.2; NIST SP 800-63B-4, 3.1.7 and 3.2.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from audit.ledger import Transaction
from gateway.identity import challenges, notices
from gateway.identity.current import Current
from gateway.identity.registry import Registry
from gateway.identity.tables_factors import Passkey
from gateway.vault import Vault

MOST = 10
"""Passkeys of one person."""

ANSWER = 16_384
"""Longest answer of a browser that is read, characters; real ones are below 2,000."""

ALGORITHMS = [
    Algorithm.EDDSA,
    Algorithm.ECDSA_SHA_256,
    Algorithm.RSASSA_PKCS1_v1_5_SHA_256,
]
REGISTER = "register"
VERIFIED = UserVerificationRequirement.REQUIRED
_TIMEOUT = int(challenges.LIFE.total_seconds() * 1000)
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
class Made:
    """A new credential as its device made it."""

    id: bytes
    key: bytes
    sign_count: int
    is_synced: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Proved:
    """What became of an answer: `fault` None means that `row` proved its person."""

    fault: str | None
    row: Passkey | None = None


def handle(vault: Vault, person_id: UUID) -> bytes:
    """Return the name by which devices know a person: 32 bytes that say nothing."""
    return vault.blind("passkey.user", str(person_id))


def creation_options(registry: Registry, site: Site, who: Current, *, now: datetime) -> str:
    """Return what `navigator.credentials.create` is to be asked, as JSON."""
    with registry.store.reading() as session:
        rows = session.execute(select(Passkey).where(Passkey.person_id == who.person_id)).scalars()
        present = [PublicKeyCredentialDescriptor(id=row.credential or b"") for row in rows]
    ceremony = Ceremony(REGISTER, str(who.session_id))
    options = generate_registration_options(
        rp_id=site.id,
        rp_name=site.name,
        user_id=handle(registry.vault, who.person_id),
        user_name=who.login,
        user_display_name=who.name,
        challenge=challenges.new(registry.vault, ceremony.purpose, ceremony.bound_to, now=now),
        timeout=_TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=present,
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


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
        timeout=_TIMEOUT,
        allow_credentials=allowed,
        user_verification=VERIFIED,
    )
    return options_to_json(options)


def made(
    registry: Registry, tx: Transaction, site: Site, who: Current, answer: str, *, now: datetime
) -> Made:
    """Check a new credential and spend its challenge. Raises Malformed."""
    credential = _read(lambda: parse_registration_credential_json(_short(answer)))
    data = _read(lambda: parse_client_data_json(credential.response.client_data_json))
    bound = str(who.session_id)
    if not challenges.spend(tx, registry.vault, data.challenge, REGISTER, bound, now=now):
        raise Malformed("challenge")
    found = _read(
        lambda: verify_registration_response(
            credential=credential,
            expected_challenge=data.challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    )
    return Made(
        id=found.credential_id,
        key=found.credential_public_key,
        sign_count=found.sign_count,
        is_synced=found.credential_device_type == "multi_device",
        is_backed_up=found.credential_backed_up,
    )


def keep(
    registry: Registry, tx: Transaction, person_id: UUID, new: Made, name: str, *, now: datetime
) -> UUID:
    """Add a credential to a person's passkeys; return its id."""
    row = Passkey(
        id=uuid4(),
        person_id=person_id,
        credential_index=index_of(registry.vault, new.id),
        credential=new.id,
        key=new.key,
        name=name,
        created_at=now,
        sign_count=new.sign_count,
        is_synced=new.is_synced,
        is_backed_up=new.is_backed_up,
    )
    tx.session.add(row)
    return row.id


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
        credential = _read(lambda: parse_authentication_credential_json(_short(answer)))
        data = _read(lambda: parse_client_data_json(credential.response.client_data_json))
    except Malformed:
        return Proved("malformed")
    vault = registry.vault
    purpose, bound_to = ceremony.purpose, ceremony.bound_to
    if not challenges.spend(tx, vault, data.challenge, purpose, bound_to, now=now):
        return Proved("challenge")
    row = tx.session.execute(
        select(Passkey)
        .where(Passkey.credential_index == index_of(vault, credential.raw_id))
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return Proved("unknown_key")
    said = credential.response.user_handle
    if not _is_owner(vault, row, person_id, said):
        return Proved("wrong_person")
    return _verified(tx, site, row, credential, data.challenge, now=now)


def _is_owner(vault: Vault, row: Passkey, wanted: UUID | None, said: bytes | None) -> bool:
    """Tell whether a key is the wanted person's, and the device says the same.

    Only where the person is known already may a device say nothing.
    """
    if wanted is not None and wanted != row.person_id:
        return False
    if said is None:
        return wanted is not None
    return said == handle(vault, row.person_id)


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
        verified = _read(
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


def _short(answer: str) -> str:
    if len(answer) > ANSWER:
        raise Malformed("length")
    return answer


def _read(read: Callable[[], T]) -> T:
    """Read what strangers may have written. Whatever the library stumbles over is Malformed."""
    try:
        return read()
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError) as error:
        raise Malformed(type(error).__name__) from error
    except (RecursionError, OverflowError, EOFError) as error:
        raise Malformed(type(error).__name__) from error
