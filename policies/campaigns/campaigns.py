"""A review campaign as a value: what it asks about, of whom, by when, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies.pairs import parts
from policies.reading import row_of
from policies.rules import Rule
from policies.stopping import StoppedFor
from policies.tables_campaign import policy_campaign, policy_campaign_row
from policies.uses import uses
from policies.vocabulary import ANY, is_service_object, is_unit

STILL: Final = timedelta(seconds=30)
"""A campaign whose rows are being gathered and that has not moved for so long is dead."""


class State(StrEnum):
    """How far a campaign is."""

    GATHERING = "gathering"
    """The log is being asked what each rule did."""
    OPEN = "open"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Reviewers(StrEnum):
    """Who decides on the rows."""

    SECURITY_ADMIN = "security_admin"
    SERVICE = "service"
    """The service owners of the unit in charge of the rule's service."""
    UNIT = "unit"
    """The service owners of the unit that the rule lets in."""


class Verdict(StrEnum):
    """What is to become of a rule."""

    KEEP = "keep"
    SHORTEN = "shorten"
    """It gets an end."""
    REMOVE = "remove"


class Why(StrEnum):
    """Why a step is not taken. Stable codes; the pages turn them into words."""

    GATHERING = "gathering"
    NOTHING = "nothing"
    """No rule lies in the scope."""
    NOT_YOURS = "not_yours"
    """Others decide on this row."""
    NO_REASON = "no_reason"
    OWN = "own"
    """The rule is about the very person who would decide."""
    TERMS = "terms"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"
    UNTIL = "until"
    """The end is missing, past, not earlier than the rule's own, or the rule has weekly hours."""
    USED_SINCE = "used_since"
    """A rule is to go as unused, and was used after somebody said so."""
    WRONG_STATE = "wrong_state"


