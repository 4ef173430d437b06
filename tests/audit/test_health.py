"""Is the log being sealed, and what has to stop if not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sealed_log import SealedLog

from audit.health import LIMITS, Step, look


@pytest.mark.parametrize(
    ("seconds", "step"),
    [
        (-5, Step.OPEN),
        (0, Step.OPEN),
        (10, Step.OPEN),
        (10.001, Step.WARN),
        (60, Step.WARN),
        (60.001, Step.NO_PRIVILEGED),
        (300, Step.NO_PRIVILEGED),
        (300.001, Step.NO_WRITES),
    ],
)
def test_the_gateway_closes_in_steps(seconds: float, step: Step) -> None:
    assert LIMITS.step(timedelta(seconds=seconds)) is step


def test_a_sealed_log_is_well_and_an_unsealed_one_ages(sealed: SealedLog) -> None:
    sealed.write(1)
    sealed.seal()
    well = look(sealed.store.read, now=sealed.now)
    assert (well.step, well.size, well.problem) == (Step.OPEN, 2, "")
    sealed.write(1)
    later = sealed.now + timedelta(seconds=61)
    late = look(sealed.store.read, now=later)
    assert late.step is Step.NO_PRIVILEGED
    assert late.lag == timedelta(seconds=61)
    assert late.problem


def test_an_idle_log_whose_heart_stops_lags_too(sealed: SealedLog) -> None:
    sealed.seal()
    assert look(sealed.store.read, now=sealed.now + timedelta(seconds=65)).step is Step.OPEN
    dead = look(sealed.store.read, now=sealed.now + timedelta(seconds=400))
    assert dead.step is Step.NO_WRITES


@pytest.mark.parametrize(
    "attack",
    ["DELETE FROM log_state", "DROP TABLE log_state", "ALTER TABLE audit_event RENAME TO gone"],
)
def test_a_log_that_cannot_be_looked_at_is_not_well(sealed: SealedLog, attack: str) -> None:
    """Vault stayed healthy after its log was removed (#11949, #31718)."""
    sealed.seal()
    sealed.attack(attack)
    health = look(sealed.store.read, now=sealed.now)
    assert health.step is Step.NO_WRITES
    assert health.problem
