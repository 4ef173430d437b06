"""A service of the catalogue as a value: what it is, who answers for it, when it may open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import unquote

from policies.acts import folded
from policies.vocabulary import NO_CATEGORY

NOT_EVALUATED = "service_not_evaluated"
EVALUATION_EXPIRED = "service_evaluation_expired"
OTHER_ZONE = "service_of_other_zone"

EVERYTHING = "/**"
"""The path pattern of a whole service."""

RECORD = "{record}"
"""The segment of an act's path that tells which record it is about."""


class Claim(StrEnum):
    """What a plain identity header may carry about the person."""

    SUBJECT = "subject"
    """`person:<uuid>`, never reused."""
    LOGIN = "login"
    NAME = "name"
    UNIT = "unit"
    ROLES = "roles"
    """Sorted and joined by commas."""
    ZONE = "zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """Paths of a service whose label differs from the service's own.

    `pattern` is a canonical path (`/reports`) or a subtree (`/reports/**`, which means the path
    before it and everything below). No `methods` means every method; None keeps the service's
    classification or category. `fresh_minutes`: who comes here has confirmed it with a proof
    no older than so many minutes. The first rule that matches counts.
    """

    pattern: str
    methods: frozenset[str] = frozenset()
    classification: int | None = None
    category: str | None = None
    fresh_minutes: int | None = None

    def covers(self, method: str, path: str) -> bool:
        """Tell whether the rule speaks of this canonical path; a last slash is no difference."""
        if self.methods and method not in self.methods:
            return False
        plain = path.rstrip("/")
        if not self.pattern.endswith(EVERYTHING):
            return plain == self.pattern.rstrip("/")
        top = self.pattern.removesuffix(EVERYTHING)
        return plain == top or plain.startswith(f"{top}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAct:
    """What a request does to a record, by the name that separations of duties know it by.

    `path` is a canonical path in which one segment is `{record}`, as `/docs/{record}/approve`;
    with a last `/**` everything below it does the same.
    """

    name: str
    methods: frozenset[str]
    path: str

    def place(self, method: str, path: str) -> int | None:
        """Return which segment of a canonical path, from 1, is the record's; None if not this act.

        Upper and lower case, full and half width and composition make no difference, nor does a
        last slash: to some services they make none, and a separation must not end at the shift key.
        """
        if method not in self.methods:
            return None
        wanted = self.path.removesuffix(EVERYTHING).split("/")
        there = path.rstrip("/").split("/")
        beyond = len(there) - len(wanted)
        if beyond < 0 or (beyond and not self.path.endswith(EVERYTHING)):
            return None
        for want, found in zip(wanted, there, strict=False):
            if want not in (RECORD, found) and folded(unquote(want)) != folded(unquote(found)):
                return None
        return wanted.index(RECORD)


@dataclass(frozen=True, slots=True)
class Label:
    """How sensitive a place is: 0 公开 to 4 核心, the data category, how fresh a proof it wants."""

    classification: int
    category: str
    fresh_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One internal service.

    `in_charge` answers for it (谁主管), `operator` runs it (谁运行), `user_units` use it (谁使用):
    ids `unit:<slug>`. `upstream` is an origin (`http://10.1.2.3:8080`), without a path: a service
    gets exactly the path that was decided. With `preserve_host` it sees its public host name,
    which WebSockets and checks of Origin need, else that of `upstream`. `headers` maps the name
    of a plain header to the claim it carries. It opens only between its approval and
    `valid_until`.
    """

    slug: str
    zone: str
    host: str
    name_zh: str
    name_en: str
    in_charge: str
    operator: str
    upstream: str
    about_zh: str = ""
    about_en: str = ""
    user_units: tuple[str, ...] = ()
    classification: int = 1
    category: str = NO_CATEGORY
    preserve_host: bool = True
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    path_rules: tuple[PathRule, ...] = ()
    acts: tuple[NamedAct, ...] = ()
    evaluated_at: datetime | None = None
    evaluated_by: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    valid_until: datetime | None = None
    changed_by: str = ""
    row_version: int = 0

    def closed(self, now: datetime) -> str | None:
        """Return the code of what keeps the service shut, or None while it may open."""
        if None in (self.evaluated_at, self.evaluated_by, self.approved_by, self.approved_at):
            return NOT_EVALUATED
        if self.valid_until is None:
            return NOT_EVALUATED
        return EVALUATION_EXPIRED if now >= self.valid_until else None

    def label(self, method: str, path: str) -> Label:
        """Return classification and category of a canonical path under `method`."""
        for rule in self.path_rules:
            if rule.covers(method, path):
                own = rule.classification
                return Label(
                    classification=self.classification if own is None else own,
                    category=rule.category or self.category,
                    fresh_minutes=rule.fresh_minutes,
                )
        return Label(self.classification, self.category)
