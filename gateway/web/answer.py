"""What a refusal becomes: a status, a heading and a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of the table of refusals. The texts are translated when they are shown."""

    status: int
    title: Any
    text: Any