class Stopped(StoppedFor[Why]):
    """A step of a campaign that is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a campaign is to ask. Checked by `checked`.

    `scope` is `*` for all grants, `svc:<slug>` for those of a service, `unit:<slug>` for those
    to a unit; `days` how many days of the log are looked at.
    """

    title: str
    scope: str
    reviewers: Reviewers
    due_at: datetime
    days: int = 90

    def checked(self, now: datetime) -> None:
        """Raise Stopped (terms) with the names of all fields that are wrong."""
        if wrong := self.wrong(now):
            raise Stopped(Why.TERMS, " ".join(wrong))

    def wrong(self, now: datetime) -> Sequence[str]:
        """Return the names of all fields that say what cannot be."""
        checks = (
            ("title", 0 < len(self.title.strip()) <= 200 and self.title.isprintable()),  # noqa: PLR2004 - the column's
            ("scope", is_scope(self.scope)),
            ("due_at", self.due_at > now),
            ("days", 1 <= self.days <= 3660),  # noqa: PLR2004 - ten years
        )
        return [name for name, holds in checks if not holds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign. The attributes are the columns of `policy_campaign`."""

    id: str
    state: State
    title: str
    scope: str
    reviewers: Reviewers
    days: int
    due_at: datetime
    opened_at: datetime
    opened_by: str
    seq: int
    asked: int
    done: int
    total: int
    beat_at: datetime
    warned_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    dossier: str

    def is_dead(self, now: datetime) -> bool:
        """Whether whoever gathered its rows did not live to the end of it."""
        return self.state is State.GATHERING and now - self.beat_at > STILL

    def is_overdue(self, now: datetime) -> bool:
        """Whether its day is over and it is not."""
        return self.state is State.OPEN and now >= self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule of a campaign. The attributes are the columns of `policy_campaign_row`."""

    number: int
    rule: str
    line: str
    unit: str
    since: datetime
    uses: int
    people: int
    missed: int
    last_used: datetime | None
    verdict: str
    until: datetime | None
    reason: str
    decided_by: str
    decided_at: datetime | None

    def is_unused(self, campaign: Campaign) -> bool:
        """Whether it had all the days that were looked at to be used, and was not, nor since."""
        if self.uses or self.is_used_since(campaign):
            return False
        return self.since <= campaign.opened_at - timedelta(days=campaign.days)

    def is_used_since(self, campaign: Campaign) -> bool:
        """Whether it was used after the campaign began."""
        return self.last_used is not None and self.last_used > campaign.opened_at

    @property
    def parsed(self) -> Rule:
        """The rule itself."""
        kind, *columns = self.line.split(", ")
        found = row_of(kind, columns)
        assert isinstance(found, Rule)
        return found


def is_scope(text: str) -> bool:
    """Tell whether a text can be a campaign's scope."""
    return text == ANY or is_unit(text) or is_service_object(f"{text}/")


def lies_in(rule: Rule, scope: str) -> bool:
    """Tell whether a campaign of a scope asks about a rule: an allow about services."""
    if not rule.allows or rule.obj.startswith("app:"):
        return False
    if is_unit(scope):
        return scope in parts(rule.sub)
    return scope == ANY or rule.obj.startswith(f"{scope}/")


def find(session: Session, ref: str) -> Campaign:
    """Return a campaign. Raises Stopped (unknown)."""
    return _campaign(session.execute(_one(ref)).first())


def locked(session: Session, ref: str, *states: State) -> Campaign:
    """Return a campaign in one of these states that nobody else steps with meanwhile."""
    found = _campaign(session.execute(_one(ref).with_for_update()).first())
    if found.state is State.GATHERING and State.GATHERING not in states:
        raise Stopped(Why.GATHERING)
    if found.state not in states:
        raise Stopped(Why.WRONG_STATE, found.state)
    return found


def listed(session: Session) -> Sequence[Campaign]:
    """Return all campaigns, the newest first."""
    ordered = select(policy_campaign).order_by(policy_campaign.c.opened_at.desc())
    return [_campaign(row) for row in session.execute(ordered)]


def lines(session: Session, ref: str) -> Sequence[Line]:
    """Return the rules of a campaign, the unused first."""
    own = policy_campaign_row.c.campaign == ref
    rows = session.execute(
        select(policy_campaign_row).where(own).order_by(policy_campaign_row.c.number)
    )
    return [Line(**_without_key(row)) for row in rows]


def up_to_date(session: Session, found: Iterable[Line]) -> Sequence[Line]:
    """Return rows with when each rule was last used, counted beyond the gathering as well."""
    counted = uses(session)

    def newest(line: Line) -> datetime | None:
        use = counted.get(line.rule)
        known = (line.last_used, None if use is None else use.last_used)
        return max((at for at in known if at is not None), default=None)

    return [replace(each, last_used=newest(each)) for each in found]


def progress(session: Session) -> Mapping[str, tuple[int, int]]:
    """Return for every campaign how many of its rules are decided, and how many there are."""
    row = policy_campaign_row.c
    counts: dict[str, tuple[int, int]] = {}
    for ref, verdict in session.execute(select(row.campaign, row.verdict)):
        decided, total = counts.get(ref, (0, 0))
        counts[ref] = (decided + bool(verdict), total + 1)
    return counts


def record(
    tx: Transaction,
    what: str,
    ref: str,
    actor: Actor,
    now: datetime,
    details: Mapping[str, Any],
    *,
    reason: str | None = None,
) -> None:
    """Record a step of a campaign in the log."""
    tx.record(
        f"policy.campaign_{what}",
        actor=actor,
        now=now,
        object=f"policy-campaign:{ref}",
        reason=reason,
        details=details,
    )


def _one(ref: str) -> Select[Any]:
    return select(policy_campaign).where(policy_campaign.c.id == ref)


def _without_key(row: Row[Any]) -> dict[str, Any]:
    return {key: value for key, value in row._asdict().items() if key != "campaign"}


def _campaign(row: Row[Any] | None) -> Campaign:
    if row is None:
        raise Stopped(Why.UNKNOWN)
    values = row._asdict()
    known = {"state": State(row.state), "reviewers": Reviewers(row.reviewers)}
    return Campaign(**{**values, **known})
