"""What a person signs in with, as pages show it, and what they are reminded of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from gateway.identity import recovery, totp
from gateway.identity.profiles import PROFILES
from gateway.identity.recovery import LOW
from gateway.identity.registry import Registry
from gateway.identity.tables import Password, Totp
from gateway.identity.tables_factors import Passkey

AHEAD = timedelta(days=14)
"""How long before a password runs out its person is reminded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorView:
    """Something a person signs in with. `kind`: password, totp, passkey or recovery.

    `id` and `name` are a passkey's, `is_synced` whether it may be copied to other devices;
    `left` and `saved_at` are the recovery codes'.
    """

    kind: str
    since: datetime
    last_used_at: datetime | None = None
    disabled_at: datetime | None = None
    id: UUID | None = None
    name: str = ""
    is_synced: bool = False
    left: int | None = None
    saved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What a person should see to before it is too late. `code` names the sentence.

    `recovery_none`, `recovery_unsaved`, `recovery_low` (`left` codes), `password_ends` (`at`),
    `totp_disabled`.
    """

    code: str
    left: int = 0
    at: datetime | None = None


def factors(registry: Registry, person_id: UUID) -> Sequence[FactorView]:
    """Return what a person signs in with: password, authenticator, passkeys, recovery codes."""
    passkeys = select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.created_at)
    found: list[FactorView] = []
    with registry.store.reading() as session:
        if (password := session.get(Password, person_id)) is not None:
            found.append(FactorView(kind="password", since=password.changed_at))
        if (code := session.get(Totp, person_id)) is not None:
            found.append(_totp(code))
        found += [_passkey(row) for row in session.execute(passkeys).scalars()]
        if (codes := recovery.view(session, person_id)) is not None:
            found.append(
                FactorView(
                    kind="recovery",
                    since=codes.made_at,
                    last_used_at=codes.last_used_at,
                    disabled_at=codes.disabled_at,
                    left=codes.left,
                    saved_at=codes.saved_at,
                )
            )
    return found


def reminders(registry: Registry, person_id: UUID, *, now: datetime) -> Sequence[Reminder]:
    """Return what a person should see to, the most pressing first (OWASP ASVS 5.0, 6.4.5)."""
    by_kind = {each.kind: each for each in factors(registry, person_id)}
    found = []
    oldest = PROFILES[registry.limits.password_profile].max_age
    password, code = by_kind.get("password"), by_kind.get("totp")
    if oldest is not None and password is not None and password.since + oldest - AHEAD <= now:
        found.append(Reminder(code="password_ends", at=password.since + oldest))
    if code is not None and code.disabled_at is not None:
        found.append(Reminder(code="totp_disabled"))
    codes = by_kind.get("recovery")
    if codes is None or codes.disabled_at is not None:
        found.append(Reminder(code="recovery_none"))
    elif codes.saved_at is None:
        found.append(Reminder(code="recovery_unsaved"))
    elif codes.left is not None and codes.left <= LOW:
        found.append(Reminder(code="recovery_low", left=codes.left))
    return found


def _totp(row: Totp) -> FactorView:
    """The step of the newest code that was taken tells when that was."""
    used = datetime.fromtimestamp(row.last_step * totp.STEP_SECONDS, UTC)
    return FactorView(
        kind="totp",
        since=row.confirmed_at,
        last_used_at=max(used, row.confirmed_at),
        disabled_at=row.disabled_at,
    )


def _passkey(row: Passkey) -> FactorView:
    return FactorView(
        kind="passkey",
        since=row.created_at,
        last_used_at=row.last_used_at,
        id=row.id,
        name=row.name,
        is_synced=row.is_synced,
    )
