"""Words for reviews of the rules: states, who decides, what is decided, what is kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.web import labels
from gateway.web.i18n import _, either
from gateway.web.i18n import later as _l
from policies.campaigns.campaigns import Reviewers, State, Verdict
from policies.vocabulary import ANY

STATES: Mapping[str, Any] = {
    State.GATHERING: _l("the log is being asked"),
    State.OPEN: _l("being decided"),
    State.CLOSED: _l("closed"),
    State.WITHDRAWN: _l("withdrawn"),
}
REVIEWERS: Mapping[str, Any] = {
    Reviewers.SERVICE: _l("The service owners of the unit in charge of the service"),
    Reviewers.UNIT: _l("The service owners of the unit that the rule lets in"),
    Reviewers.SECURITY_ADMIN: _l("The security administrators"),
}
VERDICTS: Mapping[str, Any] = {
    Verdict.KEEP: _l("stays"),
    Verdict.SHORTEN: _l("stays until"),
    Verdict.REMOVE: _l("goes"),
}


def state(value: str) -> str:
    """Where a review stands."""
    return str(STATES[value])


def reviewers(value: str) -> str:
    """Who decides on its rules."""
    return str(REVIEWERS[value])


def verdict(value: str) -> str:
    """What becomes of a rule."""
    return str(VERDICTS[value])


def last_day(end: datetime) -> datetime:
    """A moment of the last day before an end: days end at the midnight after them."""
    return end - timedelta(seconds=1)


def side(value: str, names: Mapping[str, str]) -> str:
    """One side of a duty: roles, units and pages by name, acts by their word."""
    return either("、", ", ").join(_thing(each, names) for each in value.split("|"))


def records(scope: str, names: Mapping[str, str]) -> str:
    """Which records a duty is about."""
    if scope == ANY:
        return _("all records")
    slug, _slash, rest = scope.removeprefix("svc:").partition("/")
    return f"{names.get(f'svc:{slug}', slug)}/{rest}"


def _thing(name: str, names: Mapping[str, str]) -> str:
    if name.startswith("role:"):
        return labels.role(name.removeprefix("role:"))
    return names.get(name) or labels.act(name)
