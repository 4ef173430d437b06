"""What officers agreed on, as the sealer itself heard it from the entries that it seals.

The tables of requests and holds are for people to look at; whoever owns the database can
write there what they like. The sealer takes their word for nothing: it follows the entries
`retention.*` for which the gateway gave its word, remembers in its own directory what they
say, and lets nothing go on the strength of anything else.

    retention.proposed  a request is open
    retention.approved  another person of another office agreed to exactly that
    retention.refused   it is over
    retention.held      a hold keeps everything from a day on
    retention.lifted    it does no more, as an approved request of that hold says

An approval counts once: whoever replays it, in the table or as an entry, finds it used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

MARK = b'"ev":"retention.'
"""What every entry has in it that may matter here."""
OFFICES = frozenset({"auditor", "security_admin"})
"""The two offices of which each gives one of the two officers."""
REQUEST, HOLD = "keeping:", "hold:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accord:
    """One request. `second` and what follows are empty while it is open.

    `terms` are what exactly is asked for; `at` is when it was approved, as the entry says.
    """

    kind: str
    target: str
    terms: Mapping[str, Any]
    by: str
    office: str
    second: str = ""
    second_office: str = ""
    at: str = ""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Accords:
    """All of it at one moment: requests by id, and from when on each hold keeps.

    `pruned` is the time of the youngest entry that ever went; nothing as old comes anew.
    """

    open: Mapping[str, Accord] = field(default_factory=_nothing)
    agreed: Mapping[str, Accord] = field(default_factory=_nothing)
    holds: Mapping[str, str] = field(default_factory=_nothing)
    pruned: str = ""

    @property
    def held_since(self) -> datetime | None:
        """From when on some hold keeps everything."""
        return min(map(datetime.fromisoformat, self.holds.values()), default=None)

    @property
    def agreed_prunes(self) -> Sequence[str]:
        """The requests to prune that wait for the sealer."""
        return [name for name, each in self.agreed.items() if each.kind == "prune"]

    def heard(self, body: bytes) -> Accords:
        """Return what is true after this entry, for which the gateway gave its word."""
        if MARK not in body:
            return self
        try:
            said = json.loads(body)
            follow = _EVENTS.get(said["ev"])
            return self if follow is None else follow(self, said)
        except (ValueError, KeyError, TypeError, AttributeError):
            return self  # not of this form: nobody agreed on anything by it

    def without(self, over: Collection[str]) -> Accords:
        """Return it when these requests are over or used up."""
        if not over:
            return self
        return replace(self, open=_less(self.open, over), agreed=_less(self.agreed, over))

    def plain(self) -> dict[str, object]:
        """As JSON."""
        return {
            "open": {name: asdict(each) for name, each in self.open.items()},
            "agreed": {name: asdict(each) for name, each in self.agreed.items()},
            "holds": dict(self.holds),
            "pruned": self.pruned,
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Accords:
        """Read what `plain` wrote; a memory from before there was any has nothing."""
        return cls(
            open={name: Accord(**each) for name, each in plain.get("open", {}).items()},
            agreed={name: Accord(**each) for name, each in plain.get("agreed", {}).items()},
            holds=dict(plain.get("holds", {})),
            pruned=str(plain.get("pruned", "")),
        )


def _proposed(now: Accords, said: Mapping[str, Any]) -> Accords:
    request, d = _named(said, REQUEST), said["d"]
    if d["office"] not in OFFICES or request in now.agreed:
        return now
    made = Accord(
        kind=d["kind"], target=d["target"], terms=d["terms"], by=said["sub"], office=d["office"]
    )
    return replace(now, open={**now.open, request: made})


def _approved(now: Accords, said: Mapping[str, Any]) -> Accords:
    request, d = _named(said, REQUEST), said["d"]
    asked = now.open.get(request)
    if asked is None or (asked.kind, asked.target) != (d["kind"], d["target"]):
        return now
    if asked.terms != d["terms"] or said["sub"] == asked.by:
        return now
    if {asked.office, d["office"]} != OFFICES:
        return now
    agreed = replace(asked, second=said["sub"], second_office=d["office"], at=said["ts"])
    return replace(now, open=_less(now.open, {request}), agreed={**now.agreed, request: agreed})


def _refused(now: Accords, said: Mapping[str, Any]) -> Accords:
    return replace(now, open=_less(now.open, {_named(said, REQUEST)}))


def _held(now: Accords, said: Mapping[str, Any]) -> Accords:
    since = datetime.fromisoformat(said["d"]["since"]).isoformat()
    return replace(now, holds={**now.holds, _named(said, HOLD): since})


def _lifted(now: Accords, said: Mapping[str, Any]) -> Accords:
    hold, request = _named(said, HOLD), said["d"]["request"]
    agreed = now.agreed.get(request)
    if agreed is None or (agreed.kind, agreed.target) != ("lift", hold):
        return now
    return replace(now, agreed=_less(now.agreed, {request}), holds=_less(now.holds, {hold}))


_EVENTS: Mapping[str, Callable[[Accords, Mapping[str, Any]], Accords]] = {
    "retention.proposed": _proposed,
    "retention.approved": _approved,
    "retention.refused": _refused,
    "retention.held": _held,
    "retention.lifted": _lifted,
}


def _named(said: Mapping[str, Any], prefix: str) -> str:
    named: str = said["obj"]
    if not named.startswith(prefix):
        raise ValueError(named)
    return named.removeprefix(prefix)


def _less(mapping: Mapping[str, Any], over: Collection[str]) -> dict[str, Any]:
    return {name: each for name, each in mapping.items() if name not in over}
