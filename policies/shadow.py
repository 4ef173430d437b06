"""A second opinion on decisions already made: a sample is decided again by the reference.

The reference takes 36 µs for each rule, too long to wait for. Decisions are put aside as they
are made, and some thread with time to spare decides them again and tells of every difference.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, Full, Queue

from policies.casbin_engine import CasbinEngine, EngineDisagreesError
from policies.compiled import CompiledEngine
from policies.decision import Decision, Request
from policies.memberships import Memberships
from policies.rules import RuleSet

log = logging.getLogger("hangu.policies")


@dataclass(frozen=True, slots=True)
class Difference:
    """Evidence that the engines differ; `expected` is None if the reference has no answer."""

    request: Request
    decided: Decision
    expected: Decision | None


class ShadowCheck:
    """The compiled engine with the reference in its shadow: the same version, the same people.

    It is an `Engine` itself; like every engine it is replaced as a whole. Thread-safe.

    Args:
        share: the part of all decisions that is decided again, 0 to 1.
        alarm: told of every difference, in the thread that calls `check`.
        room: how many decisions wait at most; more are let go, never waited for.
    """

    def __init__(
        self,
        rules: RuleSet,
        memberships: Memberships,
        *,
        share: float,
        alarm: Callable[[Difference], None],
        room: int = 100,
        no_write_down: bool = False,
    ) -> None:
        self._engine = CompiledEngine(rules, memberships, no_write_down=no_write_down)
        self._reference = CasbinEngine(rules, memberships, no_write_down=no_write_down)
        self._share = share
        self._alarm = alarm
        self._waiting: Queue[tuple[Request, Decision]] = Queue(room)

    @property
    def version(self) -> str:
        """The rule set's name, 16 hexadecimal digits."""
        return self._engine.version

    def decide(self, request: Request) -> Decision:
        """Return the compiled engine's decision, and put it aside if it falls in the sample."""
        decision = self._engine.decide(request)
        if random.random() < self._share:  # noqa: S311 - a sample, no secret
            try:
                self._waiting.put_nowait((request, decision))
            except Full:
                log.debug("the shadow check is behind; a decision goes unchecked")
        return decision

    def check(self, *, at_most: int) -> int:
        """Decide again up to `at_most` of those put aside; return how many there were."""
        for done in range(at_most):
            try:
                request, decided = self._waiting.get_nowait()
            except Empty:
                return done
            expected = self._again(request)
            if expected != decided:
                self._alarm(Difference(request, decided, expected))
        return at_most

    def _again(self, request: Request) -> Decision | None:
        try:
            return self._reference.decide(request)
        except EngineDisagreesError:
            log.exception("the reference has no answer")
            return None
