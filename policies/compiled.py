"""The engine that decides: the same answers as the reference, in microseconds at any size.

A request meets few rules: those along its path and its categories, of the subjects its person
counts as. Five conditions of such a rule are one comparison of bits (`compiled_rules`), the
sixth is its times. One walk collects every rule that matches but for the sign-in's strength;
the outcome, what a stronger sign-in would change, and the evidence all follow from those.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

from policies.collector import collector_paused
from policies.compiled_index import ObjectIndex
from policies.compiled_rules import (
    ACTION_BITS,
    LEVEL_BITS,
    NETWORK_BITS,
    STRENGTH_BITS,
    ZONE_BITS,
    Entry,
    is_open,
)
from policies.compiled_subjects import REMEMBERED, SubjectClosures
from policies.decision import Decision, Outcome, Reason, Request
from policies.functions import path_in
from policies.memberships import Memberships
from policies.rules import Rule, RuleSet
from policies.temporary import Granted, compiled
from policies.vocabulary import STRENGTHS, WRITES, ZONES


class CompiledEngine:
    """Decides by one rule set under one state of memberships. Immutable, thread-safe.

    All it ever changes is which closures of known people it remembers, a bounded number.

    Args:
        rules: a checked rule set.
        memberships: refused unless they pass `Memberships.check`.
        no_write_down: as for `CasbinEngine`.
        remembered: how many people's closures to keep, counted for each zone.

    Raises:
        MembershipProblems: the memberships break a rule no policy can lift.
    """

    __slots__ = (
        "_extra",
        "_granted",
        "_index",
        "_subjects",
        "grants",
        "memberships",
        "no_write_down",
        "published",
        "version",
    )

    def __init__(
        self,
        rules: RuleSet,
        memberships: Memberships,
        *,
        no_write_down: bool = False,
        remembered: int = REMEMBERED,
    ) -> None:
        self.published = rules
        self.grants = ""
        self._extra = RuleSet()
        self._granted: Granted = {}
        self.memberships = memberships
        self.no_write_down = no_write_down
        with collector_paused():
            memberships.check()
            self.version = rules.version
            self._compile(remembered)

    def with_grants(self, grants: RuleSet) -> Self:
        """Return an engine of the same rules and these temporary grants, and of no others.

        Nothing is built anew but the few grants. `version` stays that of the published rules;
        `grants` names the grants, and every decision bears both.

        Raises:
            NotTemporary: one is more than a grant to one person for a time.
        """
        other = copy.copy(self)
        other._granted = compiled(grants, beside=self.published)  # noqa: SLF001 - its own kind
        other.grants = grants.version if grants.rules else ""
        other._extra = grants  # noqa: SLF001
        return other

    @property
    def rules(self) -> RuleSet:
        """Everything that is decided by: the published rules and the temporary grants."""
        return self.published.plus(self._extra) if self._granted else self.published

    def _compile(self, remembered: int) -> None:
        rules = self.published.rules
        # One object for each name, in rules and closures alike: sets that meet compare the
        # objects and need not read the names.
        names = {rule.sub: rule.sub for rule in rules}
        self._index = ObjectIndex(self.published, names)
        self._subjects = SubjectClosures(self.memberships, names, remembered=remembered)

    @property
    def people(self) -> frozenset[str]:
        """Everybody this engine knows."""
        return self._subjects.people

    def subjects_of(self, person: str, zone: str) -> frozenset[str]:
        """Return the subjects of rules that a known person counts as in a zone."""
        found = self._subjects.of(person, zone) or frozenset()
        return found | {person} if person in self._granted else found

    def lent_to(self, person: str) -> tuple[Rule, ...]:
        """Return the temporary grants that count for a person beside the published rules."""
        if person not in self._granted:
            return ()
        return tuple(
            rule
            for rule in self._extra.rules
            if rule.sub == person and not self.published.holds(rule)
        )

    def writes_down(self, request: Request) -> bool:
        """Return whether this engine refuses the request for carrying data down."""
        return (
            self.no_write_down
            and request.action in WRITES
            and request.clearance > request.classification
        )

    def decide(self, request: Request) -> Decision:
        """Return the decision with its reason and rules; refuses whatever is not understood."""
        if request.zone not in ZONES:
            return self._denied(Reason.UNKNOWN_ZONE)
        subjects = self._subjects.of(request.subject, request.zone)
        if subjects is None:
            return self._denied(Reason.UNKNOWN_SUBJECT)
        if not request.is_well_formed:
            return self._denied(Reason.MALFORMED)
        return self._decided(request, self._met(request, subjects))

    def _decided(self, request: Request, met: Sequence[Entry]) -> Decision:
        if request.classification > request.clearance:  # no rule lifts this comparison
            return self._not_cleared(request, met)
        strength = STRENGTH_BITS[request.strength]
        matched = [entry for entry in met if entry[0] & strength]
        if not matched:
            return self._stronger(request, met)
        if denies := _ids(matched, allowing=False):
            return self._denied(Reason.DENIED_BY_RULE, denies)
        return self._open(request, _ids(matched, allowing=True))

    def _met(self, request: Request, subjects: frozenset[str]) -> list[Entry]:
        """Return every rule that matches, clearance and the sign-in's strength left aside."""
        brought = (
            ZONE_BITS[request.zone]
            | ACTION_BITS[request.action]
            | NETWORK_BITS[request.network]
            | LEVEL_BITS[request.classification]
        )
        now = request.now
        met = [
            entry
            for spoken_of, table in self._index.tables(request.object, request.category)
            for subject in spoken_of & subjects
            for entry in table[subject]
            if entry[0] & brought == brought and (not entry[1] or is_open(entry[1], now))
        ]
        if self._granted:
            met += (
                entry
                for pattern, entry in self._granted.get(request.subject, ())
                if path_in(request.object, pattern)
                and entry[0] & brought == brought
                and is_open(entry[1], now)
            )
        return met

    def _not_cleared(self, request: Request, met: Sequence[Entry]) -> Decision:
        allows = _opening(met, request.strength)
        return self._denied(Reason.CLEARANCE if allows else Reason.NO_RULE, allows)

    def _stronger(self, request: Request, met: Sequence[Entry]) -> Decision:
        """No rule matched; find out whether a stronger sign-in alone is missing."""
        for strength in range(request.strength + 1, STRENGTHS.stop) if met else ():
            if allows := _opening(met, strength):
                return self._open(request, allows, strength)
        return self._denied(Reason.NO_RULE)

    def _open(self, request: Request, allows: tuple[str, ...], needed: int = 0) -> Decision:
        """The rules give access, at once or with the strength `needed`."""
        if self.writes_down(request):
            return self._denied(Reason.WRITE_DOWN, allows)
        return Decision(
            outcome=Outcome.STEP_UP if needed else Outcome.ALLOW,
            reason=Reason.STRONGER_SIGN_IN if needed else Reason.ALLOWED,
            rules=allows,
            version=self.version,
            strength_needed=needed,
            grants=self.grants,
        )

    def _denied(self, reason: Reason, rules: tuple[str, ...] = ()) -> Decision:
        return Decision(
            outcome=Outcome.DENY,
            reason=reason,
            rules=rules,
            version=self.version,
            grants=self.grants,
        )


def _opening(met: Sequence[Entry], strength: int) -> tuple[str, ...]:
    """Return the ids of the allows that a strength reaches; none if it reaches a deny as well."""
    bit = STRENGTH_BITS[strength]
    matched = [entry for entry in met if entry[0] & bit]
    return () if _ids(matched, allowing=False) else _ids(matched, allowing=True)


def _ids(matched: Sequence[Entry], *, allowing: bool) -> tuple[str, ...]:
    """Return the sorted ids of the rules of one effect."""
    return tuple(sorted([name for _, _, allows, name in matched if allows is allowing]))
