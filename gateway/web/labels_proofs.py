"""Words for tests of the rules and for explanations: what failed, what would help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.changes.testing import CaseProblem
from gateway.web import labels, labels_findings
from gateway.web.i18n import _, either, ngettext
from gateway.web.i18n import later as _l
from gateway.web.moments import local
from policies.change import phrasing
from policies.change.lexicon import Lexicon
from policies.change.mutation import DELETED
from policies.change.sentences import read
from policies.decision import Reason
from policies.fixes import Change, Step
from policies.nearness import Condition, Failed, NearMiss
from policies.vocabulary import ANY, tokens

EXPECTED: Mapping[str, Any] = {
    "allow": _l("must be allowed"),
    "deny": _l("must be denied"),
    "step_up": _l("must ask for a stronger sign-in"),
}
NETWORKS: Mapping[str, Any] = {
    "lan": _l("local network"),
    "vpn": _l("VPN"),
    "government": _l("government network"),
    "internet": _l("internet"),
}
PROBLEMS: Mapping[str, Any] = {
    "missing": _l("Fill this in"),
    "anybody": _l("A test asks about somebody: name a person, or the roles and units they hold"),
    "one_person": _l("Name one person alone, or roles and units without a person"),
    "one_place": _l("Name one place, as /files/report, without **"),
    "no_service": _l("The catalogue has no such service"),
    "other": _l("This says something else than is asked here"),
    "value": _l("Choose or write a value that exists"),
}
REASONS: Mapping[str, Any] = {
    Reason.ALLOWED: _l("A rule allows it, and none denies it."),
    Reason.CLEARANCE: _l("The place's label is above the person's clearance."),
    Reason.DENIED_BY_RULE: _l("A rule denies it expressly, and a denial wins."),
    Reason.MALFORMED: _l("The address is not one that the rules can speak of."),
    Reason.NO_RULE: _l("No rule allows it."),
    Reason.STRONGER_SIGN_IN: _l("A rule allows it after a stronger sign-in."),
    Reason.UNKNOWN_SUBJECT: _l("The rules do not know this person."),
    Reason.UNKNOWN_ZONE: _l("The rules do not know this zone."),
    Reason.WRITE_DOWN: _l("Data may not be carried to where its label is lower."),
}
MISSED: Mapping[str, Any] = {
    DELETED: _l("deleted"),
    "sub": _l("opened to everybody"),
    "zone": _l("in every zone"),
    "act": _l("for every action"),
    "cls": _l("at every level"),
    "net": _l("from every network"),
    "obj": _l("for the whole service"),
    "auth": _l("without the stronger sign-in"),
    "win": _l("at every time"),
}
"""What may be done to a rule without any test failing."""


def expected(value: str) -> str:
    """What a test demands."""
    return str(EXPECTED[value])


def problem(found: CaseProblem) -> str:
    """What is wrong with a field of a test."""
    if found.wrong is not None:
        return labels_findings.sentence_problem(found.wrong)
    return str(PROBLEMS[found.code])


def reason(value: str) -> str:
    """Why a decision fell as it did, in the officer's words."""
    return str(REASONS.get(Reason(value), value))


def missed(changes: Iterable[str]) -> str:
    """Which changes of a rule no test would notice."""
    return either("、", ", ").join(str(MISSED[each]) for each in changes) or "—"


def trouble(why: str) -> str:
    """Why a recorded decision cannot be explained."""
    return _("It cannot be made again from the log: %(why)s.", why=why)


def near(miss: NearMiss, lexicon: Lexicon) -> str:
    """What keeps a rule from matching: every condition that failed."""
    return either("；", "; ").join(_failed(each, lexicon) for each in miss.failed)


def fix(steps: Iterable[Step], lexicon: Lexicon) -> str:
    """The shortest way to an allowance."""
    return either("；", "; ").join(_STEPS[each.change](each.value, lexicon) for each in steps)


def ends(second: int) -> str:
    """From when a test that holds will fail, though nobody changes anything."""
    return _(
        "From %(at)s on it fails: the rule it stands on ends then. "
        "Give the test a time at which the rule holds.",
        at=_clock(str(second)),
    )


