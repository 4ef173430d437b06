"""Is the log being sealed, and what must stop if it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from audit import alarms
from audit.alarms import Kind
from audit.tables import audit_event, log_state

HEARTBEAT = timedelta(seconds=60)
AHEAD = timedelta(seconds=10)
"""How far in the future an entry may be said to be written: machines' clocks differ."""


WORDS: Mapping[str, str] = {
    Kind.MISSING: "entries were gone before they were sealed",
    Kind.UNANNOUNCED: "entries were not written by the gateway",
    Kind.DISAGREED: "requests or holds are not what the officers' entries say",
}


class Step(StrEnum):
    """How far the gateway has to close. Each step includes the ones before it."""

    OPEN = "open"
    WARN = "warn"
    NO_PRIVILEGED = "no_privileged"  # no privileged acts and no exports
    NO_WRITES = "no_writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The age of what is not sealed at which each step begins, in ascending order."""

    warn: timedelta = timedelta(seconds=10)
    privileged: timedelta = timedelta(seconds=60)
    writes: timedelta = timedelta(seconds=300)

    def step(self, lag: timedelta) -> Step:
        """The step for an age."""
        if lag > self.writes:
            return Step.NO_WRITES
        if lag > self.privileged:
            return Step.NO_PRIVILEGED
        return Step.WARN if lag > self.warn else Step.OPEN


LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of sealing at one moment.

    `alarms` counts what was found that must not be and that nobody has owned up to, by kind
    (`audit.alarms`); `problem` is for operators, and empty if all is well.
    """

    size: int
    lag: timedelta
    step: Step
    published: datetime | None
    alarms: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing has to be done."""
        return self.step is Step.OPEN and not self.alarms


def look(read: Engine, *, now: datetime, limits: Limits = LIMITS) -> Health:
    """Return the state of sealing, from the database alone, so that every process can ask.

    The lag is the age of the oldest entry without a number; an idle log whose heartbeats
    stay away lags, too. A log that cannot be looked at is as bad as one that is not sealed.
    """
    try:
        with read.connect() as connection:
            return _look(connection, now, limits)
    except SQLAlchemyError as error:
        return _blind(limits, f"the log cannot be read: {type(error).__name__}")


def _look(connection: Connection, now: datetime, limits: Limits) -> Health:
    event = audit_event.c
    oldest = select(event.created).where(event.seq.is_(None)).order_by(event.id).limit(1)
    row = connection.execute(select(log_state.c.size, log_state.c.published)).first()
    waiting: datetime | None = connection.execute(oldest).scalar()
    unowned = alarms.unowned(connection)
    if row is None:
        return _blind(limits, "the log has lost its state")
    # A clock that was set back must not make an unsealed log look young.
    ages = [timedelta(), *(_age(at, now) for at in (waiting,) if at is not None)]
    if row.published is not None:
        ages.append(_age(row.published, now) - HEARTBEAT)
    lag = max(ages)
    problems = []
    if limits.step(lag) is not Step.OPEN:
        problems.append(f"entries wait for sealing since {now - lag}")
    problems += [f"{count} {WORDS[kind]}" for kind, count in sorted(unowned.items())]
    return Health(
        size=row.size,
        lag=lag,
        step=limits.step(lag),
        published=row.published,
        alarms=unowned,
        problem="; ".join(problems),
    )


def _age(at: datetime, now: datetime) -> timedelta:
    age = now - at
    return age if age >= -AHEAD else -age


def _blind(limits: Limits, problem: str) -> Health:
    lag = limits.writes + timedelta(seconds=1)
    return Health(size=0, lag=lag, step=Step.NO_WRITES, published=None, problem=problem)
