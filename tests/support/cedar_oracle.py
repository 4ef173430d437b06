"""The third oracle: the same rules translated into Cedar, and decided by Cedar's own engine.

Cedar (cedar-policy, here through cedarpy) shares nothing with us or pycasbin: another language,
another team, another way to walk groups. Its `permit` and `forbid` mean what allow and deny
mean: a matching forbid wins, and with no matching permit the answer is no.

A rule becomes one policy. Roles and units become parents of the person,
the places of a path parents of the object, categories too; the five conditions become `when`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import cedarpy

from policies.decision import Outcome, Reason, Request
from policies.memberships import Memberships
from policies.rules import Rule, RuleSet
from policies.vocabulary import AND, ANY, STRENGTHS, WRITES, ZONES, is_person, is_role, tokens

Answer = tuple[Outcome, Reason, tuple[str, ...], int]
"""Outcome, reason, ids of the rules that decided, strength needed."""

Bare = tuple[bool, tuple[str, ...]]
"""Cedar's own answer: whether it allows, and the rules it names for that."""

CLOCKS = ("+00:00", "+08:00", "-05:30")
"""Those that rules may name here."""

_NOTHING: Bare = (False, ())


@dataclass(frozen=True)
class CedarOracle:
    """One rule set under one state of memberships, in Cedar's terms."""

    policies: cedarpy.PolicySet
    ids: dict[str, str]
    no_write_down: bool
    people: frozenset[str]
    groups: dict[str, list[dict[str, Any]]]
    parents: dict[str, list[str]]

    def answers(self, asked: list[Request]) -> list[Answer]:
        """Return what Cedar says of each request, all asked in one go."""
        odd = [self._not_understood(request) for request in asked]
        first = iter(self._ask([each for each, why in zip(asked, odd, strict=True) if not why]))
        said = [_NOTHING if why else next(first) for why in odd]
        # Only where nothing matched does it matter what a higher clearance or strength would do.
        again = [
            [] if why or rules else list(_variants(each))
            for each, why, (_, rules) in zip(asked, odd, said, strict=True)
        ]
        second = iter(self._ask([each for row in again for each in row]))
        return [
            (Outcome.DENY, why, (), 0)
            if why
            else self._checked(each, _answer(each, bare, [next(second) for _ in row]))
            for each, why, bare, row in zip(asked, odd, said, again, strict=True)
        ]

    def _not_understood(self, request: Request) -> Reason | None:
        """Return why Cedar is not asked at all, if so."""
        if request.zone not in ZONES:
            return Reason.UNKNOWN_ZONE
        if request.subject not in self.people:
            return Reason.UNKNOWN_SUBJECT
        return None if request.is_well_formed else Reason.MALFORMED

    def _checked(self, request: Request, answer: Answer) -> Answer:
        """Refuse what the rules open if it would carry data down."""
        down = request.action in WRITES and request.clearance > request.classification
        if self.no_write_down and down and answer[0] is not Outcome.DENY:
            return Outcome.DENY, Reason.WRITE_DOWN, answer[2], 0
        return answer

    def _ask(self, flat: list[Request]) -> Iterator[Bare]:
        """Return for each request whether Cedar allows, and the rules it names for that."""
        results: list[Bare] = [_NOTHING] * len(flat)
        for zone in sorted(ZONES):
            chosen = [number for number, each in enumerate(flat) if each.zone == zone]
            entities = [*self.groups[zone], *self._objects(flat[number] for number in chosen)]
            questions = [_question(flat[number]) for number in chosen]
            for number, said in zip(chosen, self._batch(questions, entities), strict=True):
                results[number] = said
        yield from results

    def _batch(
        self, questions: list[dict[str, Any]], entities: list[dict[str, Any]]
    ) -> Iterator[Bare]:
        if not questions:
            return
        said = cedarpy.is_authorized_batch(questions, self.policies, entities)
        for each in said:
            assert not each.diagnostics.errors, each.diagnostics.errors
            yield each.allowed, tuple(sorted(self.ids[name] for name in each.diagnostics.reasons))

    def _objects(self, asked: Iterable[Request]) -> list[dict[str, Any]]:
        """Return each asked object below its places and its category, and those themselves."""
        found: dict[tuple[str, str], list[dict[str, str]]] = {}
        for request in asked:
            thing = f"{request.object}#{request.category}"
            above = [("Place", place) for place in (request.object, *_places(request.object))]
            above.append(("Category", request.category))
            found["Object", thing] = [_uid(*each) for each in above]
            for each in above:
                found.setdefault(each, [])
        for child, groups in self.parents.items():
            found["Category", child] = [_uid("Category", group) for group in groups]
        return [
            {"uid": _uid(*key), "attrs": {}, "parents": parents} for key, parents in found.items()
        ]


def oracle(rules: RuleSet, memberships: Memberships, *, no_write_down: bool = False) -> CedarOracle:
    """Translate rules and memberships."""
    parents: dict[str, list[str]] = {}
    for child, parent in rules.categories:
        parents.setdefault(child, []).append(parent)
    return CedarOracle(
        policies=cedarpy.PolicySet.from_str("\n".join(map(_policy, rules.rules))),
        ids={f"policy{place}": rule.id for place, rule in enumerate(rules.rules)},
        no_write_down=no_write_down,
        people=memberships.people,
        groups={zone: list(_groups(memberships, zone)) for zone in ZONES},
        parents=parents,
    )


