"""The catalogue as the policy library asks for it: what data lies at which place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from gateway.access.canonical import PATH_SAFE, Ambiguous, RawRequest, canonicalise, policy_object
from gateway.access.service import EVERYTHING, Service

_ESCAPED = re.compile("~([0-9a-f]{2})")


class CatalogueLabels:
    """Labels of places by the services of a catalogue; fulfils `policies`' `Labelling`."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._by_slug = {service.slug: service for service in services}

    @property
    def services(self) -> frozenset[str]:
        """The slugs of all services there are."""
        return frozenset(self._by_slug)

    def patterns(self, slug: str) -> tuple[str, ...]:
        """The places, as rules name them, where the service's label differs from its own."""
        rules = self._by_slug[slug].path_rules
        return tuple(found for rule in rules if (found := _pattern(slug, rule.pattern)))

    def label(self, obj: str, action: str) -> tuple[str, int]:
        """The category and level of an object under an action."""
        slug, _, rest = obj.removeprefix("svc:").partition("/")
        found = self._by_slug[slug].label(action, f"/{_path(rest)}")
        return found.category, found.classification


def _pattern(slug: str, pattern: str) -> str:
    path = pattern.removesuffix(EVERYTHING) or "/"
    raw = RawRequest(method="GET", scheme="http", host="local", target=path.encode())
    try:
        place = policy_object(slug, canonicalise(raw))
    except Ambiguous:
        return ""  # never asked for: no request has such a path
    return place.rstrip("/") + EVERYTHING if pattern.endswith(EVERYTHING) else place


def _path(escaped: str) -> str:
    """Return the canonical path of a place that rules name by `~xx` for what is no plain letter."""
    return "/".join(
        quote(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), part).encode("latin-1"), PATH_SAFE)
        for part in escaped.split("/")
    )
