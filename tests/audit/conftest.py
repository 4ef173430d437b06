"""Sealed logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sealed_log import SealedLog

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("hangu", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hangu")


@pytest.fixture
def sealed(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SealedLog]:
    """Return an empty log with its sealer, on each kind of database."""
    log = SealedLog(database_url, tmp_path / "sealer", now)
    yield log
    log.close()


@pytest.fixture
def sealed_file(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[SealedLog]:
    """Return an empty log with its sealer, on SQLite alone."""
    log = SealedLog(sqlite_url, tmp_path / "sealer", now)
    yield log
    log.close()
