"""The office that identity tests happen in, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from database_writer import Writer
from identity_world import World, build_world


@pytest.fixture
def world(database_url: str, tmp_path: Path, now: datetime) -> Iterator[World]:
    """Return an office with two units and nobody in it."""
    made = build_world(database_url, tmp_path, now)
    yield made
    made.registry.store.close()


@pytest.fixture
def small_world(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[World]:
    """Return the same on SQLite alone, where the database makes no difference."""
    made = build_world(sqlite_url, tmp_path, now)
    yield made
    made.registry.store.close()


@pytest.fixture
def writer(database_url: str) -> Iterator[Writer]:
    """Return the connection of somebody who writes the database and has no key."""
    made = Writer(database_url)
    yield made
    made.engine.dispose()
