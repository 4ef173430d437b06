"""The desk's part about reviews of the rules: campaigns, uses, and what is kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from policies.acts import Act
from policies.campaigns.campaigns import Campaign, Line, Terms
from policies.campaigns.deciding import Answer
from policies.change.separation import United
from policies.duties import Duty
from policies.rules import Rule
from policies.uses import Use

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignLine:
    """A rule of a campaign as its page shows it."""

    line: Line
    sentence: str
    ends: datetime | None
    """When the rule ends by itself."""
    is_unused: bool
    is_young: bool
    """Whether the rule is not in force for all the days that were looked at."""
    may_decide: bool
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCard:
    """A campaign with the rows that its reader may see."""

    campaign: Campaign
    opened_by: str
    closed_by: str
    lines: Sequence[CampaignLine]
    decided: int
    is_dead: bool
    is_overdue: bool

    @property
    def unused(self) -> Sequence[CampaignLine]:
        """The rows of rules that nobody used in all the days."""
        return [each for each in self.lines if each.is_unused]

    @property
    def removed(self) -> Sequence[CampaignLine]:
        """The rows of rules that are to go."""
        return [each for each in self.lines if each.line.verdict == "remove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A campaign in the list: how many of its rules are decided, of how many."""

    campaign: Campaign
    decided: int
    total: int
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedRule:
    """A rule in force with how often it decided since the log began, and since when it is."""

    rule: Rule
    sentence: str
    use: Use | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """One person who did both sides of a duty to one record, before the duty or beside it."""

    duty: Duty
    earlier: Act
    later: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What is kept apart, and who unites it now."""

    duties: Sequence[Duty]
    united: Sequence[United]
    both: Sequence[Both]
    acts: Sequence[tuple[str, str]]
    """The acts that services name: service and act."""


class CampaignsDesk(Protocol):
    """What the pages of reviews call. Steps refuse with `CampaignRefused`."""

    def campaigns(
        self, person: SignedIn, *, sees_all: bool, now: datetime
    ) -> Sequence[CampaignRow]:
        """The campaigns a person may see, the newest first; if not all, those that ask."""

    def campaign(
        self, person: SignedIn, ref: str, *, sees_all: bool, language: str, now: datetime
    ) -> CampaignCard:
        """One campaign."""

    def scopes(self, language: str) -> Sequence[tuple[str, str]]:
        """The scopes a campaign may have, each with its name: services, then units."""

    def open_campaign(self, person: SignedIn, terms: Terms, *, visit: Visit) -> str:
        """Begin a campaign and gather its rows beside the page; return its id."""

    def gather_campaign(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Gather the rows anew, after whoever did so died at it."""

    def decide_in_campaign(
        self, person: SignedIn, ref: str, answer: Answer, *, visit: Visit
    ) -> None:
        """Decide on rows."""

    def close_campaign(
        self, person: SignedIn, ref: str, *, leaves_undecided: bool, visit: Visit
    ) -> str:
        """Close it; return the change that came of it, empty if none."""

    def withdraw_campaign(self, person: SignedIn, ref: str, *, reason: str, visit: Visit) -> None:
        """End it without consequences."""

    def used_rules(self, *, language: str, now: datetime) -> Sequence[UsedRule]:
        """The rules in force about services, with their uses."""

    def kept_apart(self, *, now: datetime) -> Apart:
        """The duties in force, the offices' among them, and who unites them."""

    def draft_duties(self, ref: str, *, now: datetime) -> Apart | None:
        """The same of a draft; None if its text cannot be read."""

    def put_duty(self, person: SignedIn, ref: str, edit: int, duty: Duty, *, visit: Visit) -> None:
        """Save a draft with one duty more."""

    def drop_duty(self, person: SignedIn, ref: str, edit: int, duty: str, *, visit: Visit) -> None:
        """Save a draft without a duty."""
