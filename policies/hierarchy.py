"""Trees of members and groups: their depth, their cycles, and who belongs to what.

pycasbin follows nine links and then silently answers no. A hierarchy that is deeper, or
runs in a circle, is therefore refused before it is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

Link: TypeAlias = tuple[str, str]
"""A member and the group it belongs to; the member may be a group itself."""

Parents: TypeAlias = Mapping[str, frozenset[str]]

MAX_HOPS: Final = 9


def parents_of(links: Iterable[Link]) -> Parents:
    """Return the groups each member belongs to directly."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for member, group in links:
        found[member].add(group)
    return {member: frozenset(groups) for member, groups in found.items()}


def closure(start: str, parents: Parents) -> frozenset[str]:
    """Return `start` and every group it belongs to, directly or through others."""
    reached = {start}
    edge = [start]
    while edge:
        found = parents.get(edge.pop(), frozenset()) - reached
        reached |= found
        edge.extend(found)
    return frozenset(reached)


def heights(parents: Parents) -> dict[str, int]:
    """Return the longest way up from each name, in links.

    Names in a circle, or below one, have no longest way and are left out.
    """
    names = set(parents).union(*parents.values())
    members: defaultdict[str, list[str]] = defaultdict(list)
    for member, groups in parents.items():
        for group in groups:
            members[group].append(member)
    missing = {name: len(parents.get(name, ())) for name in names}
    ready = [name for name, count in missing.items() if count == 0]
    found: dict[str, int] = dict.fromkeys(ready, 0)
    while ready:
        group = ready.pop()
        for member in members[group]:
            found[member] = max(found.get(member, 0), found[group] + 1)
            missing[member] -= 1
            if missing[member] == 0:
                ready.append(member)
    return {name: height for name, height in found.items() if missing[name] == 0}


def faults(links: Iterable[Link]) -> list[str]:
    """Return what is wrong with a hierarchy, one sentence each; nothing if it may be used."""
    return circles_and_depths(parents_of(links))


def faulty_links(links: Iterable[Link]) -> list[tuple[Link, str]]:
    """Return the same faults, each with a link of the circle, or one that leads too high."""
    parents = parents_of(links)
    found = []
    for name, what in _faults(parents):
        above = sorted(parents[name])
        around = [group for group in above if name in closure(group, parents)]
        found.append(((name, (around or above)[0]), what))
    return found


def circles_and_depths(parents: Parents) -> list[str]:
    """Return the faults of a hierarchy whose links are gathered already."""
    return [what for _, what in _faults(parents)]


def _faults(parents: Parents) -> list[tuple[str, str]]:
    """Return each member that something is wrong with, and what."""
    groups: frozenset[str] = frozenset().union(*parents.values())
    inner = {member: above for member, above in parents.items() if member in groups}
    found = heights(inner)
    # Below a circle one is lost, but only the circle itself is reachable from itself.
    lost = inner.keys() - found.keys()
    circle = sorted(
        name for name in lost if any(name in closure(group, parents) for group in parents[name])
    )
    # Most members are people, whom nobody belongs to: they are looked at only below a group
    # that is high already.
    high = {name for name, height in found.items() if height >= MAX_HOPS}
    for member in parents.keys() - groups if high else ():
        if lost.isdisjoint(parents[member]):
            found[member] = 1 + max(found.get(group, 0) for group in parents[member])
    deep = sorted(name for name, height in found.items() if height > MAX_HOPS)
    return [(name, f"{name} belongs to itself through a circle") for name in circle] + [
        (name, f"{name} lies {found[name]} levels deep; at most {MAX_HOPS} are followed")
        for name in deep
    ]
