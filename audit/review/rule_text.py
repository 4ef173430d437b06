"""Reading a rule from its text: a strict subset of Sigma's YAML, each error with its place.

One text holds one or more base rules (`name`, `detection`) and one correlation, as documents
apart from each other by `---`. Anchors, aliases and tags are refused: no text unfolds into
more than it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from audit.query import FIELDS
from audit.review.rule import COMPARED, COUNTING, LEVELS, Pick, Rule, Test, Type, Usual
from audit.review.rule_node import (
    DETAIL,
    MAX_COUNT,
    MAX_DAYS,
    NAME,
    SPAN,
    UNITS,
    BadRule,
    Node,
    documents,
    span_of,
)
from audit.vocabulary import EVENTS

MAX_MEMORY = 400
"""Days that `quiet` and `new` may look back."""
MODIFIERS = frozenset({"contains", "fieldref", "holds", "outside", "quiet", "new"})
OWN = "review."
"""Events of the review itself: a rule about them would feed on its own findings."""

_HOURS = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]")
_ROLE = re.compile(r"[a-z][a-z_]{1,39}")
_BASE = {"name", "title", "detection", "description", "status", "author", "date", "id", "logsource"}
_HEAD = {
    *("name", "title", "title_zh", "description", "description_zh", "level", "correlation"),
    *("status", "author", "date", "id", "falsepositives", "references", "tags"),
}
_CORRELATION = {"type", "rules", "group-by", "timespan", "condition", "aliases"}
_CONDITION = {*COMPARED, "field", "usual"}


def read(text: str) -> Rule:
    """Read one rule. Raises BadRule."""
    parts = [Node(node) for node in documents(text)]
    heads = [each for each in parts if each.has("correlation")]
    if len(heads) != 1:
        raise BadRule("documents", str(len(heads)))
    picks: dict[str, Pick] = {}
    for each in parts:
        if each is not heads[0]:
            pick = _pick(each)
            if pick.name in picks:
                each.fail("duplicate", pick.name)
            picks[pick.name] = pick
    return _rule(heads[0], picks)


def _pick(node: Node) -> Pick:
    found = node.known(_BASE, ("name", "detection"))
    parts = found["detection"].keys()
    condition = parts.pop("condition", None)
    if condition is None:
        found["detection"].fail("missing", "condition")
    selections = {name: _tests(each) for name, each in parts.items()}
    wanted, unwanted = _condition(condition, selections)
    if not any(test.field == "event" and not test.modifier for tests in wanted for test in tests):
        condition.fail("event_needed", found["name"].text())
    return Pick(found["name"].name(), wanted, unwanted)


_Tests = tuple[Test, ...]


def _condition(
    node: Node, selections: Mapping[str, _Tests]
) -> tuple[tuple[_Tests, ...], tuple[_Tests, ...]]:
    kept: dict[bool, list[_Tests]] = {True: [], False: []}
    used: set[str] = set()
    for part in re.split(r"\s+and\s+", node.text()):
        bare = re.sub(r"^not\s+", "", part)
        if bare not in selections:
            node.fail("condition", part)
        kept[bare == part].append(selections[bare])
        used.add(bare)
    if unused := selections.keys() - used:
        node.fail("unused", ", ".join(sorted(unused)))
    return tuple(kept[True]), tuple(kept[False])


def _tests(node: Node) -> _Tests:
    found = []
    for key, value in node.keys().items():
        name, _, modifier = key.partition("|")
        if modifier and modifier not in MODIFIERS:
            value.fail("modifier", modifier)
        test = Test(name, modifier, value.texts())
        if name != "at" and name not in FIELDS and not DETAIL.fullmatch(name):
            value.fail("field", name)
        _check(test, value)
        found.append(test)
    if not found:
        node.fail("missing", "field")
    return tuple(found)


def _check(test: Test, node: Node) -> None:
    name, modifier, values = test.field, test.modifier, test.values
    if name not in _ONLY.get(modifier, {name}) or (name == "at") != (modifier == "outside"):
        node.fail("modifier", f"{name}|{modifier}")
    code, is_good = _VALUES.get(modifier, ("", lambda _value: True))
    if bad := [value for value in values if not is_good(value)]:
        node.fail(code, bad[0])
    if modifier in {"outside", "quiet", "new"} and len(values) != 1:
        node.fail(code, values[1])
    if name == "event" and not modifier:
        _check_events(values, node)


def _check_events(values: Sequence[str], node: Node) -> None:
    for value in values:
        stem = value.removesuffix("*")
        if not any(
            event == value or (stem != value and event.startswith(stem)) for event in EVENTS
        ):
            node.fail("event", value)
        if value.startswith(OWN) or (stem != value and OWN.startswith(stem)):
            node.fail("own", value)


def _is_memory(value: str) -> bool:
    return bool(SPAN.fullmatch(value)) and span_of(value) <= MAX_MEMORY * UNITS["d"]


_ONLY: Mapping[str, frozenset[str]] = {
    "quiet": frozenset({"actor", "object"}),
    "holds": frozenset({"actor", "object"}),
    "new": frozenset({"address", "service", "unit", "session"}),
}
"""Modifiers that go with some fields alone."""
_VALUES: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "quiet": ("timespan", _is_memory),
    "new": ("timespan", _is_memory),
    "outside": ("hours", lambda value: bool(_HOURS.fullmatch(value))),
    "fieldref": ("field", lambda value: value in FIELDS),
    "holds": ("role", lambda value: bool(_ROLE.fullmatch(value))),
}
"""What the values of a modifier look like, and what is said of those that do not."""


def _rule(node: Node, picks: Mapping[str, Pick]) -> Rule:
    head = node.known(_HEAD, ("name", "title", "level", "correlation"))
    found = head["correlation"].known(_CORRELATION, ("type", "rules", "group-by", "timespan"))
    kind = Type(found["type"].one_of(Type))
    named = found["rules"].texts()
    for name in named:
        if name not in picks:
            found["rules"].fail("reference", name)
    if len(set(named)) != len(named) or picks.keys() - set(named):
        found["rules"].fail("unused", ", ".join(sorted(picks.keys() - set(named))) or named[0])
    aliases = _aliases(found.get("aliases"), named)
    group_by = found["group-by"].texts()
    for name in group_by:
        if name not in aliases and name not in FIELDS:
            found["group-by"].fail("field", name)
    said = _conditions(found.get("condition"), kind, found["type"], group_by)
    optional = {
        n: head[n].text() for n in ("title_zh", "description", "description_zh") if n in head
    }
    return Rule(
        name=head["name"].name(),
        title=head["title"].text()[:120],
        title_zh=optional.get("title_zh", "")[:120],
        description=optional.get("description", ""),
        description_zh=optional.get("description_zh", ""),
        level=head["level"].one_of(LEVELS),
        type=kind,
        picks=tuple(picks[name] for name in named),
        group_by=group_by,
        span=found["timespan"].span(),
        aliases=aliases,
        op=said.op,
        count=said.count,
        counted=said.field,
        usual=said.usual,
    )


class _Said:
    def __init__(self) -> None:
        self.op, self.count, self.field = "gte", 1, ""
        self.usual: Usual | None = None


def _conditions(node: Node | None, kind: Type, where: Node, group_by: Sequence[str]) -> _Said:
    said = _Said()
    if kind not in COUNTING:
        if node is not None:
            node.fail("unknown_key", "condition")
        return said
    if node is None:
        where.fail("missing", "condition")
    found = node.known(_CONDITION, ())
    compared = [name for name in COMPARED if name in found]
    if len(compared) != 1:
        node.fail("compared", ", ".join(COMPARED))
    said.op = compared[0]
    said.count = found[said.op].number(MAX_COUNT)
    _counted_field(said, found, node, kind)
    if "usual" in found:
        usual = found["usual"].known(("times", "days"), ("times", "days"))
        if kind is not Type.EVENT_COUNT or tuple(group_by) != ("actor",):
            found["usual"].fail("usual", "group-by: actor")
        said.usual = Usual(usual["times"].number(100), usual["days"].number(MAX_DAYS))
    return said


def _counted_field(said: _Said, found: Mapping[str, Node], node: Node, kind: Type) -> None:
    if (kind is Type.VALUE_COUNT) != ("field" in found):
        node.fail("missing" if kind is Type.VALUE_COUNT else "unknown_key", "field")
    if "field" in found:
        said.field = found["field"].field()


def _aliases(node: Node | None, named: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    if node is None:
        return {}
    found = {}
    for alias, each in node.keys().items():
        if not NAME.fullmatch(alias) or alias in FIELDS:
            each.fail("name", alias)
        found[alias] = {name: field.field() for name, field in each.known(named, named).items()}
    return found
