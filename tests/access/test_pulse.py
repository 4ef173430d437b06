"""A worker's beat while the log is not being sealed: it waits, and the process lives."""

from __future__ import annotations

from datetime import timedelta

import pytest
from access_world import World

from audit.health import Limits
from audit.ledger import Ledger
from gateway.access.policy_point import Lease, PolicyPoint
from gateway.access.pulse import Pulse, this_worker
from gateway.store.brake import Brake


@pytest.mark.parametrize("minutes", [2, 60])
def test_a_zone_that_stood_still_starts_again(small_world: World, minutes: int) -> None:
    """What was recorded last is not sealed yet, and old: nothing may crash, nor be decided."""
    world = small_world
    now = world.clock + timedelta(minutes=minutes)
    brake = Brake(world.store.read, clock=lambda: now, limits=Limits())
    braked = Ledger(
        world.store.write,
        zone="intranet",
        seal=lambda _eid, _field, value: value,
        info=dict(world.ledger.sessions.kw["info"]),
        brake=brake,
    )
    lease = Lease(timedelta(seconds=10))
    pulse = Pulse(
        this_worker(now),
        store=world.store,
        ledger=braked,
        policy=PolicyPoint(world.store, lease=lease),
        lease=lease,
        clock=lambda: now,
    )
    may_write = minutes * 60 <= Limits().writes.total_seconds()
    assert pulse.beat() is may_write
    assert lease.holds() is may_write
