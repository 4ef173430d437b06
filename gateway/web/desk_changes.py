"""The desk's part about changes of the rules: from a draft to the confirmed version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.changes.editing import Leaf, Part
from policies.change.comparing import Comparison
from policies.change.findings import Finding
from policies.change.lexicon import Lexicon
from policies.change.sentences import Sentence
from policies.change.texts import Form
from policies.dossier.dossiers import Dossier, Examination, Step
from policies.dossier.drafting import Conflict, Terms
from policies.rule import Rule

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCard:
    """A change with everything its page shows; people by name.

    `since_refusal` are the lines that changed since it was last refused, each with `+` or `-`.
    """

    dossier: Dossier
    author: str
    approver: str
    writers: frozenset[str]
    """By their ids: whose hands are in the draft. None of them approves it."""
    steps: Sequence[tuple[Step, int]]
    """What was done, and how many times in a row."""
    examination: Examination | None
    is_current: bool
    """Whether the examination is of the draft as it is."""
    is_dead: bool
    """Whether the examination stands still and may be begun anew."""
    is_behind: bool
    conflicts: Sequence[Conflict]
    since_refusal: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a sentence may go on with: the `words`, and all that then stands `before` the cursor."""

    words: str
    before: str


class ChangesDesk(Protocol):
    """What the pages of changes call. Steps refuse with `ChangeRefused`."""

    def changes(self) -> Sequence[tuple[Dossier, str]]:
        """Every change with its author's name, those last touched first."""

    def change(self, ref: str, *, now: datetime) -> ChangeCard:
        """One change."""

    def on_trial(self) -> Dossier | None:
        """The change whose version is on trial, if any."""

    def lexicon(self, language: str, *, now: datetime) -> Lexicon:
        """The words of the office for sentences."""

    def draft_leaf(
        self, ref: str, *, language: str, sought: str, part: Part | None, page: int, now: datetime
    ) -> Leaf | None:
        """A page of a part of a draft's rules; None if the text cannot be read."""

    def draft_findings(self, ref: str, *, now: datetime) -> Sequence[Finding]:
        """Everything wrong with a draft's text."""

    def draft_text(self, ref: str, form: Form) -> str | None:
        """A draft in a form; None if it is unreadable in any but its own."""

    def say(self, sentence: str, *, language: str, now: datetime) -> Sentence:
        """Read a sentence."""

    def offers(self, before: str, *, language: str, now: datetime) -> Sequence[Offer]:
        """What a sentence may go on with, behind what was typed `before` the cursor."""

    def open_change(self, person: SignedIn, terms: Terms, *, visit: Visit) -> str:
        """Open a change on the rules in force; its id."""

    def return_to_version(self, person: SignedIn, seq: int, *, why: str, visit: Visit) -> str:
        """Open a change that returns to an older version; its id."""

    def set_terms(
        self, person: SignedIn, ref: str, edit: int, terms: Terms, *, visit: Visit
    ) -> None:
        """Save what the author declares."""

    def put_rule(
        self,
        person: SignedIn,
        ref: str,
        edit: int,
        sentence: Sentence,
        *,
        instead: str,
        visit: Visit,
    ) -> bool:
        """Add a rule, or put it in another one's place; whether that changed anything."""

    def drop_rule(self, person: SignedIn, ref: str, edit: int, rule: str, *, visit: Visit) -> bool:
        """Take a rule out; whether that changed anything."""

    def mend_rule(
        self,
        person: SignedIn,
        ref: str,
        edit: int,
        rule: str,
        word: str,
        near: str,
        *,
        visit: Visit,
    ) -> bool:
        """Let a rule say the known word that was meant; whether that changed anything."""

    def set_text(
        self, person: SignedIn, ref: str, edit: int, text: str, form: Form, *, visit: Visit
    ) -> bool:
        """Save the whole text, readable or not; whether that changed anything."""

    def examine_change(self, person: SignedIn, ref: str, *, days: int, visit: Visit) -> None:
        """Begin to find out what it would do."""

    def submit_change(self, person: SignedIn, ref: str, edit: int, *, visit: Visit) -> None:
        """Ask for approval."""

    def approve_change(
        self, person: SignedIn, ref: str, edit: int, shown: str, *, visit: Visit
    ) -> None:
        """Approve exactly what was shown."""

    def refuse_change(
        self, person: SignedIn, ref: str, edit: int, *, reason: str, visit: Visit
    ) -> None:
        """Send it back with a reason."""

    def withdraw_change(self, person: SignedIn, ref: str, *, reason: str, visit: Visit) -> None:
        """End it before it is published."""

    def rebase_change(self, person: SignedIn, ref: str, edit: int, *, visit: Visit) -> None:
        """Take over what was published meanwhile."""

    def publish_change(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Put it in force, on trial."""

    def confirm_change(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Keep it, from a session that began under it."""

    def roll_back_change(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Return to the rules from before, while it is on trial."""

    def draft_difference(self, ref: str) -> Comparison | None:
        """What a change adds to the rules it began with, and takes out; None if unreadable.

        Of either: the draft, or the version it began with, whose rows may have been altered.
        """

    def version_difference(self, seq: int) -> Comparison | None:
        """A version against the one before it; None if there is none."""

    def change_of_version(self, seq: int) -> str | None:
        """The change that a version was published by; None if it was published outside of one."""

    def version_of_decision(self, version: str, at: datetime) -> int | None:
        """The number of the version (16 digits of its hash) that was in force at a moment."""

    def rule_of_version(self, seq: int, rule: str) -> tuple[Rule, int] | None:
        """A rule of a version by its id, and the version that brought it."""
