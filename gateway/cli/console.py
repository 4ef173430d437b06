"""Where the command prints: results to standard output, all else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

PIPE_WIDTH = 240
"""Characters of a line when nobody looks on."""


def out() -> Console:
    """The console of results. Made when needed, so that it follows a redirected stream."""
    # A pipe has no width: there every row of a table stays on its line.
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def errors() -> Console:
    """The console of messages and errors."""
    return Console(stderr=True, highlight=False)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 person, 1,200 people; `many` is `one` with an s if not said."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def done(text: str) -> None:
    """Say that something was done."""
    out().print(f"[bold green]✓[/] {escape(text)}", soft_wrap=True)


def note(text: str) -> None:
    """Say what is going on, beside the results."""
    errors().print(escape(text), soft_wrap=True)


def warn(text: str) -> None:
    """Say that what was done may not be what was meant."""
    errors().print(f"[bold yellow]![/] {escape(text)}", soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their heads; an empty table says so."""
    rows = list(rows)
    if not rows:
        out().print(f"{escape(title)}: none.")
        return
    grid = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold", header_style="bold")
    for row in rows:
        grid.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    out().print(grid)
