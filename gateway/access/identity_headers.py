"""The headers by which a service learns who asks.

Every header a service asked for is in the answer, empty if there is nothing to say, so that
whoever copies them always overwrites what the client sent (class 10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

from gateway.access.service import Claim, Service

ASSERTION = "X-Hangu-Assertion"
"""Carries the signed assertion; every service gets it."""


class Person(Protocol):
    """What this room needs of a session; `gateway.identity.sessions.Current` has it."""

    @property
    def subject(self) -> str:
        """`person:<uuid>`."""

    @property
    def person_id(self) -> UUID:
        """The same as the row's key."""

    @property
    def login(self) -> str:
        """The name they sign in with."""

    @property
    def name(self) -> str:
        """The name they bear."""

    @property
    def unit(self) -> str:
        """`unit:<slug>`, or the slug alone."""

    @property
    def roles(self) -> frozenset[str]:
        """In this zone."""

    @property
    def clearance(self) -> int:
        """0 to 4."""

    @property
    def strength(self) -> int:
        """Of the sign-in, 1 to 3."""

    @property
    def amr(self) -> tuple[str, ...]:
        """How they signed in (RFC 8176)."""

    @property
    def session_ref(self) -> str:
        """The first 16 hexadecimal digits of the session token's hash."""

    @property
    def session_id(self) -> UUID:
        """The session itself."""

    @property
    def epoch(self) -> int:
        """The zone's epoch when the session was read."""


_CLAIMS: Mapping[Claim, Callable[[Person, str], str]] = {
    Claim.SUBJECT: lambda person, _zone: person.subject,
    Claim.LOGIN: lambda person, _zone: person.login,
    Claim.NAME: lambda person, _zone: person.name,
    Claim.UNIT: lambda person, _zone: person.unit,
    Claim.ROLES: lambda person, _zone: ",".join(sorted(person.roles)),
    Claim.ZONE: lambda _person, zone: zone,
}


def identity_headers(
    service: Service, person: Person | None, *, assertion: str = ""
) -> dict[str, str]:
    """Return every identity header of `service`, as plain text.

    Without a person all of them are empty. `headers.header_value` makes the text fit for the
    wire (printable ASCII stays, all else is percent-encoded UTF-8).
    """
    found = {ASSERTION: assertion}
    for name, claim in service.headers.items():
        found[name] = "" if person is None else _CLAIMS[Claim(claim)](person, service.zone)
    return found
