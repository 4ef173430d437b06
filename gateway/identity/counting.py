"""An attempt to sign in is counted before it is looked at; one that must wait is not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from audit.record import Actor
from gateway.identity import lane_keys, throttle
from gateway.identity.lane_keys import Strangers
from gateway.identity.profiles import PROFILES
from gateway.identity.registry import Registry
from gateway.identity.throttle import Reservation, Throttled

_COUNTED = "the attempt is counted before its outcome is known; the outcome is recorded"


def count(
    registry: Registry,
    lanes: Strangers,
    *,
    actor: Actor,
    now: datetime,
    personal: Mapping[str, str] | None = None,
) -> Reservation:
    """Count an attempt in its lanes before anything is checked. Raises Throttled.

    Of refusals that repeat, the first of a minute is recorded and the others are counted.
    """
    pace = PROFILES[registry.limits.password_profile].pace
    event, reason = "sign_in.throttled", "throttled"
    place = lane_keys.place_of(actor.address)
    with registry.ledger.begin(unaudited_because=_COUNTED) as tx:
        reserved = throttle.reserve(tx.session, lanes, now=now, pace=pace)
        if reserved.closed_now:
            tx.record("lane.closed", actor=actor, now=now, personal=personal or {})
        if reserved.wait and registry.tally.is_first(
            event, reason, actor=actor, place=place, now=now
        ):
            tx.record(
                event,
                actor=actor,
                now=now,
                outcome="denied",
                reason=reason,
                details={"seconds": int(reserved.wait.total_seconds())},
                personal=personal or {},
            )
    if reserved.wait:
        raise Throttled(reserved.wait)
    return reserved
