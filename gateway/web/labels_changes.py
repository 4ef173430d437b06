"""Words for changes of the rules: states, steps, what blocks, what was found in a draft."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.changes.editing import Part
from gateway.web.answers_changes import CHANGES
from gateway.web.i18n import _, ngettext
from gateway.web.i18n import later as _l
from gateway.web.sayings import Sayings
from policies.change.replay import Effect
from policies.dossier.dossiers import State

STATES: Mapping[str, Any] = {
    State.DRAFT: _l("being drafted"),
    State.SUBMITTED: _l("waits for approval"),
    State.APPROVED: _l("approved"),
    State.TRIAL: _l("in force on trial"),
    State.CONFIRMED: _l("in force, confirmed"),
    State.ROLLED_BACK: _l("rolled back"),
    State.WITHDRAWN: _l("withdrawn"),
}
STEPS: Mapping[str, Any] = {
    "opened": _l("Draft begun"),
    "edited": _l("Edited"),
    "rebased": _l("Took over the newer version"),
    "submitted": _l("Approval asked for"),
    "approved": _l("Approved"),
    "refused": _l("Sent back"),
    "published": _l("Published on trial"),
    "confirmed": _l("Confirmed"),
    "rolled_back": _l("Rolled back"),
    "hindered": _l("Could not go on by itself"),
    "unhindered": _l("Went on again"),
    "service_taken_out": _l("A service was taken out; its rules do not come back"),
    "withdrawn": _l("Withdrawn"),
    "approval_void": _l("The approval is void, by the edit"),
    "request_void": _l("The request for approval is void, by the edit"),
}
BLOCKERS: Mapping[str, Any] = {
    "nothing": _l("The draft says exactly what is in force already."),
    "errors": _l("The draft has errors. They are named beside its rules."),
    "tests": _l("A test that lives among the rules fails."),
    "lockout": _l("An office would be locked out: two people must always be able to go back."),
    "united": _l("Somebody would hold what has to be kept apart."),
    "beyond": _l(
        "It gives pages of an officer, or services to officers, "
        "which no change of the rules may do."
    ),
    "growth": _l("More people would gain something than its author declared."),
}
ENDS: Mapping[str, Any] = {
    "by_hand": _l("Rolled back by hand."),
    "canary_deviates": _l("A test of the version was decided otherwise than it says."),
    "clock_went_back": _l("The gateway's clock was set back."),
    "denials_jumped": _l("Far more requests were kept out than before."),
    "not_confirmed": _l("Nobody confirmed it in time."),
}
_HINDRANCES: Mapping[str, Any] = {
    "change_approver_benefits": _l("Who approved it would gain by it, as people are now."),
    "change_stale": _l("What was approved is no longer what there is."),
}
"""Where the words of a refusal speak to whoever took the step."""
PARTS: Mapping[str, Any] = {
    Part.CHANGED: _l("What the draft changes"),
    Part.OFFICE: _l("The office's rules"),
    Part.HOUSE: _l("Rules every gateway starts with"),
    Part.ALL: _l("All rules of the draft"),
}


def state(value: str) -> str:
    """Where a change stands."""
    return str(STATES[value])


def step(value: str) -> str:
    """What somebody did with it."""
    return str(STEPS.get(value, value))


def blocker(value: str) -> str:
    """What keeps it from approval."""
    return str(BLOCKERS[value])


def end(value: str) -> str:
    """Why a trial ended."""
    return str(ENDS.get(value, value))


def origin(said: str) -> str:
    """Where a version came from that no case published, by its note."""
    if said == "baseline of hangu init":
        return _("none: every gateway starts with it")
    if said.startswith("return to version "):
        return _("none: the trial before it ended, and the rules from before came back")
    return _("none: it was published outside of a case, so nobody approved it")


def hindrance(reason: str) -> str:
    """What keeps a change from going on by itself; blockers are named each."""
    code, _space, said = reason.partition(" ")
    if code not in CHANGES:
        return _("The gateway failed at it (%(kind)s); its process log says more.", kind=said)
    words = [str(BLOCKERS[each]) for each in said.split(", ") if each in BLOCKERS]
    return " ".join(words) or str(_HINDRANCES.get(code, CHANGES[code].text))


def note(said: str) -> str:
    """Why a version was published; what the gateway wrote itself, in the page's language."""
    if said == "baseline of hangu init":
        return _("the rules every gateway starts with")
    if back := re.fullmatch(r"return to version (\d+): (\w+)", said):
        return _("return to version %(seq)s. %(why)s", seq=back[1], why=end(back[2]))
    if said.startswith("outside a case: "):
        return _("outside a case: %(note)s", note=said.removeprefix("outside a case: "))
    return said


