"""The secrets people carry: 32 random bytes; the database holds their SHA-256 alone."""

from __future__ import annotations

import hashlib
import re
import secrets

TOKEN_BYTES = 32
_TEXT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_REFERENCE_DIGITS = 16


def new() -> str:
    """Return a fresh token: 43 characters of base64url without padding."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> bytes | None:
    """Return the SHA-256 of a token's text (32 bytes); None for what cannot be a token."""
    if _TEXT.fullmatch(token) is None:
        return None
    return hashlib.sha256(token.encode()).digest()


def digest_of_new(token: str) -> bytes:
    """Return the SHA-256 of a token that we made just now."""
    found = digest(token)
    if found is None:
        raise ValueError("not a token of ours")
    return found


def reference(token_hash: bytes) -> str:
    """Return the name under which logs and pages speak of a session: 16 hexadecimal digits."""
    return token_hash.hex()[:_REFERENCE_DIGITS]
