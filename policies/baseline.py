"""The rules the gateway comes with: its own pages, and nothing of any office's business."""

from __future__ import annotations

from importlib import resources

from policies.rules import RuleSet


def load() -> RuleSet:
    """Return the rules of `baseline.csv`. Grants to services are added with `RuleSet.plus`."""
    path = resources.files("policies").joinpath("baseline.csv")
    return RuleSet.parse(path.read_text(encoding="utf-8"))
