"""The desk's part about reviewing the log: rules, findings, sign-off, coverage, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from audit.entry import Entry
from audit.query import Query
from audit.record import Json
from audit.review.coverage import Day
from audit.review.evidence import Package
from audit.review.figures import Figure
from audit.review.finding import Finding
from audit.review.queue import Note, Wanted
from audit.review.rule import Rule
from audit.review.rulebook import Kept
from audit.review.runner import Rehearsal
from audit.review.signed import Signoff
from audit.review.stretch import Reviewed
from audit.review.suppressing import Suppression

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSeen:
    """A finding with its entries, as far as a page shows them, and its notes.

    `rule` is its rule as it stood when it found this; None if it cannot be read any more.
    """

    finding: Finding
    rule: Rule | None
    entries: Sequence[Entry]
    numbers: Sequence[int]
    notes: Sequence[Note]


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a reviewer is to sign off. `shown` were rendered to them, `unread` is the next."""

    seen: Reviewed
    shown: int
    unread: int | None
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a change of a rule says. `over` is the version that was opened, None for a new rule."""

    text: str
    name: str | None
    is_on: bool
    over: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision about findings."""

    state: str
    disposition: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a sign-off page showed: the range, and the tree by size and root."""

    low: int
    high: int
    size: int
    root: bytes


class ReviewDesk(Protocol):
    """What the pages of the review call. Every look and act is recorded."""

    def review_rules(self) -> Sequence[Kept]:
        """The newest version of every rule."""

    def review_rule(self, name: str) -> Sequence[Kept]:
        """Every version of a rule, newest first."""

    def review_rehearse(
        self, person: SignedIn, text: str, *, days: int, visit: Visit
    ) -> tuple[Rule, Rehearsal]:
        """What a rule would have found in the last days. Raises BadRule."""

    def review_rule_save(self, person: SignedIn, ruling: Ruling, *, visit: Visit) -> Kept:
        """Keep a version. Raises BadRule."""

    def review_findings(
        self, person: SignedIn, wanted: Wanted, *, skip: int, visit: Visit
    ) -> tuple[Sequence[Finding], int]:
        """A page of the queue, and how many there are."""

    def review_finding(self, person: SignedIn, finding: UUID, *, visit: Visit) -> FindingSeen:
        """One finding."""

    def review_take(self, person: SignedIn, finding: UUID, *, version: int, visit: Visit) -> None:
        """Become its owner."""

    def review_decide(
        self, person: SignedIn, finding: UUID, verdict: Verdict, *, version: int, visit: Visit
    ) -> None:
        """Decide about it."""

    def review_decide_all(
        self, person: SignedIn, wanted: Wanted, verdict: Verdict, *, expected: int, visit: Visit
    ) -> int:
        """Resolve all that fit."""

    def review_remark(self, person: SignedIn, finding: UUID, text: str, *, visit: Visit) -> None:
        """Add a note."""

    def review_suppress(
        self,
        person: SignedIn,
        finding: UUID,
        fields: Sequence[str],
        *,
        until: date | None,
        reason: str,
        visit: Visit,
    ) -> None:
        """Ask no more until the end of a day."""

    def review_unsuppress(self, person: SignedIn, suppression: UUID, *, visit: Visit) -> None:
        """Ask again."""

    def review_suppressions(self) -> Sequence[Suppression]:
        """Every suppression."""

    def review_hand_over(
        self, person: SignedIn, finding: UUID, *, visit: Visit
    ) -> Mapping[str, Json]:
        """Hand it over to the incident desk."""

    def review_figures(self, *, since: datetime) -> Sequence[Figure]:
        """How findings were decided, by rule."""

    def review_night(
        self,
        person: SignedIn,
        query: Query,
        *,
        low: int | None,
        page_from: int | None,
        visit: Visit,
    ) -> Night | None:
        """What waits for review; None if nothing does."""

    def review_sign(
        self, person: SignedIn, bounds: Bounds, query: Query, *, note: str, visit: Visit
    ) -> None:
        """Sign it off."""

    def review_signoffs(self) -> Sequence[Signoff]:
        """Every sign-off, in the order of the log."""

    def review_unproven(self) -> Sequence[Signoff]:
        """Sign-offs of the table that the log does not know so. They count for nothing."""

    def review_own(
        self, person: SignedIn, signoff: UUID, *, visit: Visit
    ) -> tuple[Signoff, Sequence[Entry]]:
        """A sign-off, and the acts of its reviewer."""

    def review_second(self, person: SignedIn, signoff: UUID, *, visit: Visit) -> None:
        """Sign for the reviewer's own acts."""

    def review_coverage(self, *, since: date, count: int, now: datetime) -> Sequence[Day]:
        """How far each day is reviewed."""

    def review_evidence(
        self,
        person: SignedIn,
        query: Query,
        finding: UUID | None,
        *,
        why: str,
        to: str,
        visit: Visit,
    ) -> Package:
        """Make a package of what fits, or of a finding; on record before it is handed out."""
