"""What a draft would do, found out before anybody approves it, as one JSON value with a hash.

Validation, the version's own tests, the exact difference, the replay of what was asked, the
lock-out proof, separation of duties, and what may block: an approval is bound to all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from policies.change import trials
from policies.change.benefit import Administration, beneficiaries, beyond, by_person
from policies.change.changes import Change, Difference
from policies.change.diff import difference
from policies.change.keepers import LEAST, offices
from policies.change.keepers import Office as WayBack
from policies.change.mutation import scores
from policies.change.places import Labelling
from policies.change.replay import Group, Replay, replay
from policies.change.separation import united
from policies.change.sides import State
from policies.change.validate import Known, validate
from policies.engine import build
from policies.memberships import Memberships
from policies.permissions import Permission
from policies.rules import RuleSet

SHOWN: Final = 400
"""Changes and groups kept one by one; the counts are of all."""
SECURITY: Final = "role:security_admin"
WAYS_BACK: Final[Mapping[str, tuple[str, ...]]] = {
    SECURITY: tuple(
        each.object
        for each in (
            Permission.POLICY_APPROVE,
            Permission.POLICY_CHANGE,
            Permission.POLICY_PUBLISH,
            Permission.POLICY_VIEW,
        )
    ),
    "role:system_admin": (Permission.PERSON_VIEW.object, Permission.PERSON_CHANGE.object),
    "role:auditor": (Permission.AUDIT_VIEW.object,),
}
"""The pages each office must be able to reach: the security administrators', to undo a change."""


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a draft is held against.

    Attributes:
        zone: of this gateway.
        rules: in force.
        able: the strongest sign-in of a person, 0 if none.
        may: what the author may administer.
        bodies: of the log's entries to ask again; `entries` is how many.
        days: how far back they go.
    """

    zone: str
    rules: RuleSet
    memberships: Memberships
    known: Known
    labels: Labelling | None
    clearance: Callable[[str], int] | None
    able: Callable[[str], int]
    may: Administration
    bodies: Callable[[], Iterable[bytes]] = tuple
    entries: int = 0
    days: int = 30
    no_write_down: bool = False
    progress: Callable[[int, int], None] = field(default=lambda _done, _total: None)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What was found out; `blockers` are codes of what keeps the draft from approval."""

    rules: RuleSet
    found: Difference
    replayed: Replay
    ways: Sequence[WayBack]
    blockers: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The effect as JSON, one way of writing it."""
        return json.dumps(self.facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def hash_of(text: str) -> str:
    """Return the name of an effect."""
    return hashlib.sha256(text.encode()).hexdigest()


def examine(text: str, around: Around, *, most_people: int, now: datetime) -> Effect | None:
    """Find out what a draft would do; None if it cannot be read, which `validate` explains."""
    moment = int(now.timestamp())
    checked = validate(text, known=around.known, now=moment)
    if checked.document is None:
        return None
    rules = checked.document.rules
    total = around.entries + 1
    around.progress(0, total)
    before = State(around.rules, around.memberships)
    after = State(rules, around.memberships)
    found = difference(
        before, after, since=moment, zones=(around.zone,), labelling=around.labels,
        clearance=around.clearance, no_write_down=around.no_write_down,
    )  # fmt: skip
    around.progress(1, total)
    old, new = build(around.rules, around.memberships), build(rules, around.memberships)
    replayed = replay(
        around.bodies(), old, new, progress=lambda read: around.progress(1 + read, total)
    )
    results = trials.run(rules, around.memberships, now=moment, no_write_down=around.no_write_down)
    failed = [each for each in results if not each.passed]
    ways = offices(new, WAYS_BACK, able=around.able, zone=around.zone, now=moment)
    was = offices(old, WAYS_BACK, able=around.able, zone=around.zone, now=moment)
    held = list(united(after, since=moment))
    given = beyond(found, around.may)
    gaining = beneficiaries(found)
    checks = (
        ("nothing", rules.hash == around.rules.hash),
        ("errors", bool(checked.errors)),
        ("tests", bool(failed)),
        ("lockout", locks_out(was, ways)),
        ("united", bool(held)),
        ("beyond", bool(given)),
        ("growth", len(gaining) > most_people),
    )
    blockers = tuple(code for code, holds in checks if holds)
    people = by_person(found)
    facts = {
        "base": around.rules.hash,
        "version": rules.hash,
        "rules": len(rules.rules),
        "added": len(set(rules.rules) - set(around.rules.rules)),
        "removed": len(set(around.rules.rules) - set(rules.rules)),
        "examined_at": moment,
        "days": around.days,
        "blockers": list(blockers),
        "warnings": len(checked.findings) - len(checked.errors),
        "tests": {
            "all": len(results),
            "unmissed": _unmissed(rules, around, moment),
            "failed": [{"line": each.case.line, "problem": each.problem} for each in failed],
        },
        "changes": [_change(each) for each in found.changes[:SHOWN]],
        "changes_all": len(found.changes),
        "changes_hash": hash_of(json.dumps([_change(each) for each in found.changes])),
        "people": [
            {"person": name, "gained": each.gained, "lost": each.lost}
            for name, each in list(people.items())[:SHOWN]
        ],
        "gaining": sorted(gaining),
        "losing": sum(bool(each.lost) for each in people.values()),
        "replay": _replayed(replayed),
        "ways": [_way(each) for each in ways],
        "united": [asdict(each) for each in held[:SHOWN]],
        "beyond": [_change(each) for each in given[:SHOWN]],
    }
    return Effect(
        rules=rules, found=found, replayed=replayed, ways=ways, blockers=blockers, facts=facts
    )


def locks_out(before: Sequence[WayBack], after: Sequence[WayBack]) -> bool:
    """Tell whether a change leaves an office without two people on its way back.

    The office that undoes changes must have two in any case; another must not get fewer than
    it has, for it may never have had two.
    """
    had = {each.role: min(LEAST, _always(each)) for each in before}
    return any(
        (each.role == SECURITY and not each.is_safe) or _always(each) < had.get(each.role, 0)
        for each in after
    )


def _unmissed(rules: RuleSet, around: Around, moment: int) -> list[str]:
    """The new rules whose deletion no test of the version would notice."""
    new = sorted(frozenset(rules.rules) - frozenset(around.rules.rules))
    found = scores(rules, around.memberships, now=moment, touched=new)
    return [each.rule.line for each in found if not each.is_needed][:SHOWN]


def _always(way: WayBack) -> int:
    """At every time so many can go back."""
    fewest = min((len(gap.people) for gap in way.gaps), default=LEAST)
    return max(fewest, len(way.keepers))


def _change(each: Change) -> dict[str, Any]:
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


def _replayed(found: Replay) -> dict[str, Any]:
    return {
        "read": found.read,
        "distinct": found.distinct,
        "unread": found.unread,
        "told": [asdict(each) for each in found.told()],
        "people": _groups(found.by_person()),
        "units": _groups(found.by_unit()),
        "services": _groups(found.by_service()),
    }


def _groups(found: Iterable[Group]) -> list[dict[str, Any]]:
    return [asdict(each) for each in list(found)[:SHOWN]]


def _way(each: WayBack) -> dict[str, Any]:
    return {
        "role": each.role,
        "living": len(each.living),
        "keepers": [keeper.person for keeper in each.keepers],
        "is_safe": each.is_safe,
        "closed": sorted({page for gap in each.gaps for page in gap.closed}),
    }
