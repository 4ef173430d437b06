"""The desk's part about the rules at work: workers, versions, and disagreements of the engines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from policies.disagreements import Disagreement
from policies.versions import Version
from policies.workers import Convergence

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class EngineDesk(Protocol):
    """What the page of the rules at work calls."""

    def convergence(self, *, now: datetime) -> Convergence:
        """Every worker against the version in force."""

    def longest_silence(self) -> timedelta:
        """After how long without a sign of life a worker decides nothing."""

    def published(self) -> Sequence[Version]:
        """Every publication of the rules, the newest first; authors by name."""

    def disagreements(self) -> Sequence[Disagreement]:
        """What the shadow checks found, the open ones first; who closed them by name."""

    def disagreements_open(self) -> int:
        """How many nobody has settled yet."""

    def close_disagreement(self, person: SignedIn, ref: str, *, why: str, visit: Visit) -> None:
        """Say what became of one. Refuses one that is not open."""
