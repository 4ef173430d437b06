"""Why a request is decided as it is: of the log's decisions, and of questions one may ask."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.changes.refusals import refusing
from gateway.changes.room import Room, known
from gateway.identity import people
from policies import versions
from policies.cases import Case
from policies.change import trials
from policies.compiled import CompiledEngine
from policies.decision import Outcome
from policies.dossier.dossiers import find
from policies.dossier.drafting import rules_of
from policies.memberships import Memberships
from policies.questions import Access, who_can
from policies.recorded import NotReplayable, Recorded, read, replay
from policies.rules import RuleSet
from policies.vocabulary import is_unit
from policies.why import Explanation, explain


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A question with its answer in full, and the tests that it may become."""

    explanation: Explanation
    cases: Sequence[Case]
    """Of this person alone; of everybody who holds the same roles and units, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A decision of the log.

    Attributes:
        explained: by the version that decided, as the person was then; None if it cannot be
            made again, and `trouble` says why.
        is_same: whether it falls the same way again.
        by_draft: what a draft makes of the same question, with the people as they are now.
    """

    recorded: Recorded | None
    explained: Explained | None
    is_same: bool
    trouble: str
    by_draft: Explanation | None = None


def past(room: Room, body: bytes, *, draft: str = "") -> Past | None:
    """Return a recorded decision with its explanation; None if the entry is about other things.

    Raises:
        ChangeRefused: there is no such draft, or it cannot be read.
    """
    try:
        found = read(body)
        if found is None:
            return None
        again, engine = _again(room, found)
    except NotReplayable as why:
        return Past(recorded=None, explained=None, is_same=False, trouble=str(why))
    told = explain(engine, found.request)
    outcome = found.decision.outcome
    cases = [trials.case_of(found.request, outcome)]
    if held := _held(found, body):
        cases.append(trials.case_of(found.request, outcome, held=held))
    by_draft = None
    if draft:
        drafted = CompiledEngine(draft_rules(room, draft), members(room))
        by_draft = explain(drafted, found.request)
    return Past(
        recorded=found,
        explained=Explained(explanation=told, cases=cases),
        is_same=again,
        trouble="",
        by_draft=by_draft,
    )


def question(room: Room, case: Case, *, draft: str = "", now: datetime) -> Explained:
    """Return why the rules in force, or a draft's, decide what a test asks as they do."""
    rules = draft_rules(room, draft) if draft else in_force(room)
    everybody = trials.with_stand_ins(members(room), [case])
    request = trials.request_of(case, now=int(now.timestamp()))
    told = explain(CompiledEngine(rules, everybody), request)
    outcome: Outcome = told.decision.outcome
    return Explained(explanation=told, cases=[replace(case, expect=str(outcome))])


def who_may(room: Room, case: Case, *, draft: str = "", now: datetime) -> tuple[Access, ...]:
    """Return everybody who may do what a test asks about, whoever the test is about."""
    rules = draft_rules(room, draft) if draft else in_force(room)
    levels = {each.subject: each.clearance for each in people.all_people(room.registry)}
    return who_can(
        CompiledEngine(rules, members(room)),
        case.obj,
        case.act,
        zone=room.zone,
        now=int(now.timestamp()),
        category=case.cat,
        classification=int(case.cls),
        network=case.net,
        clearance=lambda person: levels.get(person, 0),
    )


def in_force(room: Room) -> RuleSet:
    """Return the rules in force."""
    with room.registry.store.reading() as session:
        return versions.current(session) or RuleSet()


def draft_rules(room: Room, ref: str) -> RuleSet:
    """Return a draft's rules. Raises ChangeRefused (unknown, unreadable)."""
    with refusing(), room.registry.store.reading() as session:
        return rules_of(find(session, ref))


def members(room: Room) -> Memberships:
    """Return who holds which roles and units now."""
    return known(room).memberships or Memberships()


def _held(found: Recorded, body: bytes) -> frozenset[str]:
    """What the person held: the groups that counted then, and the unit, which may count later."""
    unit = f"unit:{str(json.loads(body).get('unit', '')).removeprefix('unit:')}"
    return (found.held or frozenset()) | ({unit} if is_unit(unit) else set())


def _again(room: Room, found: Recorded) -> tuple[bool, CompiledEngine]:
    with room.registry.store.reading() as session:
        rules = versions.named(session, found.decision.version)
    if rules is None:
        raise NotReplayable(f"version {found.decision.version} is not in the database")
    engine = CompiledEngine(rules, found.memberships()).with_grants(found.lent)
    return replay(found, rules).is_same, engine
