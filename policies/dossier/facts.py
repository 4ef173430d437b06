"""The effect of a draft as facts: plain values that are kept, hashed and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeAlias

from policies.change.asked import Progress
from policies.change.benefit import by_person
from policies.change.changes import Change, Difference
from policies.change.keepers import Office as WayBack
from policies.change.lasting import Foreseen
from policies.change.mutation import scores
from policies.change.replay import Group, Replay
from policies.change.texts import line_of
from policies.memberships import Memberships
from policies.rules import RuleSet
from policies.vocabulary import is_person

SHOWN: Final = 400
"""Changes and groups kept one by one; the counts are of all."""
Parting: TypeAlias = Callable[[Change], Mapping[str, Sequence[str]]]
"""Tells the people of a change apart, by a unit or a service."""


def scored(
    rules: RuleSet,
    before: RuleSet,
    members: Memberships,
    moment: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """What the tests would notice of the new rules and of every deny, the weakest first."""
    new = frozenset(rules.rules) - frozenset(before.rules)
    touched = [rule for rule in rules.rules if rule in new or not rule.allows]
    found = scores(rules, members, now=moment, touched=touched, progress=progress)
    return [
        {
            "line": each.rule.line,
            "is_new": each.rule in new,
            "is_needed": each.is_needed,
            "noticed": each.noticed,
            "all": len(each.mutants),
            "unnoticed": list(each.unnoticed),
        }
        for each in sorted(found, key=lambda each: (each.is_needed, each.noticed, each.rule))
    ]


def tested(found: Sequence[Foreseen], scores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How the tests went, which will begin to fail by themselves, what they would notice."""
    failing = [each for each in found if not each.result.passed]
    ending = [each for each in found if each.fails_from is not None]
    return {
        "all": len(found),
        "ending": [
            {"line": each.result.case.line, "fails_from": each.fails_from}
            for each in ending[:SHOWN]
        ],
        "scores": list(scores[:SHOWN]),
        "failed": [failed(each) for each in failing[:SHOWN]],
        "failing": len(failing),
    }


def differing(found: Difference, members: Memberships) -> dict[str, Any]:
    """Who gains and who loses: change by change, person by person, by unit and by service."""
    people = by_person(found)
    return {
        "changes": [change(each) for each in found.changes[:SHOWN]],
        "changes_all": len(found.changes),
        "people": [
            {"person": name, "gained": each.gained, "lost": each.lost}
            for name, each in list(people.items())[:SHOWN]
        ],
        "losing": sum(bool(each.lost) for each in people.values()),
        "by_unit": shares(found, by_unit(members)),
        "by_service": shares(found, lambda each: {each.service: each.people}),
    }


def beside(before: RuleSet, after: RuleSet) -> dict[str, Any]:
    """What comes and goes beside the rules: duties, categories and tests, as lines.

    None of it changes what anybody may do at once, so no difference of permissions tells it.
    """
    old, new = ({*each.beside, *map(line_of, each.categories)} for each in (before, after))
    added, removed = sorted(new - old), sorted(old - new)
    return {
        "added": added[:SHOWN],
        "removed": removed[:SHOWN],
        "added_all": len(added),
        "removed_all": len(removed),
    }


def failed(each: Foreseen) -> dict[str, Any]:
    """A test that fails: what was decided or why it could not be asked, and what it stood on."""
    found = each.result
    return {
        "line": found.case.line,
        "problem": found.problem,
        "decided": "" if found.decision is None else str(found.decision.outcome),
        "stood_on": "" if each.stood_on is None else each.stood_on.line,
        "is_over": each.is_over,
    }


def by_unit(members: Memberships) -> Parting:
    """Return what tells the people of a change apart by their units; `` for those without."""
    of: dict[str, str] = {person: unit for person, unit in members.units if is_person(person)}

    def told(change: Change) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for person in change.people:
            found.setdefault(of.get(person, ""), []).append(person)
        return found

    return told


def shares(found: Difference, parted: Parting) -> list[dict[str, Any]]:
    """How many people of each unit or service gain and lose something, most first."""
    gain: dict[str, set[str]] = {}
    lose: dict[str, set[str]] = {}
    for change in found.changes:
        for name, people in parted(change).items():
            (gain if change.gains else lose).setdefault(name, set()).update(people)
    told = [
        {"name": name, "gain": len(gain.get(name, ())), "lose": len(lose.get(name, ()))}
        for name in gain.keys() | lose.keys()
    ]
    return sorted(told, key=_by_number)[:SHOWN]


def change(each: Change) -> dict[str, Any]:
    """What some people gain or lose."""
    return {
        "gains": each.gains,
        "people": each.people,
        "zone": each.zone,
        "service": each.service,
        "place": each.place,
        "without": each.without,
        "boxes": [asdict(box) for box in each.boxes],
        "times": [asdict(span) for span in each.times],
        "rules": each.rules,
        "witness": asdict(each.witness),
    }


def replayed(found: Replay, most: int | None = SHOWN) -> dict[str, Any]:
    """What was asked again, gathered by person, unit and service; the first `most` of each."""
    return {
        "read": found.read,
        "distinct": found.distinct,
        "unread": found.unread,
        "told": [asdict(each) for each in found.told()],
        "people": _groups(found.by_person(), most),
        "units": _groups(found.by_unit(), most),
        "services": _groups(found.by_service(), most),
    }


def _groups(found: Iterable[Group], most: int | None) -> list[dict[str, Any]]:
    return [asdict(each) for each in list(found)[:most]]


def way(each: WayBack) -> dict[str, Any]:
    """Who of an office can always go back."""
    return {
        "role": each.role,
        "living": len(each.living),
        "keepers": [keeper.person for keeper in each.keepers],
        "is_safe": each.is_safe,
        "closed": sorted({page for gap in each.gaps for page in gap.closed}),
    }


def _by_number(share: Mapping[str, Any]) -> tuple[int, str]:
    return -share["gain"] - share["lose"], share["name"]
