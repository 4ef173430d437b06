"""What a catalogue entry must be. Every fault is reported at once, with its key and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gateway.access import upstreams
from gateway.access.canonical import Ambiguous, RawRequest, canonicalise
from gateway.access.service import EVERYTHING, RECORD, Claim, NamedAct, PathRule, Service
from gateway.access.upstreams import HOST
from gateway.refusals import Refused
from policies.duties import is_act_name
from policies.vocabulary import LEVELS, METHODS, WRITES, ZONES, is_category, is_unit

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_LEVEL_WORDS = ("public", "internal", "sensitive", "important", "core")
_LONGEST = {"name_zh": 80, "name_en": 80, "about_zh": 400, "about_en": 400}
_MOST_HEADERS = 16
_LONGEST_HEADER = 64
_LONGEST_ACT = 40
MOST_MINUTES = 60
"""Longest that a fresh proof can be said to hold."""
# fmt: off
# Headers that carry the message itself, the person's secrets, or what the gateway says.
_RESERVED_HEADERS = frozenset(
    {
        "accept", "authorization", "connection", "content-encoding", "content-length",
        "content-type", "cookie", "date", "expect", "forwarded", "host", "keep-alive", "origin",
        "proxy", "referer", "range", "set-cookie", "te", "trailer", "transfer-encoding",
        "upgrade", "user-agent", "via", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-method", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto",
        "x-forwarded-server", "x-forwarded-uri", "x-http-method", "x-http-method-override",
        "x-method-override", "x-real-ip", "x-rewrite-url",
    }
)
# fmt: on
_RESERVED_PREFIXES = ("proxy-", "sec-", "x-hangu-", "x-original-", "if-", "access-control-")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: `key` as in the file, `cure` in English for the operator who wrote it."""

    key: str
    cure: str

    def __str__(self) -> str:
        return f"{self.key}: {self.cure}"


