"""What a change or a version adds and takes out, in words; rules, duties, tests, categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.web import labels_campaigns, labels_proofs
from gateway.web.i18n import _, either
from gateway.web.sayings import Sayings
from policies.cases import Case
from policies.change import phrasing
from policies.duties import HELD, Duty
from policies.reading import Row
from policies.rule import Rule


class Said(NamedTuple):
    """A row in words; `kind` says what it is, and is empty of a rule."""

    kind: str
    text: str


def said(rows: Iterable[Row], say: Sayings) -> list[Said]:
    """Say each row in the reader's language."""
    return [_said(row, say) for row in rows]


def _said(row: Row, say: Sayings) -> Said:
    if isinstance(row, Rule):
        return Said("", phrasing.write(row, say.lexicon))
    if isinstance(row, Case):
        when = either("，", ", ") + labels_proofs.at(row.now)
        return Said(_("Test"), phrasing.tested(row, say.lexicon) + when)
    if isinstance(row, Duty):
        return Said(_("Kept apart"), _apart(row, say))
    child, parent = (say.name(each) for each in row)
    return Said(_("Category"), _("%(child)s belongs to %(parent)s", child=child, parent=parent))


def _apart(duty: Duty, say: Sayings) -> str:
    names = say.lexicon.names
    one, other = (labels_campaigns.side(each, names) for each in (duty.one, duty.other))
    if duty.way == HELD:
        return _("nobody holds both %(one)s and %(other)s", one=one, other=other)
    return _(
        "nobody does both %(one)s and %(other)s to one record: %(records)s",
        one=one,
        other=other,
        records=labels_campaigns.records(duty.scope, names),
    )
