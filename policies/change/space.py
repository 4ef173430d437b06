"""All conditions of a rule but person, place and time, as a set of points: one big integer.

An action, a network, a level and a strength make one point of 660. A rule accepts a set of
points, so what rules allow together is a union, what they deny a difference, and what two
versions disagree about is an exclusive or: exact, without a solver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

from policies.functions import act_in, auth_ge, cls_in, net_in
from policies.vocabulary import ACTIONS, ANY, LEVELS, NETWORKS, USE, WRITES

Points: TypeAlias = int
"""A set of points, one bit each."""

Value = TypeVar("Value")

_ACTIONS: Final = (
    "GET",
    "read",
    "HEAD",
    "POST",
    *sorted(ACTIONS - {"GET", "read", "HEAD", "POST"}),
)
_NETWORKS: Final = ("lan", "vpn", *sorted(NETWORKS - {"lan", "vpn"}))
_LEVELS: Final = tuple(LEVELS)
_STRENGTHS: Final = (2, 3, 1)
"""The first of each is what a witness shows if it may: a plain look from the desk."""

_A_LEVEL: Final = len(_STRENGTHS)
_A_NETWORK: Final = _A_LEVEL * len(_LEVELS)
_AN_ACTION: Final = _A_NETWORK * len(_NETWORKS)
ALL: Final = (1 << _AN_ACTION * len(_ACTIONS)) - 1


@dataclass(frozen=True, slots=True)
class Point:
    """One combination of the four conditions."""

    action: str
    network: str
    level: int
    strength: int


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """Every combination of these values; sets of points are told as few boxes."""

    actions: tuple[str, ...]
    networks: tuple[str, ...]
    levels: tuple[int, ...]
    strengths: tuple[int, ...]

    @property
    def points(self) -> Points:
        """The same as a set of points."""
        return _product(self.actions, self.networks, self.levels, self.strengths)


@lru_cache(maxsize=8192)
def points_of(act: str, cls: str, net: str, auth: str) -> Points:
    """Return the points that four columns of a rule accept, by the model's own functions."""
    return _product(
        [each for each in _ACTIONS if act_in(each, act)],
        [each for each in _NETWORKS if net_in(each, net)],
        [each for each in _LEVELS if cls_in(each, cls)],
        [each for each in _STRENGTHS if auth_ge(each, auth)],
    )


@lru_cache(maxsize=64)
def cleared(clearance: int, *, no_write_down: bool = False) -> Points:
    """Return the points open to a person of this clearance before any rule is asked."""
    levels = [level for level in _LEVELS if level <= clearance]
    if not no_write_down:
        return _product(_ACTIONS, _NETWORKS, levels, _STRENGTHS)
    others = [action for action in _ACTIONS if action not in WRITES]
    # Who writes to a lower level carries data down: only the person's own level is left.
    return _product(others, _NETWORKS, levels, _STRENGTHS) | _product(
        sorted(WRITES), _NETWORKS, [clearance], _STRENGTHS
    )


def labelled(actions: Iterable[str], level: int) -> Points:
    """Return the points of these actions at one level."""
    return _product(list(actions), _NETWORKS, [level], _STRENGTHS)


def contains(points: Points, point: Point) -> bool:
    """Tell whether a point belongs to a set."""
    return bool(points & _product([point.action], [point.network], [point.level], [point.strength]))


def first(points: Points) -> Point:
    """Return the plainest point of a set that is not empty: a look, from the desk, if it may."""
    at = (points & -points).bit_length() - 1
    action, at = divmod(at, _AN_ACTION)
    network, at = divmod(at, _A_NETWORK)
    level, strength = divmod(at, _A_LEVEL)
    return Point(_ACTIONS[action], _NETWORKS[network], _LEVELS[level], _STRENGTHS[strength])


@lru_cache(maxsize=4096)
def boxes(points: Points) -> tuple[Box, ...]:
    """Return few boxes that hold exactly these points, and no point twice."""
    found = [
        Box(
            tuple(sorted(actions)), tuple(sorted(networks)), tuple(levels), tuple(sorted(strengths))
        )
        for actions, by_network in _alike(points, _ACTIONS, _AN_ACTION)
        for networks, by_level in _alike(by_network, _NETWORKS, _A_NETWORK)
        for levels, by_strength in _alike(by_level, _LEVELS, _A_LEVEL)
        for strengths in [[s for at, s in enumerate(_STRENGTHS) if by_strength >> at & 1]]
    ]
    return tuple(sorted(found))


def _alike(
    points: Points, values: Sequence[Value], width: int
) -> Iterator[tuple[list[Value], Points]]:
    """Group the values of one condition by what the others may be beside them."""
    alike: dict[Points, list[Value]] = {}
    for place, value in enumerate(values):
        part = points >> place * width & (1 << width) - 1
        if part:
            alike.setdefault(part, []).append(value)
    for part, found in alike.items():
        yield found, part


def _product(
    actions: Sequence[str],
    networks: Sequence[str],
    levels: Sequence[int],
    strengths: Sequence[int],
) -> Points:
    inner = _spread(strengths, _STRENGTHS, 1, 1)
    for chosen, values, width in (
        (levels, _LEVELS, _A_LEVEL),
        (networks, _NETWORKS, _A_NETWORK),
        (actions, _ACTIONS, _AN_ACTION),
    ):
        inner = _spread(chosen, values, width, inner)
    return inner


def _spread(chosen: Sequence[Value], values: Sequence[Value], width: int, inner: Points) -> Points:
    """Repeat a set of points at the place of each chosen value."""
    return sum(inner << values.index(value) * width for value in set(chosen))


PAGES: Final = labelled([USE], 0)
"""What can be asked of the gateway's own pages: to use them. They carry no label."""
SERVICES: Final = points_of(ANY, ANY, ANY, ANY) & ~_product([USE], _NETWORKS, _LEVELS, _STRENGTHS)
"""What can be asked of services: everything but `use`."""
