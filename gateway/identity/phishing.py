"""Roles whose holders sign in with a passkey: no code is enough, for a false page could pass it on.

Who holds such a role and has no passkey yet signs in with a code once more and can do nothing
but make one. From then on codes open nothing for them.
Source: OWASP ASVS 5.0, 6.3.3; NIST SP 800-63B-4, 2.2.2 (phishing resistance).
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session as OrmSession

from gateway.identity import passkeys, roles
from gateway.identity.current import RESISTANT, Current
from gateway.identity.registry import Registry


class Owed(StrEnum):
    """What a session lacks before it may do anything."""

    REGISTER = "register"
    """The person has no passkey yet."""
    SIGN_IN = "sign_in"
    """They have one and did not use it here."""


def applies_to(registry: Registry, session: OrmSession, person_id: UUID) -> bool:
    """Tell whether a role of a person asks for a passkey."""
    wanted = registry.limits.phishing_resistant_roles
    return bool(wanted) and not wanted.isdisjoint(roles.held_by(session, person_id))


def forbids_codes(registry: Registry, session: OrmSession, person_id: UUID) -> bool:
    """Tell whether a code opens nothing for a person: a role asks for the passkey they have."""
    if not applies_to(registry, session, person_id):
        return False
    return passkeys.number_of(session, person_id) > 0


def owed(registry: Registry, who: Current) -> Owed | None:
    """Return what a session lacks, or None if it may go on."""
    wanted = registry.limits.phishing_resistant_roles
    if who.strength >= RESISTANT or wanted.isdisjoint(who.roles):
        return None
    return Owed.SIGN_IN if passkeys.has_any(registry, who.person_id) else Owed.REGISTER
