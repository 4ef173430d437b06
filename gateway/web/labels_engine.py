"""Words for the rules at work: how a worker stands, why it refuses, what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.web.i18n import _
from gateway.web.i18n import later as _l
from gateway.web.labels import word
from gateway.web.moments import moment
from policies.decision import Outcome
from policies.workers import State, Trouble

STATES: Mapping[str, Any] = {
    State.CURRENT: _l("decides by it"),
    State.BEHIND: _l("has not acknowledged it yet"),
    State.REFUSING: _l("refuses to decide"),
    State.SILENT: _l("not heard, decides nothing"),
}
OUTCOMES: Mapping[str, Any] = {
    Outcome.ALLOW: _l("let in"),
    Outcome.DENY: _l("kept out"),
    Outcome.STEP_UP: _l("after a stronger sign-in"),
}
TROUBLES: Mapping[str, Any] = {
    Trouble.NO_RULES: _l("No rules were ever published."),
    Trouble.RULES_UNUSABLE: _l(
        "The stored version is not the one that was published and signed, or cannot be built."
    ),
    Trouble.STORE_REPLACED: _l("Another database file lies in the place of the one it opened."),
    Trouble.WENT_BACK: _l("Published versions have disappeared from the database."),
}
FACTS: Mapping[str, Any] = {
    "name": _l("Name"),
    "sub": _l("Person"),
    "zone": _l("Zone"),
    "obj": _l("Object"),
    "act": _l("Action"),
    "cat": _l("Data category"),
    "cls": _l("Classification"),
    "clr": _l("Clearance"),
    "net": _l("Network"),
    "auth": _l("Strength of the sign-in"),
    "now": _l("Time"),
    "as": _l("Counted as"),
    "lent": _l("Temporary grants"),
}


def state(value: str) -> str:
    """How a worker stands to the version in force."""
    return str(STATES[value])


def decided(value: str) -> str:
    """What a decision did with the request."""
    return str(OUTCOMES[value])


def trouble(value: str) -> str:
    """Why a worker decides nothing."""
    return str(TROUBLES.get(value, _("For a reason that this release does not know.")))


def asked_about(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What an engine was asked, fact by fact, in the order of the model."""
    for name, title in FACTS.items():
        if name in request:
            yield str(title), _shown(name, request[name])


def _shown(name: str, value: Any) -> str:  # noqa: ANN401 - whatever the evidence holds
    if name in {"cls", "clr"}:
        return word(value)
    if name == "now":
        return moment(datetime.fromtimestamp(value, UTC))
    return "\n".join(value) if isinstance(value, list) else str(value)
