"""Entries in words: who, about whom or what, what was before and what after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from audit.entry import Entry
from audit.query import FAMILY, NOT, BadQuery, Query
from gateway.web import labels, labels_audit, labels_entries
from gateway.web.asked_facts import in_words, lexicon
from gateway.web.desk import Desk
from gateway.web.i18n import _, either
from gateway.web.i18n import later as _l
from policies.change.phrasing import times
from policies.pairs import parts
from policies.vocabulary import ANY, is_pair, is_role

_SYSTEM = {
    "system:sealer": _l("The sealer of the log"),
    "system:gateway": _l("The gateway"),
    "system:clock": _l("The clock"),
    "system:rules": _l("The rules of the review"),
    "system:enrolment": _l("Somebody with an enrolment link"),
    "system:housekeeping": _l("The gateway's housekeeping"),
    "system:integrity": _l("The guard of rows"),
    "system:shadow": _l("The second look at decisions"),
    "system:sign_in": _l("Somebody at the sign-in"),
    "system:stranger": _l("A stranger"),
    "system:worker": _l("A worker of the gateway"),
}
_THINGS = {
    "app": _l("A page of the gateway"),
    "finding": _l("A finding"),
    "findings": _l("The queue of findings"),
    "package": _l("A package of evidence"),
    "range": _l("A range of the log"),
    "signoff": _l("A sign-off"),
    "suppression": _l("A suppression"),
}
"""What the review's entries are about; which one stands in the entry."""
_PAIRS = (("was", "unit"), ("old", "new"), ("was", "name"), ("lost", "gained"))
"""Details that say what was before and what came after."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one detail was before, and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Words:
    """The names behind ids, read once for a page."""

    people: Mapping[str, str]
    services: Mapping[str, str]
    units: Mapping[str, str]
    zone: tzinfo | None = None
    """The office's, where no page knows it."""

    def who(self, subject: str) -> str:
        """Who acted."""
        kind, _colon, rest = subject.partition(":")
        if kind == "operator":
            return _("%(user)s at the terminal", user=rest)
        if subject in _SYSTEM:
            return str(_SYSTEM[subject])
        return self.people.get(subject) or self._stranger(subject)

    def about(self, thing: str | None) -> str:
        """What it was about."""
        if thing is None:
            return "—"
        kind, _colon, rest = thing.partition(":")
        if kind == "person":
            return self.who(thing)
        if kind == "unit":
            return self.unit(rest)
        if kind == "svc":
            slug, slash, path = rest.partition("/")
            return f"{self.service(slug)} {slash}{path}".rstrip()
        if kind == "audit":
            return _("Entry %(number)s", number=rest)
        return str(_THINGS.get(kind, thing))

    def whom(self, subject: str) -> str:
        """To whom a rule speaks."""
        if is_pair(subject):
            unit, role = parts(subject)
            return _("%(role)s of %(unit)s", role=self.whom(role), unit=self.unit(unit))
        if is_role(subject):
            return labels.role(subject.removeprefix("role:"))
        return self.about(subject)

    def times(self, windows: str) -> str:
        """When a rule holds."""
        if windows == ANY:
            return _("At any time")
        return times(windows, lexicon())

    def unit(self, unit: str | None) -> str:
        """A unit, by its slug or its subject."""
        if not unit:
            return "—"
        slug = unit.removeprefix("unit:")
        return self.units.get(slug, slug)

    def service(self, slug: str | None) -> str:
        """A service; one that was removed keeps its slug."""
        return "—" if not slug else self.services.get(slug, slug)

    def value(self, field: str, value: str) -> str:
        """The value of a filter."""
        known: Mapping[str, Callable[[str], str]] = {
            "event": _events,
            "outcome": labels_audit.result,
            "actor": self.who,
            "object": self.about,
            "unit": self.unit,
            "service": self.service,
            "reason": labels_audit.why,
            "class_uid": labels_entries.class_of,
            "address": _digest,
            "name": _digest,
        }
        return known.get(field, str)(value)

    def sentence(self, entry: Entry) -> str:
        """Who did what to whom, with what result."""
        row = entry.row
        known = {
            "who": self.who(row.actor),
            "what": labels_audit.event(row.event),
            "about": self.about(row.object),
            "how": labels_audit.result(row.outcome),
        }
        if row.object is None or row.object == row.actor:
            return either("{who}：{what}（{how}）", "{who}: {what} ({how})").format(**known)
        return _("%(who)s: %(what)s, about %(about)s (%(how)s)", **known)

    def differences(self, entry: Entry) -> Sequence[Difference]:
        """What the change was: before and after, in words."""
        details = entry.details
        found = [
            Difference(
                labels_entries.detail(after), self._told(details[b]), self._told(details[after])
            )
            for b, after in _PAIRS
            if b in details and after in details
        ]
        changed = details.get("changed")
        if isinstance(changed, dict):
            found += [
                Difference(labels_entries.detail(name), self._told(pair[0]), self._told(pair[1]))
                for name, pair in changed.items()
                if isinstance(pair, list) and len(pair) == len(("before", "after"))
            ]
        return found

    def details(self, entry: Entry) -> Sequence[tuple[str, str]]:
        """Everything else that the entry says."""
        paired = {name for each in _PAIRS if set(each) <= entry.details.keys() for name in each}
        return [
            (labels_entries.detail(name), self._detail(name, value, entry))
            for name, value in entry.details.items()
            if name not in {*paired, "changed"}
        ]

    def _detail(self, name: str, value: Any, entry: Entry) -> str:  # noqa: ANN401 - any JSON
        if name == "q" and isinstance(value, dict):
            return in_words(value, entry.row.unit, self)
        return self._told(value)

    def _told(self, value: Any) -> str:  # noqa: ANN401 - whatever JSON an entry holds
        match value:
            case None | [] | "":
                return "—"
            case bool():
                return either("是", "yes") if value else either("否", "no")
            case list():
                return " · ".join(self._told(each) for each in value)
            case {"pre": str(start), "len": int(length)}:
                return _("%(start)s… (%(length)s characters)", start=start, length=length)
            case dict():
                return " · ".join(f"{name}: {self._told(each)}" for name, each in value.items())
        return labels.role(self.units.get(str(value), str(value)))

    @staticmethod
    def _stranger(subject: str) -> str:
        if subject == "system:unknown" or subject.startswith("person:anonymous"):
            return _("Nobody signed in")
        kind, _colon, rest = subject.partition(":")
        if kind == "person":
            return _("Person %(id)s", id=rest[:8])
        return subject


def words_of(desk: Desk) -> Words:
    """The names as they are now."""
    return Words(desk.log_people(), desk.log_services(), desk.log_units())


def _events(value: str) -> str:
    if value.endswith(FAMILY):
        return _("%(family)s: all", family=labels_audit.family(value))
    return labels_audit.event(value)


def _digest(value: str) -> str:
    return _("digest %(start)s…", start=value[:8])


def searched(text: str, words: Words) -> str:
    """A recorded search in words."""
    if text == "*":
        return _("everything")
    try:
        query = Query.of_text(text)
    except BadQuery:
        return text
    return either("；", "; ").join(_filter(name, value, words) for name, value in query.pairs())


def _filter(name: str, value: str, words: Words) -> str:
    bare = name.removeprefix(NOT)
    said = words.value(bare, value)
    if name != bare:
        return _("%(field)s not %(value)s", field=labels_entries.field(bare), value=said)
    return f"{labels_entries.field(bare)}{either('：', ': ')}{said}"
