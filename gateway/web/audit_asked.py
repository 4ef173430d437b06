"""What is asked of the log: the form's fields as a query, and a query as the form's fields."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from audit.query import (
    MOST_VALUES,
    NOT,
    SINCE,
    UNTIL,
    WORDS,
    YEARS,
    BadQuery,
    Query,
    check_name,
    nearest,
)
from audit.vocabulary import EVENTS
from gateway.web import labels_audit, labels_entries
from gateway.web.audit_words import words_of
from gateway.web.desk import Desk
from gateway.web.moments import local, moment

PLAIN = {"plain_address": ("address", "src_ip"), "plain_name": ("name", "login")}
"""Fields that are typed in clear and searched for by their keyed digests."""
TYPED = (
    *("event", "outcome", "actor", "object", "unit", "service"),
    *("session", "decision", "policy", "reason", "case_ref", "class_uid"),
)
"""Fields that the form shows one value of."""
_PEOPLE = frozenset({"actor", "object"})


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force: how it reads; without it; and with its opposite, if it has one."""

    field: str
    value: str
    is_out: bool
    without: str
    turned: str = ""


def query_of(form: MultiDict[str, str], desk: Desk, timezone: str) -> Query:
    """The query that was typed. Raises BadQuery, naming the field."""
    pairs: list[tuple[str, str]] = []
    for name in form:  # before anybody is looked for: each name costs a walk through the roll
        if len(form.getlist(name)) > MOST_VALUES:
            raise BadQuery(name, "many")
    for name, raw in form.items(multi=True):
        value = raw.strip()
        if not value:
            continue
        bare = name.removeprefix(NOT)
        if name in PLAIN:
            pairs.append(_digested(name, value, desk))
        elif bare in _PEOPLE:
            pairs += [(name, each) for each in _subjects(bare, value, desk)]
        elif name in {SINCE, UNTIL}:
            pairs.append((name, _moment(name, value, timezone)))
        else:
            pairs.append((name, value))
    return Query.parse(pairs)


def query_of_address(given: MultiDict[str, str], desk: Desk) -> Query:
    """The query of a page's address; somebody wrote names into it by hand, or misspelt a filter.

    What an address does not say does not narrow the page: it would show too much, or nothing,
    and say so with conviction. Raises BadQuery, naming the field.
    """
    pairs: list[tuple[str, str]] = []
    for name in given:
        if name == "lang":
            continue
        check_name(name)
        values = [value for each in given.getlist(name) if (value := each.strip())]
        if len(values) > MOST_VALUES:
            raise BadQuery(name, "many")
        bare = name.removeprefix(NOT)
        for value in values:
            meant = _subjects(bare, value, desk) if bare in _PEOPLE else [value]
            pairs += [(name, each) for each in meant]
    return Query.parse(pairs)


def typed_of(query: Query) -> Mapping[str, str]:
    """What the form shows of a query."""
    typed = {name: values[0] for name, values in query.include.items() if name in TYPED}
    if query.words:
        typed[WORDS] = query.words[0]
    for name, end in ((SINCE, query.since), (UNTIL, query.until)):
        if end is not None:
            typed[name] = local(end).strftime("%Y-%m-%dT%H:%M")
    return typed


def kept(query: Query) -> Sequence[tuple[str, str]]:
    """The filters that the form has no field for: they go along unseen."""
    shown = {(name, value) for name, value in typed_of(query).items()}
    return [pair for pair in query.pairs() if pair not in shown and pair[0] not in {SINCE, UNTIL}]


def chips(query: Query, desk: Desk, address: Callable[[Query], str]) -> Sequence[Chip]:
    """The filters in force, each with its way out."""
    words, found = words_of(desk), []
    pairs = query.pairs()
    for at, (name, value) in enumerate(pairs):
        rest = [*pairs[:at], *pairs[at + 1 :]]
        if name in {SINCE, UNTIL}:
            when = moment(datetime.fromisoformat(value)).striptags()
            found.append(
                Chip(labels_entries.field(name), when, False, address(Query.parse(rest)), "")
            )
            continue
        bare, out = name.removeprefix(NOT), name.startswith(NOT)
        opposite = bare if out else NOT + bare
        found.append(
            Chip(
                labels_entries.field(bare),
                words.value(bare, value),
                out,
                address(Query.parse(rest)),
                address(Query.parse([*rest, (opposite, value)])),
            )
        )
    return found


def around(first: datetime, last: datetime | None = None, *, minutes: int = 15) -> Query:
    """Everything from some minutes before a moment until some after it, or after the `last`."""
    span = timedelta(minutes=minutes)
    return Query(since=first - span, until=(last or first) + span)


def narrowed(query: Query, **values: str | None) -> Query:
    """A query with these values more; those that are None are left out."""
    include = {name: (value,) for name, value in values.items() if value}
    return replace(query, include={**query.include, **include})


def event_options() -> Mapping[str, Sequence[tuple[str, str]]]:
    """The events by what they are about, each group with a choice of all its events."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(EVENTS):
        groups.setdefault(name.partition(".")[0], []).append((name, labels_audit.event(name)))
    return {
        labels_audit.family(first): [(f"{first}.*", ""), *each] for first, each in groups.items()
    }


def unit_options(desk: Desk) -> Sequence[tuple[str, str]]:
    """The units by the subject that entries name them by."""
    return [(f"unit:{slug}", name) for slug, name in desk.log_units().items()]


def _digested(name: str, value: str, desk: Desk) -> tuple[str, str]:
    column, personal = PLAIN[name]
    if column == "address":
        try:
            value = str(ipaddress.ip_address(value))
        except ValueError:
            raise BadQuery(name, "address") from None
    return column, desk.log_digest(personal, value)


def _subjects(field: str, value: str, desk: Desk) -> Sequence[str]:
    """Whom a name means. A thing that is no person is taken as it was typed."""
    found = desk.log_subjects(value)
    if not found and field == "actor":
        raise BadQuery(field, "nobody", nearest(value, desk.log_people().values()))
    return found or [value]


def _moment(name: str, value: str, timezone: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise BadQuery(name, "time") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(timezone))
    if at.year not in YEARS:
        raise BadQuery(name, "time")
    return at.astimezone(UTC).isoformat()
