"""What the rules were asked, fact by fact, in words: for the entries of decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol

from gateway.web import labels
from gateway.web.i18n import _, either, is_chinese
from gateway.web.labels_engine import FACTS
from gateway.web.labels_proofs import NETWORKS
from gateway.web.moments import local
from policies.change.lexicon import Language, Lexicon
from policies.change.phrasing import actions

YEAR_2242 = 2**33
"""Seconds since 1970 of a time that can be shown; a greater number is shown as it is."""


class Names(Protocol):
    """The names behind ids."""

    @property
    def zone(self) -> tzinfo | None:
        """The office's time zone; None on a page, which knows it."""

    def whom(self, subject: str) -> str:
        """To whom a rule speaks."""

    def unit(self, unit: str | None) -> str:
        """A unit."""


def in_words(asked: Mapping[str, Any], unit: str | None, names: Names) -> str:
    """The facts of a decision on one line.

    Args:
        asked: as the log keeps them (`policies.recorded`).
        unit: the person's, which stands among what they counted as only if a rule speaks of it.
        names: the names behind ids.
    """
    said = [(name, _fact(name, asked[name], names)) for name in FACTS if name in asked]
    if unit and isinstance(held := asked.get("as"), list) and unit not in held:
        said.append(("as", _("%(unit)s, of which no rule speaks", unit=names.unit(unit))))
    colon = either("：", ": ")
    return either("；", "; ").join(f"{FACTS[name]}{colon}{value}" for name, value in said)


def lexicon() -> Lexicon:
    """The words of rules in the reader's language."""
    return Lexicon(language=Language.ZH if is_chinese() else Language.EN)


def _fact(name: str, value: Any, names: Names) -> str:  # noqa: ANN401 - whatever JSON it holds
    if name == "as" and isinstance(value, list):
        return either("、", ", ").join(names.whom(str(each)) for each in value) or "—"
    if name == "now" and isinstance(value, int) and 0 <= value < YEAR_2242:
        at = datetime.fromtimestamp(value, UTC)
        shown = local(at) if names.zone is None else at.astimezone(names.zone)
        return f"{shown:%Y-%m-%d %H:%M:%S} UTC{shown.isoformat()[-6:]}"
    kind, say = _SAID.get(name, (str, str))
    return say(value) if isinstance(value, kind) else str(value)


def _category(value: str) -> str:
    bare = value.removeprefix("cat:")
    return either("未分类", "none") if bare == "none" else bare


_SAID: Mapping[str, tuple[type, Callable[[Any], str]]] = {
    "act": (str, lambda value: actions(value, lexicon())),
    "auth": (int, labels.strength),
    "cat": (str, _category),
    "clr": (int, labels.word),
    "cls": (int, labels.word),
    "lent": (list, lambda value: str(len(value))),
    "net": (str, lambda value: str(NETWORKS.get(value, value))),
}
"""What kind of value a fact has, and how it is said."""
