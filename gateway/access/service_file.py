"""A catalogue entry as a TOML file, and every fault in it at once.

EXAMPLE below is such a file, complete and commented; a test reads it.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from gateway.access.service import EVERYTHING, RECORD, NamedAct, PathRule, Service
from gateway.access.service_rules import InvalidService, Problem, Surroundings, faults

EXAMPLE = """\
# One internal service. Add it with:  hangu service add DIR FILE
slug = "ledger"                            # its short name in rules: svc:ledger/...
name_zh = "财政台账"
name_en = "Finance ledger"
about_zh = "用一句话说明这项服务"          # may be left out, as may about_en
about_en = "What this service is for, in one sentence"
# host = "ledger.gate.example.cn"          # its own host name; none: <slug>.<gateway host>
upstream = "http://10.1.2.3:8080"          # where it really is: scheme, host, port, no path
in_charge = "unit:finance"                 # who answers for it (谁主管)
operator = "unit:it-centre"                # who runs it (谁运行)
user_units = ["unit:finance", "unit:archives"]  # who uses it (谁使用)
classification = 1                         # 0 public, 1 internal, 2 sensitive, 3 important, 4 core;
                                           # not above the zone's highest label
category = "cat:none"                      # the data category, as "cat:personal"
preserve_host = true                       # the service sees its own public host name: services
                                           # with WebSockets or origin checks need it;
                                           # false: it sees the host of its upstream

[headers]                                  # plain headers it asks for, beside X-Hangu-Assertion
Remote-User = "login"                      # subject, login, name, unit, roles or zone
Remote-Name = "name"                       # percent-encoded UTF-8

# [[path_rules]]                           # paths with another label; the first match counts
# pattern = "/salaries/**"                 # this path and everything below it
# methods = ["GET", "POST"]                # none: every method
# classification = 2
# category = "cat:personal"
# fresh_minutes = 5                        # asks for a fresh code or passkey, if the last was given
                                           # for this service longer ago, 1 to 60 minutes

# [[acts]]                                 # what requests do to which record, so that the rules
# name = "create"                          # can keep acts apart: s, record, svc:ledger/**,
# methods = ["PUT"]                        # create, approve bars who created a record from
# path = "/vouchers/{record}"              # approving it. {record} is the record's own segment;
#                                          # a request that does not name one cannot be an act
# [[acts]]
# name = "approve"
# methods = ["POST"]
# path = "/vouchers/{record}/approve"
"""

_Kinds: TypeAlias = Mapping[str, tuple[type, str]]
_TEXT = (str, 'a text in quotes, as "ledger"')
_SERVICE: _Kinds = MappingProxyType(
    {
        **dict.fromkeys(("slug", "name_zh", "name_en", "host", "upstream"), _TEXT),
        **dict.fromkeys(("about_zh", "about_en", "zone", "category"), _TEXT),
        **dict.fromkeys(("in_charge", "operator"), (str, 'a unit\'s id, as "unit:finance"')),
        "user_units": (list, 'a list of units, as ["unit:finance"]'),
        "classification": (int, "a whole number, 0 to 4"),
        "preserve_host": (bool, "true or false"),
        "headers": (dict, 'a section [headers] of lines as Remote-User = "login"'),
        "path_rules": (list, "sections [[path_rules]]"),
        "acts": (list, "sections [[acts]]"),
    }
)
_PATH_RULE: _Kinds = MappingProxyType(
    {
        "pattern": (str, 'a path, as "/reports/**"'),
        "methods": (list, 'a list of methods, as ["GET"]'),
        "classification": (int, "a whole number, 0 to 4"),
        "category": _TEXT,
        "fresh_minutes": (int, "whole minutes, 1 to 60"),
    }
)
_ACT: _Kinds = MappingProxyType(
    {
        "name": (str, 'a name, as "approve"'),
        "methods": (list, 'a list of methods, as ["POST"]'),
        "path": (str, 'a path with the record\'s segment, as "/vouchers/{record}/approve"'),
    }
)
_STAND_INS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("slug", "name_zh", "name_en"), "x"),
        "upstream": "http://x",
        **dict.fromkeys(("in_charge", "operator"), "unit:x"),
    }
)
"""For what a file must say and does not; the keys are those it must name."""
_NEEDED = tuple(_STAND_INS)
_ANY_RULE = PathRule(pattern=EVERYTHING, classification=0)
_ANY_ACT = NamedAct(name="x", methods=frozenset({"PUT"}), path=f"/{RECORD}")


def service_from_toml(text: str, around: Surroundings) -> Service:
    """Read one service; see EXAMPLE for the form.

    Raises:
        InvalidService: with every problem, its key, and how to fix it.
    """
    service, problems = read_service(text, around)
    if problems:
        raise InvalidService(problems)
    return service


def read_service(text: str, around: Surroundings) -> tuple[Service, list[Problem]]:
    """Return the service of a file, or the nearest there is, and all that is wrong with it.

    Raises:
        InvalidService: the text is not TOML, so nothing more can be said about it.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidService([Problem("file", f"not TOML: {error}")]) from None
    problems = _shape(table, _SERVICE, at="", needed=_NEEDED)
    rules = _path_rules(table.pop("path_rules", []), problems)
    acts = _acts(table.pop("acts", []), problems)
    table["user_units"] = tuple(_texts(table, "user_units", problems))
    table["headers"] = MappingProxyType(_headers(table, problems))
    told = {problem.key for problem in problems}
    service = _build(table, rules, acts, around)
    problems += [problem for problem in faults(service, around) if problem.key not in told]
    return service, problems