CHARTS: Mapping[str, Any] = {
    "units": _l("People who gain or lose something, by unit"),
    "services": _l("People who gain or lose something, by service"),
}
"""What a chart shows of an effect."""


def told(row: Mapping[str, Any]) -> str:
    """One line of a replay, e.g. “14 people lose 3 services”."""
    people = row["people"]
    of = ngettext("%(num)s service", "%(num)s services", row["services"])
    if row["effect"] == Effect.LOSES:
        return ngettext("%(num)s person loses %(of)s", "%(num)s people lose %(of)s", people, of=of)
    if row["effect"] == Effect.GAINS:
        return ngettext("%(num)s person gains %(of)s", "%(num)s people gain %(of)s", people, of=of)
    if row["effect"] == Effect.HARDER:
        return ngettext(
            "%(num)s person needs a stronger sign-in for %(of)s",
            "%(num)s people need a stronger sign-in for %(of)s",
            people,
            of=of,
        )
    return ngettext(
        "%(num)s person needs a weaker sign-in for %(of)s",
        "%(num)s people need a weaker sign-in for %(of)s",
        people,
        of=of,
    )


def shift(effect: str) -> str:
    """What became of a group's questions, in a word or two."""
    words = {
        Effect.LOSES: _("lose"),
        Effect.GAINS: _("gain"),
        Effect.HARDER: _("stronger sign-in"),
        Effect.EASIER: _("weaker sign-in"),
    }
    return words[Effect(effect)]


def gains_and_losses(gain: int, lose: int) -> str:
    """How many gain and how many lose something."""
    return _(
        "%(gain)s, %(lose)s",
        gain=ngettext("%(num)s person gains", "%(num)s people gain", gain),
        lose=ngettext("%(num)s person loses something", "%(num)s people lose something", lose),
    )


def faults(errors: int, warnings: int) -> str:
    """How much is wrong with a draft."""
    return _(
        "%(errors)s, %(warnings)s",
        errors=ngettext("%(num)s error", "%(num)s errors", errors),
        warnings=ngettext("%(num)s warning", "%(num)s warnings", warnings),
    )


def waits(number: int) -> str:
    """How many changes wait for this person's approval."""
    return ngettext(
        "%(num)s change of the rules waits for your approval",
        "%(num)s changes of the rules wait for your approval",
        number,
    )


def part(value: str) -> str:
    """Which rules of a draft are looked at."""
    return str(PARTS[value])


def at(second: int) -> datetime:
    """The moment that a window of a rule names, in seconds since 1970 UTC."""
    return datetime.fromtimestamp(second, UTC)


def shares(facts: Mapping[str, Any], name: str, say: Sayings) -> Sequence[tuple[str, int, int]]:
    """Units or services by name, with how many people gain and lose there."""
    found = facts["by_unit" if name == "units" else "by_service"]
    return [(_called(name, each["name"], say), each["gain"], each["lose"]) for each in found]


def _called(name: str, value: str, say: Sayings) -> str:
    if name == "units":
        return say.unit(value) if value else str(_("without a unit"))
    return {"app": str(_("pages of the gateway")), "*": str(_("any other service"))}.get(
        value, say.service(value)
    )
