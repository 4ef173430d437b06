"""The rounds of a running zone go on, whatever one of them meets."""

from __future__ import annotations

import threading
from datetime import datetime

from identity_world import World
from sqlalchemy.exc import OperationalError

from gateway.chores import Chores
from gateway.refusals import Refused


def test_attack_what_nobody_can_read_ends_one_sweep_and_not_the_rounds(small_world: World) -> None:
    """A row written by hand raised what no sweep expects, and nothing was tidied ever after."""
    met = iter(
        [KeyError("case"), ValueError("no JSON"), OperationalError("", {}, OSError()), Refused()]
    )
    went_on = threading.Event()

    def keeping(_now: datetime) -> None:
        if trouble := next(met, None):
            raise trouble
        went_on.set()

    clock = small_world.clock
    more = (("a sweep", keeping),)
    chores = Chores(small_world.registry, clock=lambda: clock, every=0.01, more=more)
    chores.start()
    try:
        assert went_on.wait(60)
    finally:
        chores.stop()
