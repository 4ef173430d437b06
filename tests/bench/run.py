"""Run every measurement and print its rows; `make bench` calls this.

Each `bench_*.py` beside this file has a `main()` that returns rows. The machine is named
once, because figures without it mean nothing.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

HERE = Path(__file__).parent


def main() -> None:
    """Measure, with a bar for the wait, then print."""
    sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
    names = sorted(path.stem for path in HERE.glob("bench_*.py"))
    chosen = [name for name in names if not sys.argv[1:] or name[6:] in sys.argv[1:]]
    console = Console(width=110, highlight=False)
    rows = [
        row
        for name in track(chosen, "measuring 测量中", console=Console(stderr=True))
        for row in importlib.import_module(name).main()
    ]
    console.print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.platform()}; "
        "medians of interleaved rounds"
    )
    for row in rows:
        console.print(str(row))


if __name__ == "__main__":
    main()
