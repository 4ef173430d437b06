"""A question to the engine and its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from policies.vocabulary import (
    ACTIONS,
    LEVELS,
    NETWORKS,
    NO_CATEGORY,
    STRENGTHS,
    is_category,
    is_page,
    is_service_object,
)


class Outcome(StrEnum):
    """What the gateway does with the request."""

    ALLOW = "allow"
    DENY = "deny"
    STEP_UP = "step_up"


class Reason(StrEnum):
    """Why. Stable codes; the pages turn them into words."""

    ALLOWED = "allowed"
    CLEARANCE = "clearance"
    """Only the person's clearance is too low for the classification."""
    DENIED_BY_RULE = "denied_by_rule"
    MALFORMED = "malformed"
    """The request holds a value no rule can mean, e.g. a path that is not canonical."""
    NO_RULE = "no_rule"
    STRONGER_SIGN_IN = "stronger_sign_in"
    """Only a stronger sign-in is missing."""
    UNKNOWN_SUBJECT = "unknown_subject"
    UNKNOWN_ZONE = "unknown_zone"
    WRITE_DOWN = "write_down"
    """The rules allow it, but it would carry data to a lower classification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """May `subject` do `action` to `object`, in `zone`, now?

    Attributes:
        subject: `person:<uuid>`.
        object: `svc:<slug>/<segments>`, at least `svc:<slug>/`; or `app:<permission>`.
        action: an HTTP method, a data operation, or `use` for pages.
        strength: of the sign-in, 1 to 3.
        now: whole seconds since 1970-01-01 UTC.
        category: `cat:<slug>` from the service catalogue.
        classification: of the service, 0 to 4.
        clearance: of the person, 0 to 4.
        network: a class of `policies.vocabulary.NETWORKS`.
    """

    subject: str
    zone: str
    object: str
    action: str
    strength: int
    now: int
    category: str = NO_CATEGORY
    classification: int = 0
    clearance: int = 0
    network: str = "lan"

    @property
    def is_well_formed(self) -> bool:
        """Whether each value, subject and zone aside, is one that rules can speak of."""
        return (
            isinstance(self.object, str)
            and isinstance(self.action, str)
            and isinstance(self.category, str)
            and self.action in ACTIONS
            and self.network in NETWORKS
            and (self.category == NO_CATEGORY or is_category(self.category))
            and (is_service_object(self.object) or is_page(self.object))
            and _is_number(self.strength)
            and _is_number(self.classification)
            and _is_number(self.clearance)
            and _is_number(self.now)
            and self.strength in STRENGTHS
            and self.classification in LEVELS
            and self.clearance in LEVELS
            and self.now >= 0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, with the evidence for it.

    Attributes:
        rules: the ids of all rules that decided: each matching deny of a denial, each
            matching allow of an allowance; of a step-up or of a denial for clearance or
            write-down, the allows that would have given access. Sorted; may be empty.
        version: the rule set's, 16 hexadecimal digits.
        strength_needed: the least sign-in strength that gives access, for a step-up; else 0.
        grants: the name of the temporary grants that counted beside the rules, 16 hexadecimal
            digits; empty if there were none.
    """

    outcome: Outcome
    reason: Reason
    rules: tuple[str, ...]
    version: str
    strength_needed: int = 0
    grants: str = ""

    @property
    def is_allowed(self) -> bool:
        """Whether the request may pass."""
        return self.outcome is Outcome.ALLOW

    def named(self, *, version: str, grants: str) -> Self:
        """Return the same answer under other names of the rules and the temporary grants."""
        return replace(self, version=version, grants=grants)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
