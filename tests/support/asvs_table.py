"""Which tests prove which requirement of the ASVS: a pytest plugin, and a reader of the sources.

`make asvs` runs the marked tests with `-p asvs_table` and prints requirement, test and result.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LIST = TESTS / "security" / "asvs.toml"
_WORST_LAST = ("passed", "skipped", "failed")
_found: dict[str, dict[str, str]] = defaultdict(dict)


def requirements() -> dict[str, dict[str, str]]:
    """`yes` and `no`, each: requirement → our words."""
    return tomllib.loads(LIST.read_text("utf-8"))


def marked() -> dict[str, list[str]]:
    """Requirement → the tests that are marked with it, by reading the sources."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, requirement in _marks(ast.parse(path.read_text("utf-8"))):
            found[requirement].append(f"{path.relative_to(TESTS)}::{name}")
    return dict(found)


def _marks(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.asvs":
                yield from ((node.name, str(ast.literal_eval(each))) for each in mark.args)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each marked test carry its requirements to whoever gathers the results."""
    for item in items:
        for mark in item.iter_markers("asvs"):
            item.user_properties += [("asvs", each) for each in mark.args]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst result of a test under each of its requirements."""
    name = report.nodeid.partition("[")[0].removeprefix("tests/")
    for key, requirement in report.user_properties:
        if key == "asvs":
            before = _found[str(requirement)].get(name, "passed")
            _found[str(requirement)][name] = max(before, report.outcome, key=_WORST_LAST.index)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    write = terminalreporter.write_line
    terminalreporter.section("OWASP ASVS 5.0, V6 and V7")
    known = requirements()
    for requirement, words in known["yes"].items():
        tests = _found.get(requirement, {})
        write(f"{requirement:8} {_verdict(tests):8} {words}", bold=True)
        for name, outcome in sorted(tests.items()):
            write(f"{'':8} {outcome:8} {name}")
    for requirement, why in known["no"].items():
        write(f"{requirement:8} {'n/a':8} {why}")


def _verdict(tests: dict[str, str]) -> str:
    return max(tests.values(), key=_WORST_LAST.index) if tests else "UNPROVED"
