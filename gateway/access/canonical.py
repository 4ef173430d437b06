"""Read a request once, in the only way it can be read, or refuse it.

The value made here is what the gateway routes by, decides on, records and forwards. A request
that another program could take for a different one is refused (design 4.1; the vulnerability
classes 1-5 and 17 are all one disagreement between two readers).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from gateway.access import canonical_refusals as refusals
from gateway.access.canonical_host import DEFAULT_PORTS, canonical_host
from gateway.access.canonical_refusals import Ambiguous

__all__ = [
    "Ambiguous",
    "Canonical",
    "RawRequest",
    "canonicalise",
    "policy_object",
    "return_path",
]

LONGEST_PATH = 8192  # bytes
LONGEST_QUERY = 8192  # bytes
LONGEST_RETURN = 2048  # characters
# Methods that change what the connection is or echo the request's secrets back.
_FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
_METHOD = re.compile(r"[A-Z]{1,24}(?:-[A-Z]{1,24})?")
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_ONCE_ONLY = frozenset({b"host", b"content-length", b"authorization", b"content-type"})
_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_ENCODED_AGAIN = re.compile(r"%(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})")
_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]")
_RAW_CONTROL = re.compile(rb"[\x00-\x20\x7f]")
_RAW_ILLEGAL = re.compile(rb'[^\x21-\x7e]|["<>`{}]')
_OUTSIDE_NAMES = re.compile(rb"[^A-Za-z0-9._-]")
_QUERY = re.compile(rb"[\x21\x22\x24-\x7e]*")
# Cc control, Cf invisible and bidi, Zl/Zp line and paragraph separator, Cs lone surrogate.
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
# The gen-delims and sub-delims that stay as they are. Not "+": some servers read a space.
PATH_SAFE = "!$&'()*,=:@~"
_FORBIDDEN = (
    ("/\u2044\u2215\uff0f", refusals.EncodedSlash),  # and fraction, division, full-width slash
    ("\\\uff3c", refusals.Backslash),
    (";", refusals.MatrixParameter),
    ("#", refusals.Fragment),
    ("\0", refusals.EncodedNul),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A request as it came over the wire.

    `target` is the raw path without the query, `query` what follows the first `?`;
    `host` the Host header (or what a proven proxy says it was), with its port if any.
    """

    method: str
    scheme: str
    host: str
    target: bytes
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """The one reading of a request.

    `path` is percent-encoded and is forwarded as it stands; `segments` are its decoded parts
    (NFC) without the empty one a trailing slash makes, so `/a` and `/a/` are decided alike.
    `query` is passed on unread and takes no part in decisions. `port` is the effective one.
    """

    method: str
    scheme: str
    host: str
    port: int
    path: str
    segments: tuple[str, ...]
    query: str = ""

    @property
    def authority(self) -> str:
        """Host, and port unless it is the scheme's own."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority, as browsers write the Origin header (RFC 6454, 6.2)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def target(self) -> str:
        """Path and query, as the request line carries them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def raw(self) -> RawRequest:
        """The request again, as it would come over the wire; canonicalising it changes nothing."""
        return RawRequest(
            method=self.method,
            scheme=self.scheme,
            host=self.authority,
            target=self.path.encode(),
            query=self.query.encode(),
        )


def canonicalise(raw: RawRequest) -> Canonical:
    """Return the only reading of `raw`, or raise Ambiguous with the reason's code."""
    if not _METHOD.fullmatch(raw.method) or raw.method in _FORBIDDEN_METHODS:
        raise refusals.BadMethod(raw.method)
    scheme = raw.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise refusals.BadScheme(raw.scheme)
    _check_headers(raw.headers)
    host, port = canonical_host(raw.host, scheme=scheme)
    segments, slash = _segments(raw.target)
    return Canonical(
        method=raw.method,
        scheme=scheme,
        host=host,
        port=port,
        path="/" + "/".join(quote(each, safe=PATH_SAFE) for each in segments) + slash,
        segments=segments,
        query=_query(raw.query),
    )


