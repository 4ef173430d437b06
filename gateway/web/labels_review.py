"""Words of the review: levels, states, dispositions, covers, and what is wrong with a rule."""

from __future__ import annotations

from typing import Any

from audit.review.finding import Finding
from audit.review.rule import Rule
from audit.review.rule_node import BadRule
from gateway.web.i18n import _, either, ngettext
from gateway.web.i18n import later as _l

LEVELS = {
    "critical": _l("Critical"),
    "high": _l("High"),
    "medium": _l("Medium"),
    "low": _l("Low"),
    "informational": _l("For information"),
}
STATES = {
    "new": _l("New"),
    "in_progress": _l("In progress"),
    "pending": _l("Pending"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
}
DISPOSITIONS = {
    "violation": _l("A violation"),
    "justified": _l("Justified by duty"),
    "false_alarm": _l("A false alarm"),
    "drill": _l("A drill"),
}
COVERS = {
    "empty": _l("no entries"),
    "whole": _l("reviewed"),
    "second": _l("waits for a second reviewer"),
    "part": _l("in part, under a filter"),
    "waits": _l("waits for review"),
    "overdue": _l("overdue"),
}
EVENTS = {
    "audit.evidence": _l("Evidence package handed out"),
    "audit.unwatched": _l("Review rules interrupted"),
    "review.decided": _l("Finding decided"),
    "review.ended_suppression": _l("Suppression ended"),
    "review.found": _l("A rule found something"),
    "review.handed_over": _l("Finding handed over"),
    "review.looked": _l("Review looked at"),
    "review.noted": _l("Note on a finding"),
    "review.rule_changed": _l("Review rule changed"),
    "review.rule_off": _l("Review rule switched off"),
    "review.rule_on": _l("Review rule switched on"),
    "review.second": _l("Second review signed"),
    "review.signoff": _l("Review signed off"),
    "review.suppressed": _l("Finding suppressed"),
    "review.taken": _l("Finding taken up"),
}
_BAD: dict[str, Any] = {
    "size": _l("a rule has at most 16,384 characters"),
    "yaml": _l(
        "the text cannot be read as YAML beyond this place; look at the brackets, quotation "
        "marks, colons and indents here and before"
    ),
    "alias": _l("anchors, aliases and tags are not taken"),
    "documents": _l("one text holds one correlation and its base rules, apart by ---"),
    "kind": _l("a value of another kind belongs here: %(what)s"),
    "many": _l("at most %(what)s"),
    "unknown_key": _l("“%(what)s” is not known here"),
    "duplicate": _l("“%(what)s” stands here twice"),
    "missing": _l("“%(what)s” is missing"),
    "number": _l("“%(what)s” is no whole number that is taken here"),
    "choice": _l("“%(what)s” is not one of the choices"),
    "name": _l("“%(what)s” is no name: 3 to 40 small letters, digits and _"),
    "timespan": _l("“%(what)s” is no length of time: 30s, 10m, 12h or 7d, at most 31 days"),
    "hours": _l("“%(what)s” are no hours: 08:00-18:00"),
    "field": _l("“%(what)s” is no field of an entry"),
    "event": _l("“%(what)s” is no event of the log"),
    "role": _l("“%(what)s” is no role"),
    "own": _l("a rule does not look at the review itself"),
    "modifier": _l("“%(what)s” cannot be compared like this"),
    "condition": _l("“%(what)s” is no selection; write: selection and not filter"),
    "unused": _l("“%(what)s” is not used, or used twice"),
    "event_needed": _l("“%(what)s” does not say which events it means"),
    "reference": _l("there is no base rule “%(what)s”"),
    "compared": _l("one of %(what)s belongs here"),
    "usual": _l("“usual” needs %(what)s"),
    "renamed": _l("a rule keeps its name; “%(what)s” is another"),
}
_KINDS: dict[str, Any] = {
    "mapping": _l("names, each with its value"),
    "text": _l("a value"),
}
"""What is said of a value of another kind, by `BadRule.what`."""


def level(code: str) -> str:
    """How grave a finding is."""
    return str(LEVELS.get(code, code))


def finding_state(code: str) -> str:
    """Where a finding stands."""
    return str(STATES.get(code, code))


def disposition(code: str | None) -> str:
    """What it turned out to be."""
    return str(DISPOSITIONS.get(code or "", code or "—"))


def cover(code: str) -> str:
    """How far a day is reviewed."""
    return str(COVERS[code])


def title(rule: Rule | Finding | None) -> str:
    """A rule's or finding's title in the reader's language."""
    return "" if rule is None else either(rule.title_zh or rule.title, rule.title)


def about(rule: Rule) -> str:
    """What a rule is for."""
    return either(rule.description_zh or rule.description, rule.description)


def bad_rule(bad: BadRule) -> str:
    """What is wrong with a rule's text, and where."""
    what = _KINDS[bad.what] if bad.code == "kind" else bad.what
    words = str(_BAD[bad.code]) % {"what": what}
    return _(
        "Line %(line)s, column %(column)s: %(words)s.",
        line=bad.line,
        column=bad.column,
        words=words,
    )


def spent(seconds: int | None) -> str:
    """A length of time, in the unit a person would use."""
    if seconds is None:
        return "—"
    if seconds < 7200:  # noqa: PLR2004 - two hours
        return ngettext("%(num)s minute", "%(num)s minutes", max(1, seconds // 60))
    return ngettext("%(num)s hour", "%(num)s hours", seconds // 3600)
