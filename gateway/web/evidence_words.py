"""What the readable pages of an evidence package say: the words and the names of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from audit.entry import Entry
from audit.review.evidence_page import Language, Told, Wording
from gateway.access.catalogue import Catalogue
from gateway.identity import units
from gateway.identity.registry import Registry
from gateway.identity.roll import Roll
from gateway.web import labels_audit
from gateway.web.audit_words import Words, searched
from gateway.web.i18n import either, reading


def wording_of(registry: Registry, roll: Roll, catalogue: Catalogue, *, timezone: str) -> Wording:
    """The wording of packages, with the names as they are now, in the office's time zone."""
    people = {each.subject: each.name for each in roll.entries()}
    services, tree = catalogue.all(), units.tree(registry)

    def wording(
        language: Language, query: str, entries: Sequence[Entry]
    ) -> tuple[str, Sequence[Told]]:
        with reading(language):
            words = Words(
                people,
                {each.slug: either(each.name_zh, each.name_en) for each in services},
                {each.slug: either(each.name_zh, each.name_en) for each in tree},
                ZoneInfo(timezone),
            )
            return searched(query or "*", words), [_told(words, each) for each in entries]

    return wording


def _told(words: Words, entry: Entry) -> Told:
    row = entry.row
    unit = words.unit(row.unit) if row.unit else ""
    reason = labels_audit.why(row.reason) if row.reason and row.outcome != "success" else ""
    if row.object and row.object != row.actor:
        about = words.about(row.object)
    else:
        about = words.service(row.service)
    changes = [(each.name, f"{each.before} → {each.after}") for each in words.differences(entry)]
    return Told(
        who=" ".join(filter(None, (words.who(row.actor), unit))),
        what=labels_audit.event(row.event),
        about=about,
        outcome=" ".join(filter(None, (labels_audit.result(row.outcome), reason))),
        details=[*changes, *words.details(entry)],
    )
