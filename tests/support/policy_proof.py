"""The long search for a difference: random decisions put to three engines that share no code.

The compiled engine decides; pycasbin and Cedar decide the same by the same rules; outcome,
reason, every rule's id and the strength asked for must be alike. As a program, on every core:

    make policy-proof N=1000000
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from random import Random

from cedar_oracle import oracle
from policy_worlds import World, request, world
from rich.console import Console
from rich.progress import Progress

from policies.decision import Decision, Reason

QUESTIONS = 300
"""Asked of each world; more of them in fewer worlds would find less."""
PORTION = 5_000
"""Decisions that one process makes before it reports."""
LEAST_ALLOWED = 0.3


class EnginesDifferError(AssertionError):
    """The engines gave different answers; the message holds everything needed to see it again."""


def search(decisions: int, *, seed: int, questions: int = QUESTIONS) -> Counter[str]:
    """Compare that many decisions in seeded worlds; return how often each reason was given.

    Raises:
        EnginesDifferError, AssertionError: the engines differ.
    """
    luck = Random(seed)
    found: Counter[str] = Counter()
    while found.total() < decisions:
        found.update(decision.reason for decision in compared(world(luck), luck, questions))
    return found


def compared(made: World, luck: Random, questions: int) -> Iterator[Decision]:
    """Yield the decisions of one world, after all three engines agreed on each."""
    asked = [request(luck) for _ in range(questions)]
    decided = [made.pair.decide(each) for each in asked]
    cedar = oracle(made.rules, made.memberships, no_write_down=made.no_write_down)
    for each, ours, theirs in zip(asked, decided, cedar.answers(asked), strict=True):
        if theirs != (ours.outcome, ours.reason, ours.rules, ours.strength_needed):
            raise EnginesDifferError(f"{each}\n{made.rules.text()}\n{ours}\nCedar: {theirs}")
        yield ours


def main(decisions: int, *, seed: int) -> int:
    """Search on every core, with a bar; print what was found; return the exit code."""
    start = time.perf_counter()
    found: Counter[str] = Counter()
    portions = range(0, decisions, PORTION)
    with Progress(console=Console(stderr=True)) as bar, ProcessPoolExecutor(os.cpu_count()) as pool:
        task = bar.add_task("comparing", total=decisions)
        for done in as_completed(
            pool.submit(search, PORTION, seed=seed + number) for number in range(len(portions))
        ):
            found += done.result()
            bar.update(task, completed=found.total())
    seconds = time.perf_counter() - start
    allowed = found[Reason.ALLOWED] / found.total()
    print(  # noqa: T201 - its purpose
        f"{found.total():,} decisions by three engines, 0 differences, {allowed:.1%} allowed, "
        f"{seconds:.0f} s; seeds {seed} to {seed + len(portions) - 1}\n{dict(found)}"
    )
    return 0 if allowed >= LEAST_ALLOWED and set(found) == set(Reason) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1))
