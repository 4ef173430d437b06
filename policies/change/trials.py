"""Running the tests that live in a version, and making them of recorded decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from policies.cases import Case
from policies.compiled import CompiledEngine
from policies.decision import Decision, Outcome, Request
from policies.memberships import Memberships
from policies.rules import RuleSet
from policies.vocabulary import ANY, OFFICERS, is_pair, is_person, is_role, tokens


@dataclass(frozen=True, slots=True)
class Result:
    """A test and what came of it; `problem` says why it could not even be asked."""

    case: Case
    request: Request
    decision: Decision | None
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rules decide as the test says."""
        return self.decision is not None and self.decision.outcome == self.case.expect


def run(
    rules: RuleSet, memberships: Memberships, *, now: int, no_write_down: bool = False
) -> tuple[Result, ...]:
    """Return the result of every test of a version, asked of the engine that decides."""
    engine = engine_for(rules, memberships, rules.tests, no_write_down=no_write_down)
    return results(engine, rules.tests, now=now)


def engine_for(
    rules: RuleSet, memberships: Memberships, cases: Iterable[Case], *, no_write_down: bool = False
) -> CompiledEngine:
    """Return the engine that decides, with a stand-in for each test that can be asked."""
    usable = (case for case in cases if not _impossible(case))
    return CompiledEngine(rules, with_stand_ins(memberships, usable), no_write_down=no_write_down)


def results(engine: CompiledEngine, cases: Iterable[Case], *, now: int) -> tuple[Result, ...]:
    """Return what comes of tests that the engine has stand-ins for."""
    asked = ((case, request_of(case, now=now)) for case in cases)
    return tuple(
        Result(case, each, None, _impossible(case))
        if _impossible(case)
        else Result(case, each, engine.decide(each))
        for case, each in asked
    )


def request_of(case: Case, *, now: int) -> Request:
    """Return the question a test asks; a stand-in asks it if it names no person."""
    return Request(
        subject=case.sub if is_person(case.sub) else stand_in(case.sub, case.zone),
        zone=case.zone,
        object=case.obj,
        action=case.act,
        strength=int(case.auth),
        now=now if case.now == ANY else int(case.now),
        category=case.cat,
        classification=int(case.cls),
        clearance=int(case.clr),
        network=case.net,
    )


def case_of(request: Request, outcome: Outcome, *, held: Iterable[str] = ()) -> Case:
    """Make a test of a recorded decision: what was decided then must be decided ever after.

    Give the roles and units the person `held` to make it true of everybody who holds them, not
    of this person alone. The moment becomes that of the test.
    """
    # A pair follows from its parts, which are held as well.
    groups = "|".join(sorted(each for each in held if not is_pair(each)))
    return Case(
        expect=str(outcome),
        sub=groups or request.subject,
        zone=request.zone,
        obj=request.object,
        cat=request.category,
        act=request.action,
        cls=str(request.classification),
        clr=str(request.clearance),
        net=request.network,
        auth=str(request.strength),
        now=ANY,
    )


def stand_in(subject: str, zone: str) -> str:
    """Return the person who holds exactly these groups in a zone; nobody real has the id."""
    digest = hashlib.sha256(f"stand-in {subject} {zone}".encode()).digest()
    return f"person:{UUID(bytes=digest[:16])}"


def with_stand_ins(memberships: Memberships, cases: Iterable[Case]) -> Memberships:
    """Return memberships with one more person for each test that names groups."""
    roles, units = [], []
    for subject, zone in {(case.sub, case.zone) for case in cases if not is_person(case.sub)}:
        person = stand_in(subject, zone)
        for group in tokens(subject):
            if is_role(group):
                roles.append((person, group, zone))
            else:
                units.append((person, group))
    return replace(
        memberships,
        roles=(*memberships.roles, *sorted(roles)),
        units=(*memberships.units, *sorted(units)),
    )


def _impossible(case: Case) -> str:
    both = sorted(OFFICERS.intersection(tokens(case.sub)))
    return f"nobody may be {' and '.join(both)}" if len(both) > 1 else ""
