"""The auditor's first page: what needs my decision now?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, g, render_template, url_for

from gateway.web.access import requires
from gateway.web.audit import address_of
from gateway.web.desk_audit import Card
from gateway.web.i18n import _, either, ngettext
from gateway.web.i18n import later as _l
from gateway.web.session import house, person
from policies.permissions import Permission

pages = Blueprint("audit_now", __name__, url_prefix="/audit")

TITLES: Mapping[str, Any] = {
    "alarm_missing": _l("Alarm: entries are gone"),
    "alarm_unannounced": _l("Alarm: entries that the gateway did not write"),
    "alarm_disagreed": _l("Alarm: requests or holds that the log does not bear out"),
    "unwitnessed": _l("Witnesses of the log"),
    "sealing": _l("Sealing of the log"),
    "indexing": _l("The search is behind the log"),
    "never_verified": _l("The log has never been verified"),
    "verify_failed": _l("The last verification found something wrong"),
    "verified": _l("Verification of the log"),
    "refusals": _l("Refusals of the last two hours"),
    "changes": _l("Changes by other officers since yesterday"),
    "findings": _l("Findings of the rules"),
    "unsigned": _l("The log since the last sign-off"),
    "seconds": _l("Acts of a reviewer"),
}
"""What a card is about, by its code."""

_CALLING: Mapping[str, Any] = {
    "alarm_missing": _l(
        "They were on record and were deleted before they were sealed. Look into it, then: "
        "hangu audit missing."
    ),
    "alarm_unannounced": _l(
        "Somebody with access to the database wrote them. Believe nothing that they say, look "
        "into it, then: hangu audit missing."
    ),
    "alarm_disagreed": _l(
        "Somebody with access to the database made them up or changed them. Nothing was removed "
        "for it. Look into it, then: hangu audit missing."
    ),
    "unwitnessed": _l(
        "Too few of them have cosigned of late. Until they do, the newest entries rest on the "
        "sealer's word alone."
    ),
    "sealing": _l("Entries wait for sealing. Have the system administrator look at the sealer."),
    "indexing": _l("Sealed entries that the search does not know yet are counted here."),
    "never_verified": _l("Run hangu audit verify on the gateway's machine."),
    "verify_failed": _l("Open it, and run hangu audit verify again to see the first bad entry."),
    "verified": _l("It is more than a day old. Run hangu audit verify on the gateway's machine."),
    "refusals": _l("Far more than usual for two hours: about %(usual)s. Follow them."),
    "changes": _l("Look whether each was asked for."),
    "findings": _l("Each wants a decision with a reason, the gravest first."),
    "unsigned": _l("Look through it and sign it off."),
    "seconds": _l("A reviewer did something in the range they signed. Sign for it."),
}
_QUIET: Mapping[str, Any] = {
    "sealing": _l("Every entry is sealed within seconds."),
    "verified": _l("Found intact within the last day."),
    "refusals": _l("Not more than usual."),
    "changes": _l("Nothing was changed."),
    "findings": _l("No finding waits for a decision."),
    "unsigned": _l("Nothing in it has waited long for a sign-off."),
}


@pages.get("/now")
@requires(Permission.AUDIT_VIEW)
def show() -> str:
    """The cards, those that call first."""
    cards = house().desk.log_cards(person(), now=g.now)
    return render_template(
        "audit_now.html",
        calling=[card for card in cards if card.calls],
        quiet=[card for card in cards if not card.calls],
        title=title,
        text=text,
        figure=figure,
        dated=dated,
        way=way,
    )


_WAYS: Mapping[str, str] = {
    "findings": "review_findings.show",
    "unsigned": "review_signoff.show",
    "seconds": "review_coverage.show",
}
"""Cards that lead to a page of their own instead of a search."""


def way(card: Card) -> str:
    """Where the card leads; empty if nowhere."""
    if card.code in _WAYS:
        return url_for(_WAYS[card.code])
    return "" if card.query is None else address_of(card.query)


def title(card: Card) -> str:
    """What the card is about."""
    return str(TITLES[card.code])


def text(card: Card) -> str:
    """What there is to do, or that there is nothing."""
    words = _CALLING if card.calls else _QUIET
    said = str(words[card.code]) % card.words
    if not (decided := card.words.get("decided")):
        return said
    more = _("Not counted: %(count)s of findings that are decided.", count=decided)
    return either("", " ").join((said, more))


_DATED: Mapping[str, Any] = {
    "unwitnessed": _l("last cosigned"),
    "sealing": _l("last sealed"),
    "verify_failed": _l("verified"),
    "verified": _l("verified"),
    "refusals": _l("counted since"),
    "findings": _l("the gravest opened"),
    "unsigned": _l("first entry"),
}
"""What happened at the time on a card."""


def dated(card: Card) -> str:
    """What happened at the time on the card."""
    return str(_DATED[card.code])


_FIGURES: Mapping[str, Callable[[int], str]] = {
    "alarm_missing": lambda n: ngettext("%(num)s entry", "%(num)s entries", n),
    "alarm_unannounced": lambda n: ngettext("%(num)s entry", "%(num)s entries", n),
    "refusals": lambda n: ngettext("%(num)s refusal", "%(num)s refusals", n),
    "changes": lambda n: ngettext("%(num)s change", "%(num)s changes", n),
    "findings": lambda n: ngettext("%(num)s finding", "%(num)s findings", n),
    "unsigned": lambda n: ngettext("%(num)s entry", "%(num)s entries", n),
    "seconds": lambda n: ngettext("%(num)s sign-off", "%(num)s sign-offs", n),
    "sealing": lambda n: ngettext("%(num)s entry", "%(num)s entries", n),
    "indexing": lambda n: ngettext("%(num)s entry", "%(num)s entries", n),
}


def figure(card: Card) -> str:
    """The figure on the card, with what it counts; empty if it counts nothing."""
    counts = _FIGURES.get(card.code)
    return "" if counts is None else counts(card.count)