def policy_object(slug: str, canonical: Canonical) -> str:
    """Return the name policies know the requested place by: `svc:<slug>/<segments>`.

    What is not `[A-Za-z0-9._-]` becomes `~xx` for each byte of its UTF-8 form, so two places
    never share a name and no requested path can contain a pattern (`*`, `|`, `:`).
    """
    return f"svc:{slug}/" + "/".join(_escape(each) for each in canonical.segments)


def return_path(text: str) -> str | None:
    """Return `text` as a safe address on this very origin, or None if it is anything else.

    For `Location` after signing in: a path and query in canonical form. Never a scheme, a
    host, a backslash, a control character or a fragment (class 21, open redirects).
    """
    if len(text) > LONGEST_RETURN or not text.isascii():
        return None
    path, _, query = text.partition("?")
    raw = RawRequest(
        method="GET", scheme="https", host="local", target=path.encode(), query=query.encode()
    )
    try:
        return canonicalise(raw).target
    except Ambiguous:
        return None


def _check_headers(headers: Iterable[tuple[bytes, bytes]]) -> None:
    seen: set[bytes] = set()
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or re.search(rb"[\x00\r\n]", value):
            raise refusals.BadHeader(name)
        lower = name.lower()
        if lower in seen and lower in _ONCE_ONLY:
            raise refusals.DuplicateHeader(name)
        seen.add(lower)


def _query(query: bytes) -> str:
    if len(query) > LONGEST_QUERY:
        raise refusals.QueryTooLong(len(query))
    if not _QUERY.fullmatch(query):
        raise refusals.QueryCharacter(query)
    return query.decode("ascii")


def _segments(target: bytes) -> tuple[tuple[str, ...], str]:
    """Split and decode a raw path: (segments, "/" if a slash ends it after a segment)."""
    if len(target) > LONGEST_PATH:
        raise refusals.PathTooLong(len(target))
    if not target.startswith(b"/"):
        raise refusals.NotAbsolutePath(target)
    _check_raw(target)
    if target == b"/":
        return (), ""
    *parts, last = target[1:].split(b"/")
    if not all(parts):
        raise refusals.EmptySegment(target)
    encoded = [*parts, last] if last else parts
    return tuple(_decode(each) for each in encoded), "" if last else "/"


def _check_raw(target: bytes) -> None:
    if _RAW_CONTROL.search(target):
        raise refusals.ControlCharacter(target)
    if b"?" in target or _RAW_ILLEGAL.search(target):
        raise refusals.IllegalCharacter(target)
    if _BAD_PERCENT.search(target):
        raise refusals.BadPercent(target)


def _decode(segment: bytes) -> str:
    plain = _ENCODED.sub(lambda match: bytes([int(match[1], 16)]), segment)
    if _OVERLONG.search(plain):
        raise refusals.OverlongUtf8(segment)
    try:
        text = unicodedata.normalize("NFC", plain.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise refusals.NotUtf8(segment) from error
    _check_text(text)
    return text


def _check_text(text: str) -> None:
    """Refuse what a second decoder, a file system or a person would read differently."""
    for characters, refusal in _FORBIDDEN:
        if any(each in text for each in characters):
            raise refusal(text)
    if any(unicodedata.category(each) in _UNSEEN for each in text):
        raise refusals.ControlCharacter(text)
    if _ENCODED_AGAIN.search(text):
        raise refusals.DoubleEncoding(text)
    if not unicodedata.normalize("NFKC", text).strip(". "):  # also the ellipsis, full-width dots
        raise refusals.DotSegment(text)
    if text != text.strip() or text.endswith("."):
        raise refusals.TrailingDotOrSpace(text)


def _escape(segment: str) -> str:
    """Escape byte by byte; `~` itself is escaped, so what follows one is always two digits."""
    return _OUTSIDE_NAMES.sub(lambda found: b"~%02x" % found[0][0], segment.encode()).decode()
