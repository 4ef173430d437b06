"""What is asked of the log: filters as a value, and as the pairs of a page's address.

`actor=person:…&not-event=decision.allowed&words=ledger` and the value are the same thing, so
an address reproduces a view and a saved search is a line of text. Addresses and sign-in names
of people stand in it as keyed digests only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlencode

from audit.index_row import folded, words
from audit.record import MAX_TEXT
from audit.vocabulary import EVENTS, Outcome

FIELDS = (
    *("event", "outcome", "actor", "object", "unit", "service", "session", "reason"),
    *("policy", "decision", "case_ref", "zone", "address", "name", "class_uid"),
)
"""What can be filtered by value; the columns of `audit_index`."""
WORDS = "words"
NOT = "not-"
SINCE, UNTIL = "since", "until"
PAGING = frozenset({"before", "after", "limit"})
"""What an address says of a page of the result, beside the filters."""
MOST_VALUES = 256
"""Values that one field may name, and words that may be asked for."""
YEARS = range(1970, 3000)
"""Years that can be asked about."""
FAMILY = ".*"
"""`sign_in.*` stands for every event whose name begins with `sign_in.`."""

_DIGEST = re.compile(r"[0-9a-f]{32}")
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_NUMBER = re.compile(r"[0-9]{1,9}")


class BadQuery(ValueError):
    """A filter cannot be read.

    `field` says which, `why` is a code for words, `near` what may have been meant.
    """

    def __init__(self, name: str, why: str, near: str = "") -> None:
        super().__init__(f"{name}: {why}")
        self.field = name
        self.why = why
        self.near = near


Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which entries are wanted: all filters must hold, any value of one filter is enough.

    `since` is the first moment, `until` the first one after. `words` must all occur in the
    entry, `without` must not: a word, or several that stand together; letter case does not
    matter, Chinese is found inside of longer runs. An entry without a field is kept by an
    exclusion and left out by an inclusion.
    """

    since: datetime | None = None
    until: datetime | None = None
    include: Values = field(default_factory=dict)
    exclude: Values = field(default_factory=dict)
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise BadQuery for what cannot be asked."""
        for name, values in (*self.include.items(), *self.exclude.items()):
            if name not in FIELDS:
                raise BadQuery(name, "unknown")
            _check(name, values)
        for name, terms in ((WORDS, self.words), (NOT + WORDS, self.without)):
            _check(name, terms)
            if any(next(words(term), None) is None for term in terms):
                raise BadQuery(name, "no_word")
        if self.since and self.until and self.since >= self.until:
            raise BadQuery(UNTIL, "order")

    def pairs(self) -> list[tuple[str, str]]:
        """The query as the pairs of an address; `parse` reads them back."""
        found = [(name, each) for name in FIELDS for each in self.include.get(name, ())]
        found += [(NOT + name, each) for name in FIELDS for each in self.exclude.get(name, ())]
        found += [(WORDS, each) for each in self.words]
        found += [(NOT + WORDS, each) for each in self.without]
        for name, moment in ((SINCE, self.since), (UNTIL, self.until)):
            if moment is not None:
                found.append((name, written(moment)))
        return found

    def text(self) -> str:
        """The query as one line, as a page's address has it."""
        return urlencode(self.pairs())

    @classmethod
    def of_text(cls, text: str) -> Query:
        """Read what `text` gave, or what stands behind the ? of a page's address.

        A misspelt filter would let everything through, into a package for strangers too; so
        unlike in `parse`, what is no filter is refused. Raises BadQuery.
        """
        pairs: list[tuple[str, str]] = []
        for part in text.split("&") if text else ():
            name, equals, _ = part.partition("=")
            if not equals:
                raise BadQuery(name, "unknown")
            check_name(name)
            pairs += parse_qsl(part)
        return cls.parse(pairs)

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> Query:
        """Read the pairs of an address; names that are no filters are passed over.

        Raises:
            BadQuery: a filter cannot be read.
        """
        include: dict[str, tuple[str, ...]] = {}
        exclude: dict[str, tuple[str, ...]] = {}
        terms: dict[str, tuple[str, ...]] = {}
        moments: dict[str, datetime] = {}
        for name, raw in pairs:
            value, bare = raw.strip(), name.removeprefix(NOT)
            if not value:
                continue
            if bare == WORDS:
                terms[name] = (*terms.get(name, ()), value)
            elif bare in FIELDS:
                kept = exclude if name != bare else include
                if value not in kept.get(bare, ()):
                    kept[bare] = (*kept.get(bare, ()), value)
            elif name in {SINCE, UNTIL}:
                moments[name] = read_moment(name, value)
        return cls(
            since=moments.get(SINCE),
            until=moments.get(UNTIL),
            include=include,
            exclude=exclude,
            words=terms.get(WORDS, ()),
            without=terms.get(NOT + WORDS, ()),
        )

    def only(self, **values: str) -> Query:
        """This query with these inclusions in place of its own for the same fields."""
        return replace(
            self, include={**self.include, **{name: (value,) for name, value in values.items()}}
        )


