"""A whole draft as sentences, one a line, beside the comments, categories, duties and tests."""

from __future__ import annotations

from policies.change.lexicon import Lexicon
from policies.change.phrasing import write
from policies.change.sentences import read
from policies.change.texts import Document, Reading, line_of, read_lines
from policies.problems import Problem
from policies.reading import KINDS, Reader
from policies.rules import Rule


def sentences_of(document: Document, lexicon: Lexicon) -> str:
    """Return a draft with each rule as a sentence. Reading it gives the same draft."""

    def said(row: object) -> str:
        return write(row, lexicon) if isinstance(row, Rule) else ""

    return document.written(lambda row: [said(row) or line_of(row)])


def read_sentences(text: str, lexicon: Lexicon) -> Reading:
    """Read a draft of sentences. Lines that begin as rows of the text are read as such."""

    def take(reader: Reader, number: int, line: str) -> None:
        if line.partition(",")[0].strip() in KINDS:
            reader.read(number, line)
            return
        found = read(line, lexicon)
        if found.rule is not None:
            reader.add(found.rule, number)
        reader.problems += [
            Problem(number, each.what, each.fix, each.start + 1) for each in found.wrong
        ]

    return read_lines(text, take)
