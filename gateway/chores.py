"""What a running zone does by itself: end what has run out, drop what has expired."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from audit.rounds import Rounds
from gateway.access import kept, request_sweep
from gateway.identity import break_glass, housekeeping, integrity, officer_cases
from gateway.identity.registry import Registry
from gateway.refusals import Refused
from policies import uses

EVERY = 60.0
"""Seconds between two rounds."""

Sweep: TypeAlias = tuple[str, Callable[[datetime], object]]
"""A name for the log, and what is done at a moment."""

log = logging.getLogger("hangu.chores")


class Chores(Rounds):
    """A thread that does its rounds until it is stopped.

    Every worker process has one; two rounds at once do no harm. A database that does not
    answer, or holds what nobody can read, spoils one sweep of a round, not the thread.
    `more` are sweeps of other rooms, each with its name; those in `soon` are made at the start
    as well, for a worker that keeps dying would never come to its first round.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Callable[[], datetime],
        every: float = EVERY,
        more: Sequence[Sweep] = (),
        soon: Sequence[Sweep] = (),
    ) -> None:
        super().__init__("chores", ending=0.0)
        self._registry = registry
        self._clock = clock
        self._every = every
        self._more = (*soon, *more)
        self._soon: Sequence[Sweep] | None = soon

    def _round(self) -> float:
        """The first is of what is made soon; a whole one comes after the time between two."""
        if self._soon is None:
            self._make(self._rounds())
        else:
            now, soon, self._soon = self._clock(), self._soon, None
            self._make((name, partial(sweep, now)) for name, sweep in soon)
        return self._every

    def _make(self, sweeps: Iterable[tuple[str, Callable[[], object]]]) -> None:
        for name, sweep in sweeps:
            try:
                sweep()
            except Refused as refusal:
                log.warning("no %s now: %s", name, refusal.code)
            except Exception:  # whatever a hand wrote into the database must not end the rounds
                log.exception("%s failed; the next round follows", name)

    def _rounds(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        """Each by itself, so that one that fails spoils no other."""
        registry, now = self._registry, self._clock()
        return (
            ("housekeeping", partial(housekeeping.sweep, registry, now=now)),
            ("end of emergencies", partial(break_glass.sweep, registry, now=now)),
            ("look for forged rows", partial(integrity.sweep, registry, now=now)),
            ("end of officers' cases", partial(officer_cases.sweep, registry, now=now)),
            ("end of grants", partial(request_sweep.sweep, registry, now=now)),
            ("end of kept forms", partial(kept.sweep, registry, now=now)),
            ("count of rules' uses", partial(uses.count, registry.ledger)),
            *((name, partial(sweep, now)) for name, sweep in self._more),
        )
