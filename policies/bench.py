"""How fast the engines are, measured on the made-up office of `bench_model`."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from statistics import median

from policies.bench_model import Office, office
from policies.casbin_engine import CasbinEngine
from policies.compiled import CompiledEngine
from policies.decision import Decision, Request
from policies.engine import Engine
from policies.memberships import Memberships
from policies.rules import RuleSet

SIZES = (110, 1_100, 11_000, 110_000)
QUESTIONS = 10_000
ROUNDS = 5
BUILDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The reference in the same run.

    Attributes:
        p50_us: the median of its decisions.
        build_seconds: until it is ready.
        compared: decisions made by both engines.
        differences: how many of them differ.
    """

    p50_us: float
    build_seconds: float
    compared: int
    differences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured at one size.

    Attributes:
        rules: `p` rules; people, units and the roles they hold come on top.
        allowed: the share of the questions that is allowed, 0 to 1.
        build_seconds: from checked rules and rows of memberships to an engine that decides,
            with the version's hash and all checks of memberships; the quickest of three.
        megabytes: what the compiled engine takes beside the rules it was made from.
        decisions_per_second: of one thread, by the same times.
        p50_us, p99_us: over the questions, of each the median of its rounds.
        cold_p99_us: with nobody remembered from an earlier question.
        growth: p50 over that of the run's first size.
        reference: pycasbin on the same rules and questions; None if it was not asked.
    """

    rules: int
    people: int
    allowed: float
    build_seconds: float
    megabytes: float
    decisions_per_second: float
    p50_us: float
    p99_us: float
    cold_p99_us: float
    growth: float
    reference: Beside | None


@dataclass(frozen=True, slots=True)
class _Trial:
    """One size while it is measured: the office, its questions, the engine, the rounds taken."""

    made: Office
    asked: Sequence[Request]
    engine: CompiledEngine
    build_seconds: float
    rounds: list[list[int]] = field(default_factory=list)


def measure(
    *sizes: int,
    questions: int = QUESTIONS,
    reference_seconds: float = 2.0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Figures]:
    """Measure both engines at each of these numbers of rules, all in one run.

    The rounds of all sizes are taken in turn, so that whatever else the machine does meets
    them alike. pycasbin is asked the first questions again until `reference_seconds` are over,
    at least one; 0 leaves it out. At 110,000 rules it needs seconds for each, and some twenty
    to get ready. `progress` is told how many of all steps are done.
    """
    steps = len(sizes) * (ROUNDS + 2)
    done = count(1)
    trials = []
    for rules in sizes:
        trials.append(_begun(rules, questions))
        progress(next(done), steps)
    for _ in range(ROUNDS):
        for trial in trials:
            trial.rounds.append(_round(trial.engine, trial.asked))
            progress(next(done), steps)
    figures: list[Figures] = []
    for trial in trials:
        first = figures[0].p50_us if figures else 0.0
        figures.append(_figures(trial, reference_seconds, first))
        progress(next(done), steps)
    return figures


def _begun(rules: int, questions: int) -> _Trial:
    made = office(rules)
    build_seconds = min(_built(made)[1] for _ in range(BUILDS - 1))
    engine, last_seconds = _built(made)
    return _Trial(made, made.requests(questions), engine, min(build_seconds, last_seconds))


def _figures(trial: _Trial, reference_seconds: float, first: float) -> Figures:
    made, asked = trial.made, trial.asked
    taken = _medians(trial.rounds)
    decisions = [trial.engine.decide(request) for request in asked]
    forgetful = CompiledEngine(made.rules, made.memberships, remembered=1)
    cold = _medians([_round(forgetful, asked) for _ in range(ROUNDS)])
    return Figures(
        rules=len(made.rules.rules),
        people=len(made.memberships.people),
        allowed=sum(decision.is_allowed for decision in decisions) / len(decisions),
        build_seconds=trial.build_seconds,
        megabytes=_megabytes(made),
        decisions_per_second=1e9 * len(taken) / sum(taken),
        p50_us=_at(taken, 0.50),
        p99_us=_at(taken, 0.99),
        cold_p99_us=_at(cold, 0.99),
        growth=_at(taken, 0.50) / first if first else 1.0,
        reference=_beside(made, asked, decisions, reference_seconds) if reference_seconds else None,
    )


def _built(made: Office) -> tuple[CompiledEngine, float]:
    """Build from copies that remember nothing, so that every hash and check is counted."""
    rules = RuleSet(made.rules.rules, made.rules.categories)
    memberships = Memberships(made.memberships.roles, made.memberships.units)
    start = time.perf_counter()
    engine = CompiledEngine(rules, memberships)
    return engine, time.perf_counter() - start


def _medians(rounds: Sequence[Sequence[int]]) -> list[float]:
    """Return the nanoseconds each question took, in order of length.

    Of each question the median of its rounds: what interrupts one round is the machine's, what
    makes a question slow in most rounds is the engine's. Between two rounds lie all the other
    questions, so that nothing is found warm that would not be at work.
    """
    return sorted(median(each) for each in zip(*rounds, strict=True))


def _round(engine: Engine, asked: Sequence[Request]) -> list[int]:
    clock = time.perf_counter_ns
    taken = []
    for request in asked:
        start = clock()
        engine.decide(request)
        taken.append(clock() - start)
    return taken


def _at(taken: Sequence[float], share: float) -> float:
    return taken[int(share * len(taken))] / 1000


def _megabytes(made: Office) -> float:
    tracemalloc.start()
    engine = CompiledEngine(made.rules, made.memberships)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del engine
    return held / 1e6


def _beside(
    made: Office, asked: Sequence[Request], decided: Sequence[Decision], seconds: float
) -> Beside:
    start = time.perf_counter()
    reference = CasbinEngine(made.rules, made.memberships)
    ready = time.perf_counter()
    taken: list[float] = []
    differences = 0
    for request, decision in zip(asked, decided, strict=True):
        before = time.perf_counter()
        differences += reference.decide(request) != decision
        taken.append(time.perf_counter() - before)
        if time.perf_counter() - ready > seconds:
            break
    return Beside(
        p50_us=median(taken) * 1e6,
        build_seconds=ready - start,
        compared=len(taken),
        differences=differences,
    )
