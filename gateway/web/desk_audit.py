"""The desk's part about the log: searching it, reading it, and who looked at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from audit.activity import By, Share, Slot
from audit.entry import Entry
from audit.health import Health
from audit.query import Query
from audit.saved import SavedSearch
from audit.search import Count, Page
from policies.rules import Rule
from policies.versions import Version

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedValue:
    """A personal value of an entry, by its `name`.

    `value` is None if it was erased; a forged one does not fit its commitment.
    """

    name: str
    value: str | None = field(repr=False)
    fits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleUsed:
    """A rule that decided, in the version that decided.

    `rule` is None if no published version has it, as with temporary grants. `published` is
    the number of the entry of the publication, once it is found.
    """

    id: str
    version: str
    rule: Rule | None
    publication: Version | None
    published: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing that asks for the auditor's decision, or says that all is well.

    `code` names its words; `query` is a search that shows it.
    """

    code: str
    calls: bool
    count: int = 0
    since: datetime | None = None
    query: Query | None = None
    words: Mapping[str, str] = field(default_factory=dict)


class AuditDesk(Protocol):
    """What the pages of the log call."""

    def log_searched(
        self,
        person: SignedIn,
        query: Query,
        *,
        before: int | None,
        after: int | None,
        visit: Visit,
    ) -> tuple[Page, Count]:
        """One page of what fits, and how much does; that it was asked is recorded."""

    def log_entry(self, person: SignedIn, seq: int, *, visit: Visit) -> Entry:
        """One entry; that it was read is recorded. Refuses an unknown one."""

    def log_values_opened(
        self, person: SignedIn, seq: int, *, visit: Visit
    ) -> Sequence[OpenedValue]:
        """An entry's personal values; recorded before they are shown."""

    def log_receipt(self, person: SignedIn, seq: int, *, visit: Visit) -> bytes:
        """The proof of an entry, as a file; recorded. Refuses an entry that has none yet."""

    def log_digest(self, field: str, value: str) -> str:
        """What a personal value (`src_ip` or `login`) is searched for by."""

    def log_people(self) -> Mapping[str, str]:
        """The names of people by their subject, for reading entries."""

    def log_services(self) -> Mapping[str, str]:
        """The names of services by their slug."""

    def log_units(self) -> Mapping[str, str]:
        """The names of units by their slug."""

    def log_subjects(self, typed: str) -> Sequence[str]:
        """Whom a typed name, sign-in name, staff number or id can mean."""

    def log_rule(self, rule_id: str, version: str) -> RuleUsed:
        """A rule as it stood in a version."""

    def log_saved(self, person: SignedIn) -> Sequence[SavedSearch]:
        """The searches that the person may use."""

    def log_save(
        self, person: SignedIn, query: Query, *, name: str, shared: bool, visit: Visit
    ) -> None:
        """Keep a search. Refuses an empty name and one too many."""

    def log_unsave(self, person: SignedIn, search_id: UUID, *, visit: Visit) -> None:
        """Forget one's own search. Refuses an unknown one."""

    def log_by_hour(self, *, since: datetime, until: datetime) -> Sequence[Slot]:
        """Activity, hour by hour."""

    def log_by_day(self, *, since: date, days: int) -> Sequence[Slot]:
        """Activity, day by day."""

    def log_refusals(self, by: By, *, since: datetime, until: datetime) -> Sequence[Share]:
        """Refusals by service or unit, most first."""

    def log_health(self, *, now: datetime) -> Health:
        """Whether the log is being sealed."""

    def log_cards(self, person: SignedIn, *, now: datetime) -> Sequence[Card]:
        """What needs the auditor's decision now, the pressing first."""