def _policy(rule: Rule) -> str:
    effect = "permit" if rule.allows else "forbid"
    conditions = " && ".join(_conditions(rule))
    return (
        f"{effect} ({_principal(rule.sub)}, action, {_resource(rule.obj)})\n"
        f"when {{ {conditions} }};"
    )


def _principal(sub: str) -> str:
    if sub == ANY:
        return "principal"
    if is_person(sub):
        return f'principal == Person::"{sub}"'
    if AND in sub:
        return "principal"  # of both at once: Cedar has that only as a condition
    return f"principal in {_group(sub)}"


def _group(name: str) -> str:
    return f'{"Role" if is_role(name) else "Unit"}::"{name}"'


def _resource(obj: str) -> str:
    if obj.startswith("cat:"):
        return f'resource in Category::"{obj}"'
    return f'resource in Place::"{"app:" if obj == "app:**" else obj}"'


def _conditions(rule: Rule) -> Iterator[str]:
    if AND in rule.sub:
        yield from (f"principal in {_group(name)}" for name in rule.sub.split(AND))
    if rule.zone != ANY:
        yield f'context.zone == "{rule.zone}"'
    if rule.act != ANY:
        yield f"{json.dumps(tokens(rule.act))}.contains(context.act)"
    if rule.net != ANY:
        yield f"{json.dumps(tokens(rule.net))}.contains(context.net)"
    if rule.cls != ANY:
        yield f"[{', '.join(tokens(rule.cls))}].contains(context.cls)"
    if rule.auth != ANY:
        yield f"context.auth >= {rule.auth}"
    if rule.win != ANY:
        yield f"({' || '.join(map(_inside, tokens(rule.win)))})"
    yield "context.cls <= context.clr"


def _inside(window: str) -> str:
    """Ask for the moment, or for day and time by a clock that the question brings along."""
    if not window.startswith("week:"):
        first, end = window.split("~")
        return f"(context.now >= {first} && context.now < {end})"
    days, hours = window.removeprefix("week:").split("@")
    clock = f"context.clocks[{json.dumps(hours[-6:])}]"
    first, _, last = days.partition("-")
    opens, closes = hours[:-6].split("-")
    return (
        f'({clock}["day"] >= {first} && {clock}["day"] <= {last or first} && '
        f'{clock}["minute"] >= {_minutes(opens)} && {clock}["minute"] < {_minutes(closes)})'
    )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def _clocks(now: int) -> dict[str, dict[str, int]]:
    """Return the day of the week and the minute of the day by every clock that worlds use.

    Cedar has no calendar; this one is Python's and shares nothing with ours.
    """
    if not 0 <= now < 10**11:
        return {}
    shown = {}
    for clock in CLOCKS:
        ahead = datetime.strptime(clock, "%z").tzinfo
        local = datetime.fromtimestamp(now, ahead)
        shown[clock] = {"day": local.isoweekday(), "minute": 60 * local.hour + local.minute}
    return shown


def _places(obj: str) -> Iterator[str]:
    """Return the subtrees an object lies in: of svc:s/p/q those of svc:s/p/q, svc:s/p and svc:s."""
    if obj.startswith("app:"):
        yield "app:"
        return
    parts = obj.split("/")
    for length in range(len(parts), 0, -1):
        yield "/".join(parts[:length]) + "/**"


def _groups(memberships: Memberships, zone: str) -> Iterator[dict[str, Any]]:
    above: dict[tuple[str, str], list[dict[str, str]]] = {}
    rows = [(child, parent) for child, parent, where in memberships.roles if where == zone]
    for child, parent in (*rows, *memberships.units):
        above.setdefault(_typed(child), []).append(_uid(*_typed(parent)))
        above.setdefault(_typed(parent), [])
    for person in memberships.people:
        above.setdefault(("Person", person), [])
    for key, parents in above.items():
        yield {"uid": _uid(*key), "attrs": {}, "parents": parents}


def _typed(name: str) -> tuple[str, str]:
    kind = "Person" if is_person(name) else "Role" if is_role(name) else "Unit"
    return kind, name


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _question(request: Request) -> dict[str, Any]:
    return {
        "principal": f'Person::"{request.subject}"',
        "action": 'Action::"use"',
        "resource": f'Object::"{request.object}#{request.category}"',
        "context": {
            "zone": request.zone,
            "act": request.action,
            "net": request.network,
            "cls": request.classification,
            "clr": request.clearance,
            "auth": request.strength,
            "now": request.now,
            "clocks": _clocks(request.now),
        },
    }


def _variants(request: Request) -> Iterator[Request]:
    """Return the request as cleared for it, and with each stronger sign-in."""
    yield replace(request, clearance=max(request.clearance, request.classification))
    for strength in range(request.strength + 1, STRENGTHS.stop):
        yield replace(request, strength=strength)


def _answer(request: Request, bare: Bare, variants: list[Bare]) -> Answer:
    """Put Cedar's bare yes and no together as the gateway answers."""
    allowed, rules = bare
    if allowed:
        return Outcome.ALLOW, Reason.ALLOWED, rules, 0
    if rules:
        return Outcome.DENY, Reason.DENIED_BY_RULE, rules, 0
    cleared, *stronger = variants
    if request.classification > request.clearance:
        if cleared[0]:
            return Outcome.DENY, Reason.CLEARANCE, cleared[1], 0
        return Outcome.DENY, Reason.NO_RULE, (), 0
    for strength, (would, by) in enumerate(stronger, start=request.strength + 1):
        if would:
            return Outcome.STEP_UP, Reason.STRONGER_SIGN_IN, by, strength
    return Outcome.DENY, Reason.NO_RULE, (), 0
