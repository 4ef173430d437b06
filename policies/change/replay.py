"""What a draft would have done to what people really asked: the recorded decisions, again.

    found = replay(bodies(engine, since=…), before, after)
    found.told()   ->  14 people lose 3 services, 2 gain 1

Each question is put to the rules in force and to the draft, both with the people as they are
today: so what is told is the draft's doing and nothing else. Equal questions are asked once
and counted. Times count as they were; those that no window of the rules tells apart are one.

People lose only what they had. A question that was refused when it was asked, say before a rule
existed, and that the rules in force would give by now, is no loss if the draft refuses it again:
it is told apart, as still refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Engine as Database
from sqlalchemy import func, select

from audit.tables import audit_event
from policies.change.asked import Asked, Progress, gathered
from policies.compiled import CompiledEngine
from policies.decision import Outcome, Request

_STEP: Final = 5_000


class Effect(StrEnum):
    """What a draft does to one question."""

    LOSES = "loses"
    """What was given when it was asked, and would be today, is no more."""
    HARDER = "harder"
    """What was given when it was asked takes a stronger sign-in than today."""
    STILL = "still"
    """What was refused when it was asked would be given today; by the draft it is still refused,
    or takes a stronger sign-in. Nobody loses by it what they had."""
    EASIER = "easier"
    """It takes no stronger sign-in any more."""
    GAINS = "gains"
    """What would be denied today is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One person's question that the draft decides otherwise.

    Attributes:
        unit: the person's at the time; empty if none was recorded.
        count: how often it was asked, and answered then as it was.
        newest: when last, RFC 3339.
        decisions: the ids of its records, the newest first, at most `KEPT`.
        before: what the rules in force say of it today, which need not be what was said then.
        rules: the ids of the rules that decide it after.
    """

    effect: Effect
    request: Request
    unit: str
    service: str
    count: int
    newest: str
    decisions: tuple[str, ...]
    before: Outcome
    after: Outcome
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """How many people an effect meets, in how many services, over how many decisions."""

    effect: Effect
    people: int
    services: int
    decisions: int


@dataclass(frozen=True, slots=True)
class Group:
    """The shifts of one person, unit or service and one effect."""

    name: str
    effect: Effect
    people: tuple[str, ...]
    services: tuple[str, ...]
    count: int
    decisions: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """The whole replay.

    Attributes:
        read: decisions that were asked again.
        distinct: different questions among them; given once and refused once is two.
        unread: decisions from before the log kept what was asked, or without any rules.
    """

    shifts: tuple[Shift, ...]
    read: int
    distinct: int
    unread: int

    def told(self) -> tuple[Told, ...]:
        """Return one line for each effect there is."""
        found = []
        for effect in Effect:
            mine = [shift for shift in self.shifts if shift.effect is effect]
            if mine:
                people = {shift.request.subject for shift in mine}
                services = {shift.service for shift in mine}
                count = sum(shift.count for shift in mine)
                found.append(Told(effect, len(people), len(services), count))
        return tuple(found)

    def by_person(self) -> tuple[Group, ...]:
        """Return the shifts gathered by person."""
        return self._by(lambda shift: shift.request.subject)

    def by_unit(self) -> tuple[Group, ...]:
        """Return the shifts gathered by the unit people were in."""
        return self._by(lambda shift: shift.unit)

    def by_service(self) -> tuple[Group, ...]:
        """Return the shifts gathered by service."""
        return self._by(lambda shift: shift.service)

    def _by(self, name: Callable[[Shift], str]) -> tuple[Group, ...]:
        gathered: defaultdict[tuple[str, Effect], list[Shift]] = defaultdict(list)
        for shift in self.shifts:
            gathered[name(shift), shift.effect].append(shift)
        return tuple(
            Group(
                name=each,
                effect=effect,
                people=tuple(sorted({shift.request.subject for shift in shifts})),
                services=tuple(sorted({shift.service for shift in shifts})),
                count=sum(shift.count for shift in shifts),
                decisions=tuple(one for shift in shifts for one in shift.decisions),
            )
            for (each, effect), shifts in sorted(gathered.items())
        )


def bodies(database: Database, *, since: datetime) -> Iterator[bytes]:
    """Return the bodies of the log's entries from `since` on, oldest first, a page at a time."""
    last = 0
    event = audit_event.c
    while True:
        query = (
            select(event.id, event.body)
            .where(event.id > last, event.created >= since)
            .order_by(event.id)
            .limit(_STEP)
        )
        with database.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        yield from (bytes(row.body) for row in rows)


def entries(database: Database, *, since: datetime) -> int:
    """Return how many entries `bodies` will give, for a progress bar."""
    query = select(func.count()).where(audit_event.c.created >= since)
    with database.connect() as connection:
        return int(connection.execute(query).scalar_one())


def replay(
    found: Iterable[bytes],
    before: CompiledEngine,
    after: CompiledEngine,
    *,
    progress: Progress | None = None,
) -> Replay:
    """Ask every recorded decision among the log's entries again, under both engines."""
    questions, read, unread = gathered(found, (before, after), progress=progress)
    shifts = [shift for asked in questions if (shift := _shift(asked, before, after))]
    shifts.sort(key=lambda each: (each.effect, each.service, each.request.subject, -each.count))
    return Replay(tuple(shifts), read, len(questions), unread)


def _shift(asked: Asked, before: CompiledEngine, after: CompiledEngine) -> Shift | None:
    was, is_now = before.decide(asked.request), after.decide(asked.request)
    effect = _EFFECTS.get((was.outcome, is_now.outcome))
    if effect is None:
        return None
    if effect in (Effect.LOSES, Effect.HARDER) and not asked.was_given:
        effect = Effect.STILL
    return Shift(
        effect=effect,
        request=asked.request,
        unit=asked.unit,
        service=asked.service,
        count=asked.count,
        newest=asked.newest,
        decisions=asked.decisions,
        before=was.outcome,
        after=is_now.outcome,
        rules=is_now.rules,
    )


_EFFECTS: Final = {
    (Outcome.ALLOW, Outcome.DENY): Effect.LOSES,
    (Outcome.STEP_UP, Outcome.DENY): Effect.LOSES,
    (Outcome.ALLOW, Outcome.STEP_UP): Effect.HARDER,
    (Outcome.STEP_UP, Outcome.ALLOW): Effect.EASIER,
    (Outcome.DENY, Outcome.ALLOW): Effect.GAINS,
    (Outcome.DENY, Outcome.STEP_UP): Effect.GAINS,
}
