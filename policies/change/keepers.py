"""The lock-out proof: after a change each office must still be able to undo it.

For every moment from now on and for each office, there must be two living people who can sign
in, from one of the office's networks, and use every page on the way back. Two accounts of one
natural person are one: alone he or she approves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.change.members import people_of
from policies.change.places import PAGES, key_of
from policies.change.spans import Span, joined, spans
from policies.compiled import CompiledEngine
from policies.compiled_rules import entry
from policies.decision import Request
from policies.vocabulary import NETWORKS, STRENGTHS

LEAST: Final = 2
"""Living people an office keeps: one may be ill."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Somebody who can still go the way back: with which sign-in, from where."""

    person: str
    strength: int
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time at which an office has too few; `closed` are the pages that keep people out."""

    span: Span
    people: tuple[str, ...]
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Office:
    """One office's way back.

    `living` are its people who can sign in at all; `keepers` those who can go the whole way at
    every time; `gaps` the times at which fewer than two can.
    """

    role: str
    pages: tuple[str, ...]
    living: tuple[str, ...]
    keepers: tuple[Keeper, ...]
    gaps: tuple[Gap, ...]

    @property
    def is_safe(self) -> bool:
        """Whether two people can always go back."""
        return not self.gaps


def offices(
    engine: CompiledEngine,
    ways: Mapping[str, Iterable[str]],
    *,
    able: Callable[[str], int],
    zone: str,
    now: int,
    networks: Iterable[str] = tuple(sorted(NETWORKS)),
    same: Iterable[Iterable[str]] = (),
) -> tuple[Office, ...]:
    """Return the way back of each office under the rules and people of an engine.

    Args:
        engine: built of the draft.
        ways: for each office's role, the pages (`app:…`) it takes to undo a change.
        able: the strongest sign-in a person can make now, 1 to 3; 0 if none, e.g. because the
            account is shut or no factor is set up.
        zone: of this gateway.
        now: seconds since 1970 UTC.
        networks: those an office can come from.
        same: sets of accounts that belong to one natural person; the first stands for all.
    """
    windows = [entry(rule)[1] for rule in engine.rules.rules if key_of(rule.obj) in (PAGES, None)]
    times = spans((each for each in windows if each), since=now)
    alike = [tuple(sorted(each)) for each in same]
    ask = _Asked(engine, able, zone, tuple(networks), {one: each for each in alike for one in each})
    return tuple(_office(ask, role, tuple(pages), times) for role, pages in ways.items())


def _office(ask: _Asked, role: str, pages: tuple[str, ...], times: tuple[Span, ...]) -> Office:
    members = people_of(role, ask.zone, ask.engine.memberships)
    able = (person for person in members if ask.able(person) in STRENGTHS)
    living = tuple(sorted({ask.accounts_of(person)[0] for person in able}))
    going: dict[Span, dict[str, tuple[str, ...]]] = {
        span: {
            person: found
            for person in living
            if (found := ask.networks_of(person, pages, span.start))
        }
        for span in times
    }
    always = set(living).intersection(*going.values())
    keepers = tuple(
        Keeper(person, ask.strongest(person), going[times[0]][person]) for person in sorted(always)
    )
    return Office(role, pages, living, keepers, tuple(_gaps(ask, living, pages, going)))


def _gaps(
    ask: _Asked,
    living: tuple[str, ...],
    pages: tuple[str, ...],
    going: Mapping[Span, Mapping[str, tuple[str, ...]]],
) -> Iterator[Gap]:
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Span]] = {}
    for span, people in going.items():
        if len(people) < LEAST:
            closed = tuple(
                page
                for page in pages
                if sum(bool(ask.networks_of(each, (page,), span.start)) for each in living) < LEAST
            )
            alike.setdefault((tuple(sorted(people)), closed), []).append(span)
    for (people_left, closed), found in alike.items():
        for span in joined(found):
            yield Gap(span, people_left, closed)


@dataclass(frozen=True, slots=True)
class _Asked:
    engine: CompiledEngine
    able: Callable[[str], int]
    zone: str
    networks: tuple[str, ...]
    alike: Mapping[str, tuple[str, ...]]

    def accounts_of(self, person: str) -> tuple[str, ...]:
        """Return all accounts of a natural person."""
        return self.alike.get(person, (person,))

    def strongest(self, person: str) -> int:
        """Return the strongest sign-in of a natural person."""
        return max(map(self.able, self.accounts_of(person)))

    def networks_of(self, person: str, pages: Iterable[str], now: int) -> tuple[str, ...]:
        """Return the networks from which a person can use all these pages at a moment."""
        wanted = tuple(pages)
        return tuple(
            network
            for network in self.networks
            if any(
                all(self._may(each, page, network, strength, now) for page in wanted)
                for each in self.accounts_of(person)
                for strength in range(STRENGTHS.start, self.able(each) + 1)
            )
        )

    def _may(self, person: str, page: str, network: str, strength: int, now: int) -> bool:
        request = Request(
            subject=person,
            zone=self.zone,
            object=page,
            action="use",
            strength=strength,
            now=now,
            network=network,
        )
        return self.engine.decide(request).is_allowed
