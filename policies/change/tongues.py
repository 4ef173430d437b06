"""A sentence that is written in the other language than the one it is read in."""

from __future__ import annotations

from collections.abc import Callable

from policies.change.lexicon import Lexicon
from policies.change.phrasing import write
from policies.change.sentences import Sentence, Wrong, read

_HALF = 2


def read_here(text: str, here: Lexicon, other: Callable[[], Lexicon]) -> Sentence:
    """Read a sentence; if it is none here, tell whether it reads as the other language.

    Then there is one thing wrong, of the code `language`: `said` is the language it reads as
    (`zh`, `en`), `meant` the same sentence in the words of here. If it has faults in its own
    language they follow, and `meant` is empty. `other` is only asked for if it is needed.
    """
    found = read(text, here)
    if found.rule is not None or not text.strip():
        return found
    there = other()
    again = read(text, there)
    if again.rule is None and len(again.wrong) * _HALF > len(found.wrong):
        return found
    meant = "" if again.rule is None else write(again.rule, here)
    name = {"zh": "Chinese", "en": "English"}[there.language]
    fix = f"write {meant}" if meant else f"write it as {here.language}"
    what = f"this reads as {name}"
    whole = Wrong(0, len(text), "language", there.language, what, fix, meant)
    return Sentence(None, (whole, *again.wrong))
