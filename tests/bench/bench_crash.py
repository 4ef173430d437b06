"""The log's hardest tests at their full size: kills, mutations, verifications while it is written.

Each is an ordinary test of tests/audit, made larger by an environment variable. A row's value
is how often it was done; whatever was lost, doubled, forked, overlooked or alarmed in vain
fails the test, and then there is no row but an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Row

ROOT = Path(__file__).parents[2]


def main() -> list[Row]:
    """Return how often each thing was tried without a failure."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as directory:
        figures = Path(directory) / "figures"
        _run("test_sealer_killed.py", HANGU_KILLED="8x1000", HANGU_FIGURES=str(figures))
        for said in map(json.loads, figures.read_text().splitlines()):
            name = said["on"]
            rows += [
                Row(f"{name}: writers killed with kill -9 while writing", said["killed"], "kills"),
                Row(
                    f"{name}: entries acknowledged, none lost or doubled", said["acknowledged"], ""
                ),
            ]
    _run("test_log_mutations.py", HANGU_MUTATIONS="10000")
    rows.append(Row("single mutations of 5,000 entries, all found", 10_000, ""))
    _run("test_log_attacks.py", "-k", "27532", HANGU_VERIFICATIONS="1000")
    rows.append(Row("verifications beside writers, each database, no alarm", 1_000, ""))
    return rows


def _run(file: str, *words: str, **larger: str) -> None:
    """Run one file of tests; a failure ends the bench with what pytest said."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", f"tests/audit/{file}", *words]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | larger,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout)


if __name__ == "__main__":
    for row in main():
        print(row)  # noqa: T201 - its purpose
