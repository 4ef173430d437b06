"""Does the clock tell a known login name from an unknown one? A rank test over 200 + 200 tries.

Production hashing, SQLite, known and unknown taken in turn (class 19). Under the hypothesis
that both cost the same, |z| of the Mann-Whitney test stays below 2.58 in 99 of 100 runs.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from figures import Row
from identity_world import World, build_world

from gateway.identity import sessions
from gateway.identity.hashing import Hasher
from gateway.identity.sign_in import SignInRefused
from gateway.store import migrate

TRIES = 200
FINDS = 2000
MEMORY, PASSES = 47_104, 1


def main() -> list[Row]:
    """Return the time of a refusal for either kind of name, and how far the ranks differ."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        url = f"sqlite:///{directory}/bench.db"
        migrate.upgrade(url)
        world = build_world(url, directory, datetime.now(UTC))
        token = world.sign_in(world.enrol("known"))
        find = _find(world, token)
        hasher = Hasher(memory=MEMORY, passes=PASSES, at_once=4)
        world.registry = replace(world.registry, hasher=hasher)
        world.sign_in(replace(world.enrol("known2"), login="known2"))
        known, unknown = _refusals(world)
        world.registry.store.close()
    return [
        Row("session found (one read, two fields opened)", find, "us of CPU"),
        Row("refused sign-in, known name", statistics.median(known), "ms"),
        Row(
            "refused sign-in, unknown name",
            statistics.median(unknown),
            "ms",
            statistics.median(known),
        ),
        Row("Mann-Whitney |z| of the two, below 2.58 unless it leaks", rank_z(known, unknown), ""),
    ]


def rank_z(one: list[float], other: list[float]) -> float:
    """Return |z| of the Mann-Whitney U test, by the normal approximation."""
    both = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, sample) in enumerate(both, 1) if sample == 0)
    count, rest = len(one), len(other)
    surplus = ranks - count * (count + 1) / 2 - count * rest / 2
    return abs(surplus) / math.sqrt(count * rest * (count + rest + 1) / 12)


def _refusals(world: World) -> tuple[list[float], list[float]]:
    known: list[float] = []
    unknown: list[float] = []
    for _ in range(TRIES):
        known.append(_refused(world, "known2"))
        unknown.append(_refused(world, "nobody"))
    return known, unknown


def _refused(world: World, login: str) -> float:
    world.forget_lanes()
    start = time.perf_counter()
    try:
        world.password(login, "not the password")
    except SignInRefused:
        return (time.perf_counter() - start) * 1e3
    raise AssertionError("a wrong password was taken")


def _find(world: World, token: str) -> float:
    start = time.process_time()
    for _ in range(FINDS):
        assert sessions.find(world.registry, token, now=world.clock)
    return (time.process_time() - start) / FINDS * 1e6


if __name__ == "__main__":
    for row in main():
        print(row)  # noqa: T201 - what a measurement is for
