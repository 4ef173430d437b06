"""A zone's commands as a script runs them, and its log sealed without a running zone."""

from __future__ import annotations

from pathlib import Path

from gateway.cli import main
from gateway.cli.office import opened
from gateway.cli.zone import now
from gateway.logkeeping import sealing_of


def seal(zone: Path) -> None:
    with opened(zone) as office:
        sealing = sealing_of(office, clock=now)
        sealing.once()
        assert sealing.problem == ""
        sealing.stop()
        sealing.release()


def leaves(*words: str) -> int:
    """Run a command; return the status it ends with."""
    try:
        main(words)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0