def stood(rule: str, *, is_over: bool) -> str:
    """On which rule a failing test stood, and that the test may go."""
    if is_over:
        return _("The rule it stood on is over: %(rule)s. Take the test out.", rule=rule)
    return _(
        "The rule it stood on has been taken out: %(rule)s. "
        "If that is meant, take the test out as well.",
        rule=rule,
    )


def count(number: int, what: str) -> str:
    """How many tests there are, fail or hold."""
    if what == "failing":
        return ngettext("%(num)s test fails.", "%(num)s tests fail.", number)
    return ngettext("%(num)s test holds", "all %(num)s tests hold", number)


def _failed(found: Failed, lexicon: Lexicon) -> str:
    return _CONDITIONS[found.condition](found, lexicon)


def words(column: str, value: str, lexicon: Lexicon) -> str:
    """What a column of a rule says: a zone, networks, labels."""
    joined = (phrasing.word(column, each, lexicon) for each in tokens(value))
    return either("、", ", ").join(joined)


def _levels(value: str) -> str:
    known = (labels.word(int(each)) if each.isdecimal() else each for each in tokens(value))
    return either("、", ", ").join(known)


def _networks(value: str) -> str:
    return either("、", ", ").join(str(NETWORKS.get(each, each)) for each in tokens(value))


_CONDITIONS: Mapping[Condition, Callable[[Failed, Lexicon], str]] = {
    Condition.ACTION: lambda found, lexicon: _(
        "asked to %(has)s, the rule speaks of %(needs)s",
        has=phrasing.actions(found.has, lexicon),
        needs=phrasing.actions(found.needs, lexicon),
    ),
    Condition.CLASSIFICATION: lambda found, _lexicon: _(
        "the place is %(has)s, the rule speaks of %(needs)s",
        has=_levels(found.has),
        needs=_levels(found.needs),
    ),
    Condition.CLEARANCE: lambda found, _lexicon: _(
        "cleared for %(has)s, the place is %(needs)s",
        has=_levels(found.has),
        needs=_levels(found.needs),
    ),
    Condition.NETWORK: lambda found, _lexicon: _(
        "came from the %(has)s, the rule wants %(needs)s",
        has=_networks(found.has),
        needs=_networks(found.needs),
    ),
    Condition.OBJECT: lambda found, lexicon: _(
        "the rule speaks of %(needs)s", needs=phrasing.place(found.needs, lexicon)
    ),
    Condition.STRENGTH: lambda found, _lexicon: _(
        "signed in with %(has)s, the rule wants %(needs)s",
        has=labels.strength(int(found.has)),
        needs=labels.strength(int(found.needs)),
    ),
    Condition.SUBJECT: lambda found, lexicon: _(
        "is not %(needs)s", needs=phrasing.who(found.needs, lexicon)
    ),
    Condition.TIME: lambda found, lexicon: _(
        "it was another time than %(needs)s", needs=phrasing.times(found.needs, lexicon)
    ),
    Condition.ZONE: lambda found, lexicon: _(
        "the rule holds %(needs)s alone", needs=words("zone", found.needs, lexicon)
    ),
}
_STEPS: Mapping[Change, Callable[[str, Lexicon], str]] = {
    Change.SIGN_IN: lambda value, _lexicon: _(
        "sign in with %(what)s", what=labels.strength(int(value))
    ),
    Change.NETWORK: lambda value, _lexicon: _(
        "come from the %(network)s", network=_networks(value)
    ),
    Change.WAIT: lambda value, _lexicon: _("come back at %(at)s", at=_clock(value)),
    Change.JOIN: lambda value, lexicon: _(
        "be made a member or holder of %(group)s", group=phrasing.who(value, lexicon)
    ),
    Change.CLEARANCE: lambda value, _lexicon: _("be cleared for %(level)s", level=_levels(value)),
    Change.LIFT: lambda value, _lexicon: _("take out the denial %(rule)s", rule=value),
    Change.GRANT: lambda value, lexicon: _("add the rule: %(rule)s", rule=_rule(value, lexicon)),
}


def _rule(line: str, lexicon: Lexicon) -> str:
    rule = read(line, lexicon).rule
    return line if rule is None else phrasing.write(rule, lexicon)


def at(value: str) -> str:
    """The moment of a test."""
    if value == ANY:
        return _("at any moment it is run")
    return _clock(value)


def _clock(second: str) -> str:
    return f"{local(datetime.fromtimestamp(int(second), UTC)):%Y-%m-%d %H:%M}"
