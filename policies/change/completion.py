"""Autocomplete: what may come next in a sentence, at the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from policies.change.lexicon import Lexicon, key_of
from policies.change.sentences import Piece, Wrong, pair_of, scan

AT_MOST: Final = 20
_NEXT: Final = ("sub", "eft", "win", "act", "svc", "obj", "auth", "net", "cls", "zone")
"""What is usually said first."""
_MANY: Final = frozenset({"act", "cls", "net", "win"})
_WORD_ENDS: Final = " \t,，、。;；"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Words to put in the place of the letters from `start` to the cursor.

    `column` says what they are about; `value` is the id or word of the rules they stand for.
    """

    text: str
    column: str
    value: str
    start: int


def complete(
    text: str, cursor: int, lexicon: Lexicon, *, at_most: int = AT_MOST
) -> tuple[Candidate, ...]:
    """Return what may stand at the cursor, the likeliest first.

    What is said already is not offered again, but behind a unit its roles are. Words count that
    begin as typed, then those that hold it; behind a service and a slash its paths are offered.
    """
    before = text[: max(0, min(cursor, len(text)))]
    start, pieces = _typed(before, lexicon)
    said = {piece.column for piece in pieces}
    last = pieces[-1] if pieces else None
    between = before[last.end : start] if last else ""
    typed = before[start:]
    if "/" in typed and (paths := list(_paths(typed, start, lexicon))):
        return tuple(paths[:at_most])
    wanted = key_of(typed)
    found = [
        (not key.startswith(wanted), _NEXT.index(each.column), len(key), each.text, each)
        for key, phrases in lexicon.phrases.items()
        if wanted in key and key != wanted
        for each in phrases
        if each.column
        and (
            each.column not in said
            or each.column in _MANY
            or (last and (typed or between.strip()) and pair_of(last.value, between, each.value))
        )
        and not (each.column == "svc" and "obj" in said)
    ]  # fmt: skip
    found.sort(key=lambda each: each[:4])
    return tuple(
        Candidate(each.text + ("/" if each.column == "svc" else ""), each.column, each.value, start)
        for *_, each in found[:at_most]
    )


def _typed(before: str, lexicon: Lexicon) -> tuple[int, Sequence[Piece]]:
    """Return where the word under the cursor begins, and what is said before it."""
    said: list[Piece] = []
    for piece in scan(before, lexicon):
        is_last = piece.end >= len(before) and before[-1:] not in _WORD_ENDS
        if is_last and (isinstance(piece, Wrong) or "/" in before[piece.start : piece.end]):
            return piece.start, said
        if not isinstance(piece, Wrong) and piece.column:
            said.append(piece)
    return len(before), said


def _paths(typed: str, start: int, lexicon: Lexicon) -> Iterator[Candidate]:
    name, _, path = typed.partition("/")
    for phrase in lexicon.phrases.get(key_of(name), ()):
        if phrase.column == "svc":
            slug = phrase.value.removeprefix("svc:")
            known: Iterable[str] = (*lexicon.paths.get(slug, ()), "**")
            for each in dict.fromkeys(known):
                if each.startswith(path) and each != path:
                    yield Candidate(f"{name}/{each}", "obj", f"{phrase.value}/{each}", start)
