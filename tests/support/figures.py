"""Figures that hold on a noisy machine: rounds taken in turn, medians, ratios side by side."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing; `of` is the other's value when the ratio is what counts."""

    what: str
    value: float
    unit: str
    of: float | None = None

    def __str__(self) -> str:
        ratio = "" if self.of is None else f"  {self.value / self.of:6.2f} x"
        return f"{self.what:<58} {self.value:>12,.1f} {self.unit}{ratio}"


def interleaved(measures: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Take each measure once a round, in turn, and return the median of each."""
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            taken[name].append(measure())
    return {name: statistics.median(values) for name, values in taken.items()}
