"""The office that access tests decide about, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from access_questions import Desk, set_up
from access_world import World, build_world


@pytest.fixture
def world(database_url: str, tmp_path: Path, now: datetime) -> Iterator[World]:
    """Return an office with rules and one clerk, no service yet."""
    made = build_world(database_url, tmp_path, now)
    yield made
    made.store.close()


@pytest.fixture
def small_world(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[World]:
    """Return the same on SQLite alone, where the database makes no difference."""
    made = build_world(sqlite_url, tmp_path, now)
    yield made
    made.store.close()


@pytest.fixture
def desk(small_world: World) -> Desk:
    return set_up(small_world)


@pytest.fixture(scope="module")
def standing(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return a desk for the many tests that change nothing."""
    directory = tmp_path_factory.mktemp("standing")
    (directory / "hangu.db").write_bytes(sqlite_template.read_bytes())
    moment = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    world = build_world(f"sqlite:///{directory}/hangu.db", directory, moment)
    yield set_up(world)
    world.store.close()
