"""Rounds go on whatever one of them dies of, and end when they are told to."""

from __future__ import annotations

import pytest

from audit import rounds
from audit.rounds import Rounds


class Three(Rounds):
    """Fails in its first round, and is told to end in its third."""

    def __init__(self) -> None:
        super().__init__("three")
        self.done: list[str] = []

    def _round(self) -> float:
        self.done.append("round")
        if len(self.done) == 1:
            raise RuntimeError("a row of a kind that nobody thought of")
        if len(self.done) == 3:
            self._told.set()
        return 0.0

    def _after(self) -> None:
        self.done.append("after")


def test_a_round_that_fails_ends_none_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "AFTER_FAILURE", 0.0)
    three = Three()
    three.run()
    assert three.done == ["round", "round", "round", "after"]


def test_what_is_begun_twice_runs_once_and_what_has_ended_does_not_begin() -> None:
    three = Three()
    three.stop()
    three.start()
    three.start()
    assert three.done == []
    assert three.ends