class InvalidService(Refused):
    """This cannot stand in the catalogue.

    `problems` holds everything that is wrong with it.
    """

    code: ClassVar[str] = "service_invalid"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(each) for each in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an entry may not collide with.

    `gateway_host` without port; `own` the addresses (host, port) on which the gateway itself
    listens, so that no service can be pointed back at it. `highest_label` is the highest
    level the zone may handle.
    """

    zone: str
    gateway_host: str
    own: frozenset[tuple[str, int]] = frozenset()
    highest_label: int = max(LEVELS)


def level_words(level: int) -> str:
    """Return a level of classification as operators read it: `2 sensitive`."""
    return f"{level} {_LEVEL_WORDS[level]}"


def check(service: Service, around: Surroundings) -> None:
    """Raise InvalidService with every fault of the entry; return nothing if there is none."""
    if problems := faults(service, around):
        raise InvalidService(problems)


def faults(service: Service, around: Surroundings) -> list[Problem]:
    """Return everything that is wrong with the entry."""
    problems = [*_identity(service, around), *_upstream(service, around), *_units(service)]
    problems += [*_label("", service.classification, service.category, around)]
    return [*problems, *_headers(service), *_path_rules(service, around), *_acts(service)]


def _identity(service: Service, around: Surroundings) -> Iterator[Problem]:
    if not _SLUG.fullmatch(service.slug):
        yield Problem("slug", "1 to 40 of a-z, 0-9 and -, not beginning with -")
    if service.zone not in ZONES or service.zone != around.zone:
        yield Problem("zone", f'this gateway serves "{around.zone}" alone')
    yield from _host(service.host, around.gateway_host)
    for key, longest in _LONGEST.items():
        text: str = getattr(service, key)
        least = 1 if key.startswith("name") else 0
        if not least <= len(text) <= longest or not text.isprintable():
            yield Problem(key, f"{least} to {longest} printable characters")


def _host(host: str, gateway_host: str) -> Iterator[Problem]:
    if not HOST.fullmatch(host) or host.rpartition(".")[2].isdigit():
        yield Problem("host", 'a host name in lower case, as "ledger.gate.example.cn"; no port')
    elif host == gateway_host or gateway_host.endswith(f".{host}"):
        # A parent of the gateway could set cookies for it.
        yield Problem("host", f'a name of its own: not "{gateway_host}", nor a parent of it')


def _upstream(service: Service, around: Surroundings) -> Iterator[Problem]:
    cure = upstreams.cure(service.upstream, gateway_host=around.gateway_host, own=around.own)
    if cure is not None:
        yield Problem("upstream", cure)


def _units(service: Service) -> Iterator[Problem]:
    for key in ("in_charge", "operator"):
        if not is_unit(getattr(service, key)):
            yield Problem(key, 'a unit\'s id, as "unit:finance"')
    for unit in service.user_units:
        if not is_unit(unit):
            yield Problem("user_units", f'{unit!r} is no unit\'s id, as "unit:finance"')
    if len(set(service.user_units)) < len(service.user_units):
        yield Problem("user_units", "name each unit once")


def _label(
    at: str, classification: object, category: object, around: Surroundings
) -> Iterator[Problem]:
    whole = isinstance(classification, int) and not isinstance(classification, bool)
    if classification is not None and not (whole and classification in LEVELS):
        yield Problem(f"{at}classification", ", ".join(map(level_words, LEVELS)))
    elif isinstance(classification, int) and classification > around.highest_label:
        highest = f"{level_words(around.highest_label)} (zone.highest_label)"
        cure = f"{level_words(classification)} is above what this zone may handle, {highest}"
        yield Problem(f"{at}classification", cure)
    if category is not None and not (isinstance(category, str) and is_category(category)):
        yield Problem(f"{at}category", '"cat:" and a slug, as "cat:personal", or "cat:none"')


def _headers(service: Service) -> Iterator[Problem]:
    seen: set[str] = set()
    if len(service.headers) > _MOST_HEADERS:
        yield Problem("headers", f"at most {_MOST_HEADERS}")
    for name, claim in service.headers.items():
        lower = name.lower()
        if not _HEADER.fullmatch(name) or len(name) > _LONGEST_HEADER:
            yield Problem(f"headers.{name}", "letters, digits and single hyphens, as Remote-User")
        elif lower in _RESERVED_HEADERS or lower.startswith(_RESERVED_PREFIXES):
            yield Problem(f"headers.{name}", "this header belongs to HTTP or to the gateway")
        if lower in seen:
            yield Problem(f"headers.{name}", "named twice; case makes no difference")
        seen.add(lower)
        if claim not in set(Claim):
            yield Problem(f"headers.{name}", f"one of {', '.join(Claim)}")


def _path_rules(service: Service, around: Surroundings) -> Iterator[Problem]:
    for number, rule in enumerate(service.path_rules):
        yield from _path_rule(f"path_rules[{number}].", rule, around)


def _path_rule(at: str, rule: PathRule, around: Surroundings) -> Iterator[Problem]:
    if not _is_pattern(rule.pattern):
        yield Problem(f"{at}pattern", 'a plain path, as "/reports", or a subtree, "/reports/**"')
    if not rule.methods <= METHODS:
        yield Problem(f"{at}methods", f"some of {', '.join(sorted(METHODS))}")
    yield from _label(at, rule.classification, rule.category, around)
    if rule.fresh_minutes is not None and not 1 <= rule.fresh_minutes <= MOST_MINUTES:
        yield Problem(f"{at}fresh_minutes", f"whole minutes, 1 to {MOST_MINUTES}")
    if (rule.classification, rule.category, rule.fresh_minutes) == (None, None, None):
        cure = "say a classification, a category or fresh_minutes, or drop the rule"
        yield Problem(f"{at}classification", cure)


def _acts(service: Service) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for number, act in enumerate(service.acts):
        at = f"acts[{number}]."
        yield from _act(at, act)
        for method in sorted(act.methods):
            if (method, act.path.casefold()) in seen:
                yield Problem(f"{at}path", f"another act has {method} {act.path} already")
            seen.add((method, act.path.casefold()))


def _act(at: str, act: NamedAct) -> Iterator[Problem]:
    if not is_act_name(act.name) or len(act.name) > _LONGEST_ACT:
        yield Problem(f"{at}name", f"1 to {_LONGEST_ACT} of a-z and single _, as sign_off")
    if not act.methods or not act.methods <= WRITES:
        cure = f"some of {', '.join(sorted(WRITES))}: reading is no act that could be kept apart"
        yield Problem(f"{at}methods", cure)
    if act.path.split("/").count(RECORD) != 1:
        yield Problem(
            f"{at}path",
            f"exactly one segment {RECORD}; where the service numbers a new record itself, name "
            f"the first request that says the number, as PUT /vouchers/{RECORD}",
        )
    elif not _is_pattern(act.path.replace(RECORD, "x")):
        yield Problem(f"{at}path", f"a plain path, as /vouchers/{RECORD}/approve, or a subtree")


def _is_pattern(pattern: str) -> bool:
    """Whether the path is spelt as canonicalising spells it; else it would never match."""
    if pattern == EVERYTHING:
        return True
    path = pattern.removesuffix(EVERYTHING)
    if "*" in path or (path != pattern and path.endswith("/")):
        return False
    try:
        return canonicalise(_get(path)).path == path
    except (Ambiguous, UnicodeEncodeError):
        return False


def _get(path: str) -> RawRequest:
    return RawRequest(method="GET", scheme="http", host="local", target=path.encode("ascii"))
