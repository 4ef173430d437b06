"""What the week's tasks cost their people, beside the documented steps of two others.

`make week` runs the week with `-p week_table` and prints the table.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from office_hands import Task

COMPARED = Path(__file__).parents[1] / "journeys" / "compared.toml"
TASKS: list[Task] = []
"""Filled by the fixture `week` at its end."""

NAMED = {
    "enrol": "enrol",
    "recover": "recover",
    "replace in person": "replace",
    "hammered": "hammered",
    "expire": "expire",
    "not me": "sessions",
    "request": "request",
    "hand-over": "hand-over",
}
"""Our task → the section of `compared.toml` about the same."""


def table(tasks: list[Task]) -> list[str]:
    """One line a task: clicks, fields, pages, seconds; below it what the others ask for."""
    compared = tomllib.loads(COMPARED.read_text("utf-8"))
    lines = [f"{'task':28}{'clicks':>7}{'fields':>7}{'pages':>7}{'seconds':>9}"]
    seen: set[str] = set()
    for task in tasks:
        if task.name in seen:
            continue
        seen.add(task.name)
        lines.append(
            f"{task.name:28}{task.clicks:7}{task.fields:7}{task.pages:7}{task.seconds:9.1f}"
        )
        other = compared.get(NAMED.get(task.name, ""), {})
        lines += [f"    {name}: {other[name]}" for name in ("authelia", "privacyidea") if other]
    return lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    terminalreporter.section("the week in the office: what each task cost")
    for line in table(TASKS):
        terminalreporter.write_line(line)
