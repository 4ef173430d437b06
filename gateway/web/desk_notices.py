"""The desk's part about notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.changes import waiting
from gateway.identity import notices
from gateway.identity.notices import NoticeView
from gateway.identity.registry import Registry

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class NoticesDesk(Protocol):
    """What people are told of their own account."""

    def unseen_notices(self, person: SignedIn) -> Sequence[NoticeView]:
        """What the person has not read yet and is not over, oldest first."""

    def notices(self, person: SignedIn) -> Sequence[NoticeView]:
        """The newest, read or not."""

    def notices_seen(self, person: SignedIn, *, until: datetime, visit: Visit) -> int:
        """The person has read everything up to `until`; how many those were."""


@dataclass(frozen=True, kw_only=True)
class NoticesFront:
    """Fulfils `NoticesDesk` from the identity room."""

    registry: Registry

    def unseen_notices(self, person: SignedIn) -> Sequence[NoticeView]:
        """Not read yet, and still so."""
        found = notices.unseen(self.registry, person.current.person_id)
        return waiting.still_so(self.registry.store, found)

    def notices(self, person: SignedIn) -> Sequence[NoticeView]:
        """The newest."""
        return notices.latest(self.registry, person.current.person_id)

    def notices_seen(self, person: SignedIn, *, until: datetime, visit: Visit) -> int:
        """Mark them."""
        own = person.current.person_id
        return notices.seen(self.registry, own, until=until, now=visit.now)
