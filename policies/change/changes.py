"""What changed for whom, as values: exact, and each with one request that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from policies.change.places import ELSEWHERE, key_of, lies_in
from policies.change.space import Box, Point, Points, boxes, contains
from policies.change.spans import Span
from policies.decision import Request
from policies.vocabulary import ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that some people may do in one state and not in the other.

    Attributes:
        gains: whether the people may do it after; else they might before.
        people: all of them, sorted; they stand alike here.
        service: a slug, `app` for the gateway's pages, `*` for any service no rule names.
        place: an object, or everything from it on with a last `/**`.
        without: narrower places inside it that this change does not speak of.
        categories: those of the data it holds for; `*` is any that no rule speaks of.
        points: the actions, networks, levels and strengths it holds for.
        times: when.
        rules: the ids of the changed rules that speak to these people here; none if it was
            the people or the categories that moved.
        witness: one request that is decided otherwise.
    """

    gains: bool
    people: tuple[str, ...]
    zone: str
    service: str
    place: str
    without: tuple[str, ...]
    categories: tuple[str, ...]
    points: Points
    times: tuple[Span, ...]
    rules: tuple[str, ...]
    witness: Request

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The points as few combinations of values."""
        return boxes(self.points)


@dataclass(frozen=True)
class Difference:
    """Everything that changed, from `since` on, and nothing else.

    `keys` are the services rules or the catalogue name; `categories` those that rules or
    their tree name.
    """

    changes: tuple[Change, ...]
    since: int
    keys: frozenset[str]
    categories: frozenset[str]

    def tells(self, request: Request) -> bool | None:
        """Return whether the request's person gains (True) or loses (False) it, or neither."""
        if not request.is_well_formed:
            return None
        point = Point(request.action, request.network, request.classification, request.strength)
        service = key_of(request.object)
        named = request.category if request.category in self.categories else ANY
        for each in self.changes:
            is_here = (
                lies_in(request.object, each.place, each.without)
                if each.service != ELSEWHERE
                else service not in self.keys
            )
            if (
                is_here
                and each.zone == request.zone
                and request.subject in each.people
                and (named in each.categories or request.category in each.categories)
                and any(span.holds(request.now) for span in each.times)
                and contains(each.points, point)
            ):
                return each.gains
        return None
