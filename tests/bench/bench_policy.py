"""The deciding engine at 110 to 110,000 rules, beside pycasbin on the same rules.

All sizes in one run, their rounds in turn. The reference is asked for some seconds at each
size; at the largest it gets ready in twenty and answers one question in two.
"""

from __future__ import annotations

from figures import Row

from policies.bench import SIZES, Figures, measure

REFERENCE_SECONDS = 6.0


def main() -> list[Row]:
    """Return for each size the rate, the times and the memory, and last the growth of p50."""
    measured = measure(*SIZES, reference_seconds=REFERENCE_SECONDS)
    first, last = measured[0], measured[-1]
    return [
        *(row for figures in measured for row in _rows(figures)),
        Row(f"p50 from {first.rules:,} to {last.rules:,} rules", last.p50_us, "µs", first.p50_us),
    ]


def _rows(figures: Figures) -> list[Row]:
    size = f"{figures.rules:,} rules"
    rows = [
        Row(f"{size}: decisions, one thread", figures.decisions_per_second, "/s"),
        Row(f"{size}: p50", figures.p50_us, "µs"),
        Row(f"{size}: p99", figures.p99_us, "µs"),
        Row(f"{size}: p99, nobody remembered", figures.cold_p99_us, "µs"),
        Row(f"{size}: build, {figures.people:,} people", figures.build_seconds * 1000, "ms"),
        Row(f"{size}: memory of the index", figures.megabytes, "MB"),
    ]
    if (beside := figures.reference) is not None:
        same = f"{beside.compared - beside.differences} of {beside.compared} the same"
        rows += [
            Row(f"{size}: pycasbin p50, {same}", beside.p50_us, "µs", figures.p50_us),
            Row(f"{size}: pycasbin, getting ready", beside.build_seconds * 1000, "ms"),
        ]
    return rows


if __name__ == "__main__":
    for row in main():
        print(row)  # noqa: T201 - its purpose
