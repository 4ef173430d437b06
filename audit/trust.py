"""Whom to trust: the logs, the witnesses, and how many of them must have signed.

Source: c2sp.org/tlog-policy. The file is text of lines `log <vkey> [<url>]`,
`witness <name> <vkey> [<url>]`, `group <name> <all|any|k> <member>...`, `quorum <name>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from audit.note import COSIGNATURE, ED25519, BadNote, Vkey

NONE = "none"
_BLANKS = " \t"


class BadPolicy(ValueError):
    """A trust policy cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class Group:
    """Satisfied when at least `threshold` of its members are."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A trust policy. `quorum` names a witness or a group, or is `none`."""

    logs: tuple[Vkey, ...]
    witnesses: Mapping[str, Vkey]
    groups: Mapping[str, Group]
    quorum: str
    urls: Mapping[str, str] = field(default_factory=dict)
    """Where a witness answers, by its name; one without is only for checking."""

    @classmethod
    def parse(cls, text: str) -> Policy:
        """Read a policy. Raises BadPolicy at the first line that is wrong."""
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), 1):
            words = line.strip(_BLANKS).replace("\t", " ").split(" ")
            try:
                reader.take([word for word in words if word])
            except (BadNote, ValueError) as error:
                raise BadPolicy(f"line {number}: {error}") from None
        return reader.policy()

    def met_by(self, keys: Iterable[Vkey]) -> bool:
        """Whether cosignatures of these witness keys make the quorum."""
        seen = set(keys)
        return self.quorum == NONE or self._counts(self.quorum, seen)

    def _counts(self, name: str, seen: set[Vkey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name] in seen
        group = self.groups[name]
        return sum(self._counts(member, seen) for member in group.members) >= group.threshold


class _Reader:
    """Collects the lines of a policy file."""

    def __init__(self) -> None:
        self._logs: list[Vkey] = []
        self._witnesses: dict[str, Vkey] = {}
        self._groups: dict[str, Group] = {}
        self._urls: dict[str, str] = {}
        self._used: set[str] = set()
        self._quorum: str | None = None

    def take(self, words: Sequence[str]) -> None:
        """Take the words of one line."""
        if any(not c.isprintable() and c.isascii() for word in words for c in word):
            raise BadPolicy("control characters")
        match words:
            case []:
                pass
            case [first, *_] if first.startswith("#"):
                pass
            case ["log", vkey] | ["log", vkey, _]:
                self._logs.append(_key(vkey, ED25519, self._logs))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._take_witness(name, vkey, *url)
            case ["group", name, threshold, *members] if members:
                self._groups[self._new(name)] = self._group(threshold, members)
            case ["quorum", name] if self._quorum is None:
                self._quorum = name if name == NONE else self._known(name)
            case _:
                raise BadPolicy(f"not a policy line: {words[0]}")

    def _take_witness(self, name: str, vkey: str, url: str | None = None) -> None:
        key = _key(vkey, COSIGNATURE, self._witnesses.values())
        self._witnesses[self._new(name)] = key
        if url is not None:
            self._urls[name] = _url(url)

    def _new(self, name: str) -> str:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise BadPolicy(f"{name} is taken")
        return name

    def _known(self, name: str) -> str:
        if name not in self._witnesses and name not in self._groups:
            raise BadPolicy(f"{name} is not defined above")
        return name

    def _group(self, threshold: str, members: Sequence[str]) -> Group:
        for member in members:
            if self._known(member) in self._used:
                raise BadPolicy(f"{member} is in a group already")
            self._used.add(member)
        counts = {"all": len(members), "any": 1}
        if threshold not in counts and not (threshold.isascii() and threshold.isdigit()):
            raise BadPolicy(f"not a threshold: {threshold}")
        count = counts.get(threshold) or int(threshold)
        if not 1 <= count <= len(members):
            raise BadPolicy(f"{count} of {len(members)} cannot be")
        return Group(count, tuple(members))

    def policy(self) -> Policy:
        """Return the policy, once every line was taken."""
        if self._quorum is None:
            raise BadPolicy("there is no quorum line")
        return Policy(
            tuple(self._logs),
            MappingProxyType(self._witnesses),
            MappingProxyType(self._groups),
            self._quorum,
            MappingProxyType(self._urls),
        )


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise BadPolicy(f"not the address of a witness: {text}")
    return text.rstrip("/")


def _key(text: str, algorithm: int, others: Iterable[Vkey]) -> Vkey:
    key = Vkey.parse(text)
    if key.algorithm != algorithm:
        raise BadPolicy("a key of another type")
    if any(key.public == other.public for other in others):
        raise BadPolicy("the same key twice")
    return key
