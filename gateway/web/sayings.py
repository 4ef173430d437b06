"""What templates ask of the office's words: whom, where and what a rule or a test speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from gateway.web.i18n import html_lang
from gateway.web.session import house
from policies.cases import Case
from policies.change import phrasing
from policies.change.lexicon import Lexicon
from policies.change.sentences import read
from policies.vocabulary import tokens


class Sayings:
    """The words of the office in the reader's language."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    @classmethod
    def now(cls, moment: datetime) -> Sayings:
        """The words of this page."""
        return cls(house().desk.lexicon(html_lang(), now=moment))

    def who(self, sub: str) -> str:
        """Whom a test or rule speaks of."""
        return phrasing.who(sub, self.lexicon)

    def place(self, obj: str) -> str:
        """A place, its service by name."""
        return phrasing.place(obj, self.lexicon)

    def action(self, act: str) -> str:
        """What is done there."""
        return phrasing.actions(act, self.lexicon)

    def service(self, slug: str) -> str:
        """A service by its name."""
        return self.lexicon.names.get(f"svc:{slug}", slug)

    def unit(self, slug: str) -> str:
        """A unit by its name, however it is written; empty for none."""
        return self.name(f"unit:{slug.removeprefix('unit:')}") if slug else ""

    def name(self, value: str) -> str:
        """A unit, role or person by name."""
        return self.lexicon.names.get(value, value)

    def group(self, axis: str, value: str) -> str:
        """What a replay gathered by: a person, a unit or a service; empty for no unit."""
        said = {"people": self.name, "units": self.unit, "services": self.service}
        return said[axis](value)

    def names(self, values: str) -> Sequence[str]:
        """Several of them, joined by `|`."""
        return [self.name(each) for each in tokens(values)]

    def rule(self, line: str) -> str:
        """A rule's line as a sentence."""
        rule = read(line, self.lexicon).rule
        return line if rule is None else phrasing.write(rule, self.lexicon)

    def case(self, line: str) -> Case:
        """A test's line as a test."""
        return Case(*(each.strip() for each in line.split(",")[1:]))

    @cached_property
    def subjects(self) -> Sequence[str]:
        """Every name of a unit, role or person, to be offered."""
        found = self.lexicon.names.items()
        return sorted({name for value, name in found if not value.startswith("svc:")})

    @cached_property
    def services(self) -> Sequence[str]:
        """Every service's name with a slash, to be offered."""
        found = self.lexicon.names.items()
        return sorted({f"{name}/" for value, name in found if value.startswith("svc:")})