def _build(
    table: dict[str, Any],
    rules: tuple[PathRule, ...],
    acts: tuple[NamedAct, ...],
    around: Surroundings,
) -> Service:
    """Make the service, or the nearest there is, so that its other faults are found as well."""
    given: dict[str, Any] = {**_STAND_INS, "zone": around.zone} | table
    given.setdefault("host", f"{given['slug']}.{around.gateway_host}")
    return Service(**given, path_rules=rules, acts=acts)


def _shape(
    table: dict[str, Any], kinds: _Kinds, *, at: str, needed: tuple[str, ...]
) -> list[Problem]:
    """Unknown keys, missing keys and values of the wrong kind; what cannot be used is taken out."""
    missing = [key for key in needed if key not in table]
    problems = [Problem(f"{at}{key}", f"missing: {kinds[key][1]}") for key in missing]
    for key, value in list(table.items()):
        if key not in kinds:
            near = difflib.get_close_matches(key, kinds, n=1)
            hint = f"{near[0]} is meant?" if near else f"there are {', '.join(kinds)}"
            problems.append(Problem(f"{at}{key}", f"no such key; {hint}"))
            del table[key]
        elif type(value) is not kinds[key][0]:  # bool is an int, and 1.0 is not 1
            problems.append(Problem(f"{at}{key}", kinds[key][1]))
            del table[key]
    return problems


def _texts(table: dict[str, Any], key: str, problems: list[Problem], at: str = "") -> list[str]:
    values = table.get(key, [])
    wrong = [value for value in values if not isinstance(value, str)]
    problems += [Problem(f"{at}{key}", f"{value!r} is no text in quotes") for value in wrong]
    return [value for value in values if isinstance(value, str)]


def _headers(table: dict[str, Any], problems: list[Problem]) -> dict[str, str]:
    found = table.get("headers", {})
    for name, claim in found.items():
        if not isinstance(claim, str):
            problems.append(Problem(f"headers.{name}", 'a claim in quotes, as "login"'))
    return {name: claim for name, claim in found.items() if isinstance(claim, str)}


def _path_rules(found: list[Any], problems: list[Problem]) -> tuple[PathRule, ...]:
    read = _sections(found, "path_rules", _PATH_RULE, ("pattern",), problems)
    return tuple(_ANY_RULE if each is None else PathRule(**each) for each in read)


def _acts(found: list[Any], problems: list[Problem]) -> tuple[NamedAct, ...]:
    read = _sections(found, "acts", _ACT, ("name", "methods", "path"), problems)
    return tuple(_ANY_ACT if each is None else NamedAct(**each) for each in read)


def _sections(
    found: list[Any], key: str, kinds: _Kinds, needed: tuple[str, ...], problems: list[Problem]
) -> Iterator[dict[str, Any] | None]:
    """Read sections; one that cannot be read is None and keeps its place, as the others theirs."""
    for number, table in enumerate(found):
        at = f"{key}[{number}]."
        before = len(problems)
        methods: frozenset[str] = frozenset()
        if isinstance(table, dict):
            problems += _shape(table, kinds, at=at, needed=needed)
            methods = frozenset(_texts(table, "methods", problems, at))
        else:
            problems.append(Problem(at.rstrip("."), f"a section [[{key}]]"))
        yield None if len(problems) > before else table | {"methods": methods}
