"""What is wrong, or only odd, in a draft: each with its line, its column and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from policies.problems import placed


class Severity(StrEnum):
    """Whether a draft may go on with it."""

    ERROR = "error"
    """The draft cannot be used, or says something nobody can have meant."""
    WARNING = "warning"
    """It can be used; somebody should look."""


class Code(StrEnum):
    """What kind of thing was found. Stable; the pages turn them into words."""

    ABOVE_CLEARANCE = "above_clearance"
    CONTRADICTORY = "contradictory"
    LOOKALIKE = "lookalike"
    NO_MEMBER = "no_member"
    PAST = "past"
    REDUNDANT = "redundant"
    SHADOWED = "shadowed"
    UNKNOWN = "unknown"
    VALUE = "value"
    """A row or value that cannot be read, a circle, too many levels, a limit exceeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found.

    Attributes:
        line: from 1 in the text; 0 is the whole of it.
        column: from 1 in characters; 0 is the whole line.
        what: in English, for the terminal.
        fix: what to write or do instead.
        values: what the sentence is made of, by name, for pages in other languages.
        others: the lines it has to do with, e.g. of the deny that shadows.
    """

    severity: Severity
    code: Code
    line: int
    column: int
    what: str
    fix: str
    values: Mapping[str, str] = field(default_factory=dict)
    others: tuple[int, ...] = ()

    def at(self, file: object) -> str:
        """Return it as editors and CI read it: `file:line:column: warning: …`."""
        place = placed(file, self.line, self.column)
        return f"{place}: {self.severity}: {self.what}; {self.fix}"
