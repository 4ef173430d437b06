"""The forms of a finding: what each still lacks, said at its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from audit.review.evidence_about import MAX_TO
from audit.review.finding import Disposition, State
from audit.review.queue import MAX_NOTE, MAX_REASON, MIN_REASON
from audit.review.suppressing import LONGEST, MOST_FIELDS
from gateway.web.forms import Problem
from gateway.web.i18n import _
from gateway.web.moments import local

DECIDED = (State.RESOLVED, State.CLOSED)


def verdict_lacks(form: Mapping[str, str], state: str) -> Sequence[Problem]:
    """What a decision lacks: what it turned out to be, why."""
    found = []
    if state in DECIDED and form.get("disposition", "") not in set(Disposition):
        found.append(Problem("disposition", _("Choose what it turned out to be.")))
    return [*found, *_reason_lacks("reason", form)]


def note_lacks(form: Mapping[str, str]) -> Sequence[Problem]:
    """What a note lacks."""
    if 1 <= len(form.get("note", "").strip()) <= MAX_NOTE:
        return ()
    return [Problem("note", _("Write a note of 1 to %(most)s characters.", most=MAX_NOTE))]


def purpose_lacks(form: Mapping[str, str]) -> Sequence[Problem]:
    """What a package of evidence lacks: to whom it goes, why."""
    to, why = (" ".join(form.get(name, "").split()) for name in ("to", "why"))
    found = []
    if not 1 <= len(to) <= MAX_TO or not to.isprintable():
        found.append(
            Problem("to", _("Say to whom it goes, in 1 to %(most)s characters.", most=MAX_TO))
        )
    return [*found, *(_reason_lacks("why", {"why": why}))]


def suppression_lacks(
    form: Mapping[str, str], fields: Sequence[str], key: Iterable[str], *, now: datetime
) -> Sequence[Problem]:
    """What a suppression lacks: which fields of the finding's `key`, until when, why."""
    found, names, last = [], list(key), last_day(now)
    if not 1 <= len(set(fields)) <= MOST_FIELDS or not set(fields) <= set(names):
        first = f"field-{next(iter(names), '')}"
        found.append(Problem(first, _("Choose 1 to %(most)s of them.", most=MOST_FIELDS)))
    until = day_of(form.get("until", ""))
    if until is None or not local(now).date() <= until <= last:
        found.append(
            Problem("until", _("Enter a day from today to %(last)s.", last=last.isoformat()))
        )
    return [*found, *_reason_lacks("suppress_reason", form)]


def last_day(now: datetime) -> date:
    """The last day that a suppression may hold, in the office's time."""
    return (local(now) + LONGEST - timedelta(days=1)).date()


def day_of(text: str) -> date | None:
    """The day that a date field says; None if it says none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _reason_lacks(name: str, form: Mapping[str, str]) -> Sequence[Problem]:
    if MIN_REASON <= len(" ".join(form.get(name, "").split())) <= MAX_REASON:
        return ()
    return [Problem(name, _("Give a reason of 5 to 500 characters."))]
