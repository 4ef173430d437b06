"""What the answers of a campaign make of the rules: without some, and with an end to others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from policies.campaigns.campaigns import Line, Verdict
from policies.rules import RuleSet
from policies.vocabulary import ANY, tokens

_WEEK = "week:"


def changed(rules: RuleSet, there: Iterable[Line], now: datetime) -> RuleSet:
    """Return rules without what is to be removed, and with an end to what is to be shortened."""
    verdicts = {each.line: each for each in there if each.verdict}
    kept = []
    for rule in rules.rules:
        found = verdicts.get(rule.line)
        if found is None or found.verdict == Verdict.KEEP:
            kept.append(rule)
        elif found.verdict == Verdict.SHORTEN and found.until is not None:
            kept.append(replace(rule, win=shortened(rule.win, found.until, now)))
    return replace(rules, rules=tuple(dict.fromkeys(kept)))


def shortened(win: str, until: datetime, now: datetime) -> str:
    """Return the windows of a rule, ended at a moment.

    Raises:
        ValueError: weekly hours have no end, or nothing of the windows would be shorter.
    """
    end = int(until.timestamp())
    if win == ANY:
        return f"{int(now.timestamp())}~{end}"
    if _WEEK in win:
        raise ValueError("weekly hours cannot be given an end")
    spans = [tuple(map(int, each.split("~"))) for each in tokens(win)]
    cut = [(start, min(stop, end)) for start, stop in spans if start < end]
    if not cut or cut == spans:
        raise ValueError("it would not be shorter")
    return "|".join(f"{start}~{stop}" for start, stop in cut)


def end_of(win: str) -> int | None:
    """Return the second at which a rule ends by itself; None if it does not."""
    if win == ANY or _WEEK in win:
        return None
    return max(int(each.partition("~")[2]) for each in tokens(win))
