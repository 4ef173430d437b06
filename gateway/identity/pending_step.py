"""The step between password and second factor: whose it is, and what may take it further."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select

from gateway.identity import codes, passkeys, phishing, tokens
from gateway.identity.passkeys import Ceremony
from gateway.identity.registry import Registry
from gateway.identity.tables import PendingSignIn
from gateway.identity.tables_factors import RecoverySet
from gateway.refusals import Refused

SECOND = "second"
"""The purpose of a challenge that is answered after the password."""


class StepOver(Refused):
    """The step is unknown, too old or had too many wrong codes: begin with the password."""

    code: ClassVar[str] = "step_over"


def owner(registry: Registry, pending_token: str, *, now: datetime) -> UUID | None:
    """Return whose step a token is; None if there is no such step."""
    digest = tokens.digest(pending_token)
    statement = select(PendingSignIn.person_id).where(
        PendingSignIn.token_hash == digest, PendingSignIn.expires > now
    )
    with registry.store.reading() as session:
        return None if digest is None else session.execute(statement).scalar_one_or_none()


def ways(registry: Registry, pending_token: str, *, now: datetime) -> frozenset[str]:
    """Return what may take the second step: `totp`, `recovery`, `passkey`.

    Raises:
        StepOver: there is no such step any more.
    """
    person_id = owner(registry, pending_token, now=now)
    if person_id is None:
        raise StepOver
    with registry.store.reading() as session:
        has_key = passkeys.number_of(session, person_id) > 0
        if has_key and phishing.applies_to(registry, session, person_id):
            return frozenset({"passkey"})
        found = {"passkey"} if has_key else set()
        if codes.is_usable(session, person_id):
            found.add("totp")
        if session.get(RecoverySet, person_id) is not None:
            found.add("recovery")
    return frozenset(found)


def ceremony_of(pending_token: str) -> Ceremony:
    """Return what binds a challenge to a step."""
    digest = tokens.digest(pending_token)
    return Ceremony(SECOND, "" if digest is None else digest.hex())
