"""A service in words for the person at the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from gateway.access.catalogue import PathRule, Service
from gateway.access.service import EVALUATION_EXPIRED, NOT_EVALUATED
from gateway.access.service_rules import level_words
from gateway.cli.days import shown
from gateway.identity import people
from gateway.office import Office

_SHUT = {NOT_EVALUATED: "not yet approved", EVALUATION_EXPIRED: "its evaluation has run out"}


def address_of(office: Office, entry: Service) -> str:
    """Where browsers find the service: the gateway's scheme and port, the service's host."""
    public = urlsplit(office.settings.web.public_url)
    return f"{public.scheme}://{entry.host}" + ("" if public.port is None else f":{public.port}")


def is_below_gateway(office: Office, entry: Service) -> bool:
    """Whether the host's name ends in the gateway's, as one wildcard name of the DNS covers."""
    return entry.host.endswith(f".{office.settings.web.host}")


def state(office: Office, entry: Service, now: datetime) -> str:
    """Whether the service is open, and until when or why not."""
    closed = entry.closed(now)
    if closed is not None or entry.valid_until is None:
        return f"shut: {_SHUT.get(closed or NOT_EVALUATED, closed)}"
    return f"open until {shown(entry.valid_until, office)}"


def rows(office: Office, entry: Service) -> Iterator[tuple[str, str]]:
    """Everything the catalogue holds about a service, under the names of its file."""
    for key in ("slug", "name_zh", "name_en", "about_zh", "about_en"):
        yield key, getattr(entry, key)
    yield "address", address_of(office, entry)
    for key in ("upstream", "in_charge", "operator"):
        yield key, getattr(entry, key)
    yield "user_units", "\n".join(entry.user_units)
    yield "classification", level_words(entry.classification)
    yield "category", entry.category
    host = "its public name" if entry.preserve_host else "that of its upstream"
    yield "preserve_host", f"{str(entry.preserve_host).lower()}: the service sees {host}"
    yield "headers", "\n".join(f"{name} = {claim}" for name, claim in entry.headers.items())
    yield "path_rules", "\n".join(map(_path_rule, entry.path_rules))
    yield (
        "acts",
        "\n".join(f"{act.name}: {', '.join(sorted(act.methods))} {act.path}" for act in entry.acts),
    )
    yield from _history(office, entry)


def _path_rule(rule: PathRule) -> str:
    methods = ", ".join(sorted(rule.methods)) or "every method"
    label = None if rule.classification is None else level_words(rule.classification)
    fresh = f"fresh proof within {rule.fresh_minutes} min" if rule.fresh_minutes else None
    return f"{rule.pattern} ({methods}): {', '.join(filter(None, (label, rule.category, fresh)))}"


def _history(office: Office, entry: Service) -> Iterator[tuple[str, str]]:
    names = {each.subject: each.login for each in people.all_people(office.registry)}

    def who(subject: str | None) -> str:
        return names.get(subject or "", subject or "")

    def when(moment: datetime | None) -> str:
        return "" if moment is None else shown(moment, office)

    yield "changed by", who(entry.changed_by)
    yield "evaluated", f"{when(entry.evaluated_at)}  {entry.evaluated_by or ''}".strip()
    yield "approved", f"{when(entry.approved_at)}  {who(entry.approved_by)}".strip()
    yield "valid until", when(entry.valid_until)
