"""Is the log being sealed, and what must stop if it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from audit.tables import audit_event, log_state

WARN_AFTER = timedelta(seconds=10)
PRIVILEGED_AFTER = timedelta(seconds=60)
WRITES_AFTER = timedelta(seconds=300)
HEARTBEAT = timedelta(seconds=60)


class Step(StrEnum):
    """How far the gateway has to close. Each step includes the ones before it."""

    OPEN = "open"
    WARN = "warn"
    NO_PRIVILEGED = "no_privileged"  # no privileged acts and no exports
    NO_WRITES = "no_writes"


def step_of(lag: timedelta) -> Step:
    """Return the step for an age of what is not sealed yet."""
    if lag > WRITES_AFTER:
        return Step.NO_WRITES
    if lag > PRIVILEGED_AFTER:
        return Step.NO_PRIVILEGED
    return Step.WARN if lag > WARN_AFTER else Step.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of sealing at one moment. `problem` is for operators; empty if all is well."""

    size: int
    lag: timedelta
    published: datetime | None
    problem: str = ""

    @property
    def step(self) -> Step:
        """How far the gateway has to close."""
        return step_of(self.lag)


def look(read: Engine, *, now: datetime) -> Health:
    """Return the state of sealing, from the database alone, so that every process can ask.

    The lag is the age of the oldest entry without a number; an idle log whose heartbeats
    stay away lags, too. A log that cannot be looked at is as bad as one that is not sealed.
    """
    state = select(log_state.c.size, log_state.c.published)
    oldest = (
        select(audit_event.c.created)
        .where(audit_event.c.seq.is_(None))
        .order_by(audit_event.c.id)
        .limit(1)
    )
    try:
        with read.connect() as connection:
            row = connection.execute(state).first()
            waiting: datetime | None = connection.execute(oldest).scalar()
    except SQLAlchemyError as error:
        return _blind(f"the log cannot be read: {type(error).__name__}")
    if row is None:
        return _blind("the log has lost its state")
    ages = [timedelta()]
    if waiting is not None:
        ages.append(now - waiting)
    if row.published is not None:
        ages.append(now - row.published - HEARTBEAT)
    lag = max(ages)
    problem = "" if lag <= WARN_AFTER else f"entries wait for sealing since {now - lag}"
    return Health(size=row.size, lag=lag, published=row.published, problem=problem)


def _blind(problem: str) -> Health:
    lag = WRITES_AFTER + timedelta(seconds=1)
    return Health(size=0, lag=lag, published=None, problem=problem)
