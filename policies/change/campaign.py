"""Review campaigns: the rules nobody used, with the proof that nobody would miss them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from policies.change.replay import Effect, Replay, Shift
from policies.rules import Rule, RuleSet
from policies.uses import Use, is_counted


@dataclass(frozen=True, slots=True)
class Unused:
    """A rule to be reviewed: it had the whole time to be used and was not."""

    rule: Rule
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What the recorded decisions say of taking rules out.

    Attributes:
        removed: the rules that are taken out.
        asked: recorded decisions that were made again, refusals among them.
        missed: the questions that were given when they were asked, that the rules in force would
            give today, and that would be denied or need a stronger sign-in without `removed`.
            They are no uses: another rule may have given them then. What was refused at the time
            is not among them. The proof holds if there are none.
    """

    removed: tuple[Rule, ...]
    asked: int
    missed: tuple[Shift, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing would have been denied; with nothing recorded nothing is proved."""
        return self.asked > 0 and not self.missed


def unused(
    rules: RuleSet,
    uses: Mapping[str, Use],
    *,
    since: datetime,
    born: Mapping[str, datetime] | None = None,
) -> tuple[Unused, ...]:
    """Return the allows about services that decided nothing since a day.

    Args:
        rules: those in force.
        uses: by the rule's id (`policies.uses.uses`); a rule without an entry was never used.
        since: the day, e.g. 90 days ago.
        born: when a rule was first published, by id; a younger one is left out. A rule without
            an entry is old. Pages of the gateway leave no decision and are never listed.
    """
    ages = born or {}
    found = []
    for rule in rules.rules:
        is_young = rule.id in ages and ages[rule.id] > since
        if not rule.allows or not is_counted(rule) or is_young:
            continue
        last = uses[rule.id].last_used if rule.id in uses else None
        if last is None or last < since:
            found.append(Unused(rule, last))
    return tuple(found)


def without(rules: RuleSet, taken: Iterable[Rule]) -> RuleSet:
    """Return the rules without some of them, everything else as it was."""
    gone = frozenset(taken)
    return replace(rules, rules=tuple(rule for rule in rules.rules if rule not in gone))


def proof(taken: Iterable[Rule], replayed: Replay) -> Proof:
    """Return what a replay, of the rules in force against those `without`, proves."""
    missed = (each for each in replayed.shifts if each.effect in (Effect.LOSES, Effect.HARDER))
    return Proof(tuple(taken), replayed.read, tuple(missed))
