"""Making a passkey: what the browser is asked, and what it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from webauthn import (
    generate_registration_options,
    options_to_json,
    verify_registration_response,
)
from webauthn.helpers import parse_client_data_json, parse_registration_credential_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
)

from audit.ledger import Transaction
from gateway.identity import challenges
from gateway.identity.current import Current
from gateway.identity.passkeys import (
    TIMEOUT,
    VERIFIED,
    Malformed,
    Site,
    handle,
    index_of,
    read,
    short,
)
from gateway.identity.registry import Registry
from gateway.identity.tables_factors import Passkey

MOST = 10
"""Passkeys of one person."""

ALGORITHMS = [
    Algorithm.EDDSA,
    Algorithm.ECDSA_SHA_256,
    Algorithm.RSASSA_PKCS1_v1_5_SHA_256,
]
REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Made:
    """A new credential as its device made it."""

    id: bytes
    key: bytes
    sign_count: int
    is_synced: bool
    is_backed_up: bool


def creation_options(registry: Registry, site: Site, who: Current, *, now: datetime) -> str:
    """Return what `navigator.credentials.create` is to be asked, as JSON."""
    with registry.store.reading() as session:
        rows = session.execute(select(Passkey).where(Passkey.person_id == who.person_id)).scalars()
        present = [PublicKeyCredentialDescriptor(id=row.credential or b"") for row in rows]
    options = generate_registration_options(
        rp_id=site.id,
        rp_name=site.name,
        user_id=handle(registry.vault, who.person_id),
        user_name=who.login,
        user_display_name=who.name,
        challenge=challenges.new(registry.vault, REGISTER, str(who.session_id), now=now),
        timeout=TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=present,
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


def made(
    registry: Registry, tx: Transaction, site: Site, who: Current, answer: str, *, now: datetime
) -> Made:
    """Check a new credential and spend its challenge. Raises Malformed."""
    credential = read(lambda: parse_registration_credential_json(short(answer)))
    data = read(lambda: parse_client_data_json(credential.response.client_data_json))
    bound = str(who.session_id)
    if not challenges.spend(tx, registry.vault, data.challenge, REGISTER, bound, now=now):
        raise Malformed("challenge")
    found = read(
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
