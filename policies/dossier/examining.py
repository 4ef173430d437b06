"""What a draft would do, found out before anybody approves it, as one JSON value with a hash.

Validation, the version's own tests, the exact difference, the replay of what was asked, the
lock-out proof, separation of duties, and what may block: an approval is bound to all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from policies import separation
from policies.change.benefit import Administration, beneficiaries, beyond
from policies.change.changes import Difference
from policies.change.diff import difference
from policies.change.keepers import LEAST, offices
from policies.change.keepers import Office as WayBack
from policies.change.lasting import foreseen
from policies.change.places import Labelling
from policies.change.replay import Replay, replay
from policies.change.separation import united
from policies.change.sides import State
from policies.change.validate import Known, validate
from policies.dossier import facts
from policies.dossier.facts import SHOWN
from policies.engine import CompiledEngine, build
from policies.memberships import Memberships
from policies.permissions import Permission
from policies.rules import RuleSet
from policies.vocabulary import NETWORKS

SECURITY: Final = "role:security_admin"
WAYS_BACK: Final[Mapping[str, tuple[str, ...]]] = {
    SECURITY: tuple(
        each.object
        for each in (
            Permission.POLICY_APPROVE,
            Permission.POLICY_CHANGE,
            Permission.POLICY_PUBLISH,
            Permission.POLICY_READ,
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
        networks: those that people can come from.
        same: sets of accounts that belong to one natural person.
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
    networks: AbstractSet[str] = NETWORKS
    same: Sequence[AbstractSet[str]] = ()
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
    total = 1 + around.entries + len(rules.tests)
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
    results = foreseen(
        rules, around.rules, around.memberships, now=moment, no_write_down=around.no_write_down
    )
    scored = facts.scored(
        rules, around.rules, around.memberships, moment,
        lambda tests: around.progress(1 + around.entries + tests, total),
    )  # fmt: skip
    was, ways = (_ways(engine, around, moment) for engine in (old, new))
    held = list(united(after, since=moment))
    given = beyond(found, around.may)
    gaining = beneficiaries(found)
    checks = (
        ("nothing", rules.hash == around.rules.hash),
        ("errors", bool(checked.errors)),
        ("tests", not all(each.result.passed for each in results)),
        ("lockout", locks_out(was, ways)),
        ("united", bool(held)),
        ("beyond", bool(given or separation.faults(rules))),
        ("growth", len(gaining) > most_people),
    )
    blockers = tuple(code for code, holds in checks if holds)
    found_facts = {
        **facts.differing(found, around.memberships),
        "base": around.rules.hash,
        "version": rules.hash,
        "rules": len(rules.rules),
        "added": len(set(rules.rules) - set(around.rules.rules)),
        "removed": len(set(around.rules.rules) - set(rules.rules)),
        "examined_at": moment,
        "days": around.days,
        "blockers": list(blockers),
        "warnings": len(checked.findings) - len(checked.errors),
        "beside": facts.beside(around.rules, rules),
        "tests": facts.tested(results, scored),
        "changes_hash": hash_of(json.dumps([facts.change(each) for each in found.changes])),
        "gaining": sorted(gaining),
        "replay": facts.replayed(replayed),
        "ways": [facts.way(each) for each in ways],
        "united": [asdict(each) for each in held[:SHOWN]],
        "beyond": [facts.change(each) for each in given[:SHOWN]],
    }
    return Effect(
        rules=rules, found=found, replayed=replayed, ways=ways, blockers=blockers, facts=found_facts
    )


def _ways(engine: CompiledEngine, around: Around, moment: int) -> Sequence[WayBack]:
    return offices(
        engine, WAYS_BACK, able=around.able, zone=around.zone, now=moment,
        networks=sorted(around.networks), same=around.same,
    )  # fmt: skip


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


def shut_out(around: Around, rules: RuleSet, *, now: datetime) -> Sequence[str]:
    """Return the offices that rules would leave fewer than two people on their way back.

    Those that have no more today are not named: for whoever publishes without asking anybody.
    """
    moment = int(now.timestamp())
    before, after = (
        _ways(build(each, around.memberships), around, moment) for each in (around.rules, rules)
    )
    had = {each.role: min(LEAST, _always(each)) for each in before}
    return [each.role for each in after if _always(each) < had[each.role]]


def _always(way: WayBack) -> int:
    """At every time so many can go back."""
    fewest = min((len(gap.people) for gap in way.gaps), default=LEAST)
    return max(fewest, len(way.keepers))