def read_moment(name: str, value: str) -> datetime:
    """Read an RFC 3339 time with its zone. Raises BadQuery."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise BadQuery(name, "time") from None
    if moment.tzinfo is None:
        raise BadQuery(name, "zone")
    # At both ends of the calendar a moment has no place in another time zone.
    if moment.year not in YEARS:
        raise BadQuery(name, "time")
    return moment.astimezone(UTC)


def written(moment: datetime) -> str:
    """A moment as an address has it: RFC 3339 in UTC, no finer than it needs to be."""
    utc = moment.astimezone(UTC)
    fine = "milliseconds" if utc.microsecond else "seconds"
    return utc.isoformat(timespec=fine).replace("+00:00", "Z")


def events_of(values: Sequence[str]) -> tuple[str, ...]:
    """The events that the values of an `event` filter stand for."""
    found: dict[str, None] = {}
    for value in values:
        family = value.removesuffix("*") if value.endswith(FAMILY) else None
        known = [n for n in EVENTS if (n == value if family is None else n.startswith(family))]
        found.update(dict.fromkeys(known))
    return tuple(found)


def holds(texts: Sequence[str], term: str) -> bool:
    """Whether one of an entry's texts holds the term, as whole words."""
    wanted, plain = set(words(term)), folded(term)
    return any(plain in folded(text) and wanted <= set(words(text)) for text in texts)


def may_hold(body: bytes, terms: Sequence[str]) -> bool:
    """Whether an entry's bytes can hold the terms: cheap, and never wrong about a no.

    The body writes texts as they are, but for the few characters that JSON escapes.
    """
    wanted = [folded(term) for term in terms if not _ESCAPED.search(term)]
    if body.isascii():  # most are, and folding the others takes most of a search's time
        lowered = body.lower()
        return all(term.isascii() and term.encode() in lowered for term in wanted)
    said = folded(body.decode("utf-8", "replace"))
    return all(term in said for term in wanted)


def check_name(name: str) -> None:
    """Raise BadQuery, with the nearest there is, for what is no filter and no paging."""
    known = (*PAGING, SINCE, UNTIL, WORDS, NOT + WORDS, *FIELDS, *(NOT + each for each in FIELDS))
    if name not in known:
        raise BadQuery(name, "unknown", nearest(name, known))


def nearest(text: str, known: Iterable[str]) -> str:
    """What of the `known` is most like a text; empty if nothing is like it."""
    return next(iter(get_close_matches(text, list(known), n=1, cutoff=0.5)), "")


def _check(name: str, values: Sequence[str]) -> None:
    if len(values) > MOST_VALUES:
        raise BadQuery(name, "many")
    if any(not 0 < len(value) <= MAX_TEXT or "\x00" in value for value in values):
        raise BadQuery(name, "length")
    fits, why = _SHAPES.get(name, (bool, "length"))
    for value in values:
        if not fits(value):
            raise BadQuery(name, why, nearest(value, _KNOWN.get(name, ())))


_KNOWN: Mapping[str, Iterable[str]] = {"event": EVENTS, "outcome": tuple(Outcome)}
_SHAPES: Mapping[str, tuple[Callable[[str], object], str]] = {
    "event": (lambda value: events_of((value,)), "event"),
    "outcome": (set(Outcome).__contains__, "outcome"),
    "address": (_DIGEST.fullmatch, "digest"),
    "name": (_DIGEST.fullmatch, "digest"),
    "class_uid": (_NUMBER.fullmatch, "number"),
}
"""What a value must be, and the code of what is wrong if it is not."""
