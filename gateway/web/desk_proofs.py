"""The desk's part about what proves the rules: tests, and why something is decided as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Protocol

from audit.entry import Entry
from gateway.changes.explaining import Explained, Past
from gateway.changes.testing import Asked, Tried
from gateway.refusals import Refused
from policies.change.mutation import Score
from policies.dossier.dossiers import Dossier
from policies.questions import Access

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class DecisionUnknown(Refused):
    """The log holds no decision of this number."""

    code: ClassVar[str] = "decision_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """A decision of the log: its entry, and why it fell so."""

    entry: Entry
    past: Past


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTests:
    """The tests of a published version, and what they would notice of each of its rules."""

    tests: Sequence[Tried]
    scores: Sequence[Score]
    """Those rules first of which the tests notice least."""


class ProofsDesk(Protocol):
    """What the pages of tests and explanations call."""

    def draft_tests(self, ref: str, *, now: datetime) -> Sequence[Tried] | None:
        """The tests of a draft with their results; None if the draft cannot be read."""

    def put_test(
        self,
        person: SignedIn,
        ref: str,
        edit: int,
        asked: Asked,
        *,
        instead: str,
        language: str,
        visit: Visit,
    ) -> None:
        """Add a test, or put it in another one's place. Raises CaseProblem, ChangeRefused."""

    def keep_test(
        self, person: SignedIn, ref: str, line: str, *, expect: str, visit: Visit
    ) -> None:
        """Put a test that is written as a line into a draft. Raises CaseProblem, ChangeRefused."""

    def drop_test(self, person: SignedIn, ref: str, edit: int, case: str, *, visit: Visit) -> None:
        """Take a test out of a draft."""

    def proofs(self, seq: int, *, now: datetime) -> VersionTests | None:
        """The tests of a published version; None if there is none of this number."""

    def ask_rules(self, asked: Asked, *, draft: str, language: str, now: datetime) -> Explained:
        """Why somebody may or may not, by the rules in force or a draft. Raises CaseProblem."""

    def ask_who(
        self, asked: Asked, *, draft: str, language: str, now: datetime
    ) -> Sequence[Access]:
        """Who may do it, whoever the question is about. Raises CaseProblem."""

    def past_decision(
        self, person: SignedIn, decision: str, *, draft: str, visit: Visit
    ) -> PastDecision:
        """One decision of the log; each look is on record. Raises DecisionUnknown."""

    def past_decisions(
        self, person: SignedIn, decisions: Sequence[str], *, visit: Visit
    ) -> Sequence[Entry]:
        """The entries of some decisions, newest first; the look is on record."""

    def suggest_test(self, person: SignedIn, decision: str, *, visit: Visit) -> None:
        """Tell the security administrators that this decision should become a test."""

    def open_drafts(self) -> Sequence[Dossier]:
        """The changes that may still be edited, those last touched first."""

    def changes_waiting(self, person: SignedIn) -> int:
        """How many changes wait for this person's approval."""
