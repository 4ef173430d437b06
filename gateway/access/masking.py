"""What of an address may be written down: paths and queries without the secrets in them.

An enrolment link, an entry ticket and a form token are proofs of somebody's right; whoever
reads the log must not come by them (class 28).
"""

from __future__ import annotations

import re

MASK = "***"

_LINK = re.compile(r"(/enrol/)[^/?#\s\"'\\]+", re.IGNORECASE)
_NAMED = re.compile(
    r"([?&;](?:code|csrf_token|key|mark|password|proof|secret|state|ticket|token)=)[^&;#\s\"'\\]+",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?:[a-z0-9_-]|%(?:2d|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])){32,}", re.IGNORECASE
)
"""As long as a token of ours or nearly, its characters plain or percent-encoded."""


def masked(address: str) -> str:
    """Return `address` (a path, a query or a text with some in it) with each secret as `***`."""
    without = _LINK.sub(rf"\1{MASK}", address)
    without = _NAMED.sub(rf"\1{MASK}", without)
    return _TOKEN.sub(MASK, without)
