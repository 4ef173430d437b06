"""The text of a rule as a tree whose every part knows where it stands.

Anchors, aliases and tags are refused: no text unfolds into more than it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NoReturn

import yaml

from audit.query import FIELDS
from audit.record import MAX_TEXT

MAX_CHARACTERS = 16_384
MAX_DOCUMENTS = 9
MAX_VALUES = 64
MAX_VALUE = 2000
MAX_DAYS = 31
UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")
SPAN = re.compile(r"([1-9][0-9]{0,6})([smhd])")
DETAIL = re.compile(r"details\.[a-z][a-z0-9_]{0,39}")
MAX_COUNT = 100_000


class BadRule(ValueError):
    """A rule cannot be read. `code` names the words, `what` the offending part.

    `line` and `column` count from 1.
    """

    def __init__(self, code: str, what: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {code}: {what}")
        self.code, self.what, self.line, self.column = code, what[:MAX_TEXT], line, column


def documents(text: str) -> Sequence[yaml.Node]:
    """The documents of a text. Raises BadRule."""
    if len(text) > MAX_CHARACTERS:
        raise BadRule("size", str(len(text)))
    try:
        _refuse_aliases(text)
        found = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except BadRule:
        raise
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        line, column = (place.line + 1, place.column + 1) if place else (1, 1)
        raise BadRule("yaml", str(error.problem), line, column) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadRule("yaml", type(error).__name__) from None
    if not 1 <= len(found) <= MAX_DOCUMENTS:
        raise BadRule("documents", str(len(found)))
    return found


def _refuse_aliases(text: str) -> None:
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
            mark = token.start_mark
            raise BadRule("alias", "&, * or !", mark.line + 1, mark.column + 1)


class Node:
    """A part of the text that knows where it stands."""

    def __init__(self, node: yaml.Node | None) -> None:
        if node is None:
            raise BadRule("missing", "document")
        self._node = node

    def fail(self, code: str, what: str) -> NoReturn:
        """Raise BadRule with this place."""
        mark = self._node.start_mark
        raise BadRule(code, what, mark.line + 1, mark.column + 1)

    def has(self, name: str) -> bool:
        """Whether a mapping has the key."""
        return name in self.keys()

    def keys(self) -> dict[str, Node]:
        """What a mapping holds, by key."""
        if not isinstance(self._node, yaml.MappingNode):
            self.fail("kind", "mapping")
        found: dict[str, Node] = {}
        for key, value in self._node.value:
            name = Node(key).text()
            if name in found:
                Node(key).fail("duplicate", name)
            found[name] = Node(value)
        return found

    def known(self, allowed: Iterable[str], needed: Iterable[str]) -> dict[str, Node]:
        """The same, and no key that is not allowed, and every one that is needed."""
        found, names = self.keys(), set(allowed)
        for name, node in found.items():
            if name not in names:
                node.fail("unknown_key", name)
        for name in needed:
            if name not in found:
                self.fail("missing", name)
        return found

    def text(self) -> str:
        """One value, as it is written."""
        if not isinstance(self._node, yaml.ScalarNode) or not str(self._node.value).strip():
            self.fail("kind", "text")
        value = str(self._node.value).strip()
        if len(value) > MAX_VALUE or not all(c.isprintable() or c == "\n" for c in value):
            self.fail("kind", "text")
        return value

    def texts(self) -> tuple[str, ...]:
        """One value or a list of them."""
        if not isinstance(self._node, yaml.SequenceNode):
            return (self.text(),)
        if not 1 <= len(self._node.value) <= MAX_VALUES:
            self.fail("many", str(MAX_VALUES))
        return tuple(Node(each).text() for each in self._node.value)

    def number(self, most: int) -> int:
        """A whole number of 1 or more."""
        value = self.text()
        if not (value.isascii() and value.isdigit()) or not len(value) <= len(str(MAX_COUNT)):
            self.fail("number", value)
        if not 1 <= int(value) <= most:
            self.fail("number", value)
        return int(value)

    def one_of(self, allowed: Iterable[str]) -> str:
        """One of the allowed values."""
        value, names = self.text(), list(allowed)
        if value not in names:
            self.fail("choice", f"{value} ({', '.join(names)})")
        return value

    def name(self) -> str:
        """A name for a rule or a group field."""
        value = self.text()
        if not NAME.fullmatch(value):
            self.fail("name", value)
        return value

    def span(self) -> int:
        """A length of time in milliseconds."""
        value = self.text()
        match = SPAN.fullmatch(value)
        if match is None:
            self.fail("timespan", value)
        length = int(match[1]) * UNITS[match[2]]
        if length > MAX_DAYS * UNITS["d"]:
            self.fail("timespan", value)
        return length

    def field(self) -> str:
        """A field of an entry."""
        value = self.text()
        if value not in FIELDS and not DETAIL.fullmatch(value):
            self.fail("field", value)
        return value


def span_of(text: str) -> int:
    """A length of time that was read before, in milliseconds."""
    return int(text[:-1]) * UNITS[text[-1]]
