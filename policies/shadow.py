"""A second opinion on decisions already made: a sample is decided again by the reference.

The reference takes 36 µs for each rule, too long to wait for. Decisions are put aside as they
are made, with the engine that made them, and some thread with time to spare has plain pycasbin
decide them again by the same version and the same people, and tells of every difference.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue

from policies.casbin_engine import CasbinEngine, EngineDisagreesError
from policies.compiled import CompiledEngine
from policies.decision import Decision, Request

log = logging.getLogger("hangu.policies")


@dataclass(frozen=True, slots=True)
class Difference:
    """Evidence that the engines differ; `expected` is None if the reference has no answer."""

    engine: CompiledEngine
    request: Request
    decided: Decision
    expected: Decision | None


class ShadowCheck:
    """Takes a sample of decisions and has the reference make them again. Thread-safe.

    Args:
        share: the part of all decisions that is decided again, 0 to 1.
        alarm: told of every difference, in the thread that calls `check`.
        room: how many decisions wait at most; more are let go, never waited for.
    """

    def __init__(
        self, *, share: float, alarm: Callable[[Difference], None], room: int = 100
    ) -> None:
        self._share = share
        self._alarm = alarm
        self._waiting: Queue[tuple[CompiledEngine, Request, Decision]] = Queue(room)
        self._newest: CompiledEngine | None = None
        self._ready: tuple[CompiledEngine, CasbinEngine] | None = None

    def offer(self, engine: CompiledEngine, request: Request, decided: Decision) -> None:
        """Put a decision aside if it falls in the sample; takes no time worth naming."""
        if random.random() < self._share:  # noqa: S311 - a sample, no secret
            if engine is not self._newest:
                # What waits would keep whole old engines in memory.
                self._newest = engine
                self._forget()
            try:
                self._waiting.put_nowait((engine, request, decided))
            except Full:
                log.debug("the shadow check is behind; a decision goes unchecked")

    def check(self, *, at_most: int) -> int:
        """Decide again up to `at_most` of those put aside; return how many there were.

        To be called by one thread at a time.
        """
        for done in range(at_most):
            try:
                engine, request, decided = self._waiting.get_nowait()
            except Empty:
                return done
            expected = self._again(engine, request, decided)
            if expected != decided:
                self._alarm(Difference(engine, request, decided, expected))
        return at_most

    def _forget(self) -> None:
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()

    def _again(
        self, engine: CompiledEngine, request: Request, decided: Decision
    ) -> Decision | None:
        try:
            found = self._reference(engine).decide(request)
        except EngineDisagreesError:
            log.exception("the reference has no answer")
            return None
        # The reference knows rules and grants as one set; their names are the engine's matter.
        return found.named(version=decided.version, grants=decided.grants)

    def _reference(self, engine: CompiledEngine) -> CasbinEngine:
        """Return the reference of an engine, made once for all decisions of that engine."""
        if self._ready is None or self._ready[0] is not engine:
            self._ready = (
                engine,
                CasbinEngine(engine.rules, engine.memberships, no_write_down=engine.no_write_down),
            )
        return self._ready[1]
