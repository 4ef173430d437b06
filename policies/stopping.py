"""A step that is not taken, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

Reason = TypeVar("Reason", bound=StrEnum)


class StoppedFor(Exception, Generic[Reason]):
    """A step that is not taken; nothing was changed.

    `why` is a stable code that the pages turn into words; `said` names what is meant, for the log.
    """

    def __init__(self, why: Reason, said: str = "") -> None:
        self.why = why
        self.said = said
        super().__init__(f"{why}: {said}" if said else str(why))
