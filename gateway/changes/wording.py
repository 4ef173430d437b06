"""The words of an office: what its units, roles, people and services are called in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from gateway.access.service import EVERYTHING
from gateway.changes.editing import lexicon_of
from gateway.changes.room import Room
from gateway.identity import people, units
from policies.change.lexicon import Lexicon


def lexicon(
    room: Room,
    language: str,
    *,
    now: datetime,
    roles: Mapping[str, str],
    windows: Iterable[tuple[str, str, str]] = (),
) -> Lexicon:
    """Return the words for sentences in a language (`zh…` or `en…`).

    `roles` are the roles' names; `windows` the zone's named times: (Chinese, English, windows).
    """
    is_english = language.startswith("en")
    names = {f"role:{key}": word for key, word in roles.items()}
    for unit in units.tree(room.registry):
        names[f"unit:{unit.slug}"] = unit.name_en if is_english else unit.name_zh
    names |= {each.subject: each.name for each in people.all_people(room.registry)}
    paths = {}
    for service in room.catalogue.all():
        name = service.name_en if is_english else service.name_zh
        names[f"svc:{service.slug}"] = name or service.name_zh
        special = (rule.pattern.removeprefix("/") for rule in service.path_rules)
        paths[service.slug] = tuple(each for each in special if f"/{each}" != EVERYTHING)
    return lexicon_of(language, names, now, named=windows, paths=paths)
