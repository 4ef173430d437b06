"""The values that every part of the desk speaks of: who is here, from where, and services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from gateway.access.service import Service
from gateway.identity.current import Current


class Condition(StrEnum):
    """How a zone is, in one word that strangers may know."""

    OK = "ok"
    UNAVAILABLE = "unavailable"  # no database, no rules, or nothing may be written
    ALARM = "alarm"  # entries of the log are gone, or were written by somebody else
    UNSEALED = "unsealed"  # no rights, changes and exports until the log is sealed again
    UNWITNESSED = "unwitnessed"  # the witnesses that the office names have not cosigned of late
    HINDERED = "hindered"  # a trial or a timed publication of rules cannot go on by itself
    DISAGREES = "disagrees"  # the two engines decided one request differently


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where a request came from: what throttling and the log need."""

    address: str
    user_agent: str
    now: datetime
    device: str | None = field(default=None, repr=False)
    """The cookie by which the browser may be known."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session's token, and the device cookie that the browser is to keep."""

    token: str = field(repr=False)
    device: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The person behind a live session, as the pages see them. Flask-Login's current user.

    `current` is the identity room's own value; it goes on to the access room as it is.
    """

    current: Current
    unit: str
    """The unit's name; `current.unit` is its id."""
    created: datetime
    ends_unless_used: datetime
    """When idleness ends the session if nothing more is asked of it."""
    token: str = field(repr=False)
    service: str | None = None
    """The slug this session is confined to, on a service's own host."""
    address: str = field(default="", repr=False)
    """Where this request comes from; empty counts as from anywhere."""

    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """Flask-Login's name for the user."""
        return self.current.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCard:
    """A service of the catalogue with the names people read instead of ids."""

    service: Service
    origin: str
    """Scheme and authority of the service's own host, as the browser sees it."""
    in_charge: str
    operator: str
    user_units: tuple[str, ...] = ()
    evaluated_by: str = ""
    approved_by: str = ""
    closed: str | None = None
    """A code while nobody may enter, e.g. because the evaluation has run out."""
