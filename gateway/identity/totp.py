"""Time-based one-time codes: RFC 6238 with SHA-1, 30 s, 6 digits, which every app can do."""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import datetime

from pyotp import HOTP, TOTP

SECRET_BYTES = 20  # RFC 4226, 4: at least 128 bits, 160 recommended
STEP_SECONDS = 30
DIGITS = 6
MAX_FAILURES = 100
"""Wrong codes in a row after which the factor is disabled (NIST SP 800-63B-4, 3.2.2)."""

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_BETWEEN = re.compile(r"[\s\u002d\u2010-\u2015\u2212]")


@dataclass(frozen=True, slots=True)
class TotpOffer:
    """A new secret as the authenticator app takes it: typed by hand, or as a QR code."""

    secret_text: str = field(repr=False)
    uri: str = field(repr=False)


def new_secret() -> bytes:
    """Return 20 fresh random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def offer(secret: bytes, *, login: str, issuer: str) -> TotpOffer:
    """Return what the person's app needs: base32 in groups of four, and the otpauth URI."""
    text = _base32(secret)
    uri = TOTP(text, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(
        name=login, issuer_name=issuer
    )
    grouped = " ".join(text[at : at + 4] for at in range(0, len(text), 4))
    return TotpOffer(secret_text=grouped, uri=uri)


def step_at(now: datetime) -> int:
    """Return the time step of a moment: Unix time // 30 s."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Return the code of a time step (RFC 6238, 4.2)."""
    return HOTP(_base32(secret), digits=digits).at(step)


def clean(typed: str) -> str | None:
    """Return the six digits meant; None if it was not six digits.

    Spaces and hyphens between them and full-width digits are forgiven.
    """
    text = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed[:64]))
    return text if _CODE.fullmatch(text) else None


def matching_step(secret: bytes, typed: str, now: datetime, *, back_steps: int) -> int | None:
    """Return the time step whose code was typed, the present one or up to `back_steps` older.

    Never a future step. Whether the step was used before is the caller's to refuse, in the
    database. Source: RFC 6238, 5.2.
    """
    code = clean(typed) or ""
    found = None
    present = step_at(now)
    for step in range(present - back_steps, present + 1):
        if hmac.compare_digest(code_at(secret, step), code):
            found = step
    return found


def _base32(secret: bytes) -> str:
    return b32encode(secret).decode().rstrip("=")
