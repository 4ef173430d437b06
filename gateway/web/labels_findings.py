"""Words for what was found in a draft, and for what to do about it.

The readers of rules speak English, for the terminal; on a page each of their sentences is known
by its shape and said in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.web.i18n import _
from gateway.web.i18n import later as _l
from policies.change.findings import Code, Finding
from policies.change.sentences import Wrong

FINDINGS: Mapping[str, Any] = {
    Code.ABOVE_CLEARANCE: _l("Nobody it speaks of is cleared for this level."),
    Code.CONTRADICTORY: _l("Another rule denies a part of it; the denial wins."),
    Code.LOOKALIKE: _l("It holds a letter that only looks like the right one."),
    Code.NO_MEMBER: _l("It speaks of nobody: the role or unit has no member."),
    Code.PAST: _l("Its time is over."),
    Code.REDUNDANT: _l("Another rule says the same and more."),
    Code.SHADOWED: _l("Another rule denies all that it allows."),
    Code.UNKNOWN: _l("“%(word)s” does not exist here."),
    Code.VALUE: _l("It cannot be read."),
}
REMEDIES: Mapping[str, Any] = {
    Code.ABOVE_CLEARANCE: _l(
        "No rule lifts a clearance: clear the people first, or take the rule out."
    ),
    Code.CONTRADICTORY: _l("Say in this rule only what the denial leaves."),
    Code.NO_MEMBER: _l("Give somebody the role or unit, or take the rule out."),
    Code.PAST: _l("Give it a later time, or take it out."),
    Code.REDUNDANT: _l("Take this one out."),
    Code.SHADOWED: _l("Take one of them out, or make the denial narrower."),
    Code.UNKNOWN: _l("Add it first, or take the rule out."),
}
WRONGS: Mapping[str, Any] = {
    "no_word": _l("“%(said)s” is no word of the rules."),
    "lookalike": _l("“%(said)s” holds a letter that no word of the rules has: %(letter)s."),
    "no_time": _l("“%(said)s” is no time. Write a day and time that exist, the earlier first."),
    "backwards": _l("“%(said)s” does not end after it begins. Write the earlier first."),
    "no_end": _l(
        "“%(said)s” is a moment. Write from when to when, for example 2026-12-01 08:00 to "
        "2026-12-04 18:00."
    ),
    "no_hours": _l(
        "“%(said)s” names no hours. Write both, for example Monday to Friday 08:30-17:30; whole "
        "days are 00:00-24:00."
    ),
    "no_when": _l(
        "“%(said)s” is no time that is understood. Write today, tomorrow, until Friday, "
        "2026-12-01, 2026-12-01 to 2026-12-04, or Monday to Friday 08:30-17:30."
    ),
    "no_hour": _l("“%(said)s” is no hour of a day. Write hours from 00:00 to 24:00."),
    "overnight": _l(
        "“%(said)s” ends no later than it begins. Over midnight write two times, for example "
        "Monday 22:00-24:00 or Tuesday 00:00-06:00."
    ),
    "no_day": _l("“%(said)s” names no days. Write both, for example Monday to Friday 08:30-17:30."),
    "no_path": _l("“%(said)s” stands without a path. Write “%(said)s/**” for all of it."),
    "ambiguous": _l("It may mean %(said)s. Write the id that you mean."),
    "second": _l("It says two things of which a rule can hold only one. Write a rule for each."),
    "empty": _l("Write a sentence."),
    "value": _l("It cannot be read as a line of the rules."),
}
MISSING: Mapping[str, Any] = {
    "sub": _l("It does not say who: name a unit, a role or a person."),
    "eft": _l("It does not say whether they may or may not."),
    "act": _l("It does not say what they may do, for example read."),
    "obj": _l("It does not say where: name a service with a path, as in “its name/**”."),
}

_SHAPES: Sequence[tuple[str, Any]] = (
    # what is wrong
    (r"(?P<n>\d+) columns after '(?P<kind>\w+)'", _l("%(n)s columns after “%(kind)s”")),
    (
        r"act is (?P<quote>['\"])(?P<value>.*)(?P=quote) on a page",
        _l("A page cannot be “%(value)s”"),
    ),
    (
        r"act is (?P<quote>['\"])(?P<value>.*)(?P=quote) on (?P<obj>.+)",
        _l("%(obj)s cannot be “%(value)s”"),
    ),
    (r"(?P<name>\w+) is (?P<quote>['\"])(?P<value>.*)(?P=quote)", _l("%(name)s is “%(value)s”")),
    (r"an invisible character, (?P<char>U\+\w+)", _l("An invisible character, %(char)s")),
    (
        r"unknown kind (?P<quote>['\"])(?P<kind>.*)(?P=quote)",
        _l("No line of the rules begins with “%(kind)s”"),
    ),
    (r"the same as line (?P<line>\d+)", _l("The same as line %(line)s")),
    (r"(?P<row>.+) stands twice", _l("%(row)s stands twice")),
    (r"two rules share the id (?P<id>.+)", _l("Two rules share the id %(id)s")),
    (r"(?P<name>.+) belongs to itself through a circle", _l("%(name)s belongs to itself")),
    (
        r"(?P<name>.+) lies (?P<n>\d+) levels deep; at most (?P<most>\d+) are followed",
        _l("%(name)s lies %(n)s levels deep; at most %(most)s are followed"),
    ),
    (r"(?P<both>.+) on both sides", _l("%(both)s stands on both sides")),
    (r"more than (?P<n>\d+) MiB", _l("More than %(n)s MiB")),
    (r"more than (?P<n>[\d,]+) rows", _l("More than %(n)s rows")),
    (r"(?P<n>[\d,]+) characters in one line", _l("%(n)s characters in one line")),
    (
        r"an unknown table (?P<quote>['\"])(?P<name>.*)(?P=quote)",
        _l("No part of the rules is called “%(name)s”"),
    ),
    (r"(?P<name>\w+) otherwise than row by row", _l("%(name)s is not written row by row")),
    (r"(?P<name>\w+) is missing", _l("%(name)s is missing")),
    (
        r"an unknown key (?P<quote>['\"])(?P<name>.*)(?P=quote)",
        _l("No column is called “%(name)s”"),
    ),
    (r"(?P<name>\w+) is no text", _l("%(name)s is no text in quotes")),
    (r"a text over several lines", _l("A text over several lines")),
    (r"no TOML: (?P<why>.+)", _l("No TOML (%(why)s)")),
    (r"nested too deeply", _l("Nested too deeply")),
    # what to do
    (r"write exactly (?P<n>\d+): (?P<names>.+)", _l("Write exactly %(n)s: %(names)s.")),
    (r"write exactly (?P<names>.+), each in quotes", _l("Write %(names)s, each in quotes.")),
    (r"use only (?P<signs>.+) and at least one", _l("Use only %(signs)s, and at least one.")),
    (r"write use for app: objects", _l("Of a page write use.")),
    (r"use is for app: objects only", _l("Only pages (app:) can be used; write an action.")),
    (r"retype the line; save as UTF-8 without BOM", _l("Type the line again; save it as UTF-8.")),
    (r"begin with one of (?P<kinds>.+)", _l("Begin with p, g3, s or t.")),
    (r"remove one(?: of them)?", _l("Take one of them out.")),
    (r"split one of them in two", _l("Write one of them as two rules.")),
    (r"take a g3 row out", _l("Take one of the lines g3 out.")),
    (r"write \* : what is held, is held anywhere", _l("Write *: what is held is held anywhere.")),
    (r"nobody could ever do it; put it on one side", _l("Put it on one side only.")),
    (r"split the office's rules, or ask who wrote it", _l("Ask who wrote it, or split it.")),
    (r"split them", _l("Split them.")),
    (r"at most (?P<n>[\d,]+)", _l("At most %(n)s.")),
    (
        r"write (?P<head>\[\[.+\]\]) on a line of its own for each",
        _l("Write %(head)s before each."),
    ),
    (r"write each value on one line", _l("Write each value on one line.")),
    (r"mend the line", _l("Mend the line.")),
    (r"write one \[\[rule\]\] after the other", _l("Write one [[rule]] after the other.")),
    (r"write something", _l("Write something.")),
    (r"write held or record", _l("Write held or record.")),
    (r"write cat:<name> of a-z, 0-9 and -", _l("Write cat:<name>, of a-z, 0-9 and -.")),
    (
        r"write \*, person:<uuid>, .+",
        _l("Write *, person:<uuid>, role:<name>, unit:<name> or unit:<name>&role:<name>."),
    ),
    (
        r"write person:<uuid>, or .+",
        _l("Write person:<uuid>, or role:<name> and unit:<name> joined by |."),
    ),
    (
        r"write svc:<service>/<path> or .+",
        _l("Write svc:<service>/<path> (all below: /**), cat:<name>, app:<permission> or app:**."),
    ),
    (
        r"write one place: .+",
        _l("Write one place, without **: svc:<service>/<path> or app:<permission>."),
    ),
    (
        r"write \*, or the records' place .+",
        _l("Write *, or the records' place as svc:<service>/<path>/**."),
    ),
    (r"write cat:<name>, or cat:none", _l("Write cat:<name>, or cat:none.")),
    (
        r"write role:<name>, unit:<name> or app:<permission>, joined by \|",
        _l("Write role:<name>, unit:<name> or app:<permission>, joined by |."),
    ),
    (
        r"write actions or names of events, joined by \|",
        _l("Write actions or acts of the service, joined by |."),
    ),
    (
        r"write \* or, joined by \|, from~to .+",
        _l(
            "Write * or, joined by |, from~to in seconds since 1970, or the days and hours of a"
            " week as week:1-5@08:30-17:30+08:00; the earlier first."
        ),
    ),
    (
        r"write \* for the moment of the test, or .+",
        _l("Write * for the moment of the test, or seconds since 1970."),
    ),
    (
        r"write \* or, joined by \|, of (?P<values>.+)",
        _l("Write * or, joined by |, some of: %(values)s."),
    ),
    (r"write (?P<values>\[\[\w+\]\], .+)", _l("Write one of: %(values)s.")),
    (r"write \* or one of (?P<values>.+)", _l("Write * or one of: %(values)s.")),
    (r"write \* or the least strength, (?P<values>.+)", _l("Write * or one of: %(values)s.")),
    (r"write one of (?P<values>[^;]+?)(?:, in lower case)?", _l("Write one of: %(values)s.")),
    (r"write the .+, one of (?P<values>.+)", _l("Write one of: %(values)s.")),
)
_KNOWN: Sequence[tuple[re.Pattern[str], Any]] = [
    (re.compile(shape, re.DOTALL), words) for shape, words in _SHAPES
]
_MEANT = "; did you mean "


def finding(found: Finding) -> str:
    """What was found and, of two rules at odds, the line of the other."""
    if found.code == Code.VALUE:
        return f"{FINDINGS[found.code]} {in_words(found.what) or found.what}"
    if found.code == Code.UNKNOWN:
        return str(FINDINGS[found.code]) % {"word": found.values["word"]}
    words, lines = str(FINDINGS[found.code]), [each for each in found.others if each]
    if not lines:
        return words
    there = _("See line %(line)s.", line=lines[0])
    return f"{words} {there}"


def remedy(found: Finding) -> str:
    """What to do about it."""
    if found.code == Code.UNKNOWN and found.values["near"]:
        return meant(found.values["near"])
    if found.code == Code.LOOKALIKE:
        return meant(found.fix.removeprefix("write "))
    if found.code in REMEDIES:
        return str(REMEDIES[found.code])
    fix, *others = found.fix.split(_MEANT)
    said = [in_words(fix) or fix, *(meant(each.removesuffix("?")) for each in others)]
    return " ".join(said)


def in_words(said: str) -> str | None:
    """A reader's words in the language of the page; None if their shape is not known."""
    for shape, words in _KNOWN:
        if (found := shape.fullmatch(said)) is not None:
            return str(words) % found.groupdict()
    return None


def meant(word: str) -> str:
    """What was probably meant."""
    return _("Did you mean “%(word)s”?", word=word)


def sentence_problem(wrong: Wrong) -> str:
    """What is wrong with a sentence, and what was probably meant."""
    if wrong.code == "missing":
        return str(MISSING[wrong.said])
    if wrong.code == "language":
        return _in_another(wrong)
    said = str(WRONGS[wrong.code]) % {"said": wrong.said, "letter": wrong.letter}
    return f"{said} {meant(wrong.meant)}" if wrong.meant else said


def _in_another(wrong: Wrong) -> str:
    """That a sentence is of another language, and what it says in the page's, if it says it."""
    read = _("This reads as English.") if wrong.said == "en" else _("This reads as Chinese.")
    if not wrong.meant:
        return read
    here = _("In the words of this page: %(sentence)s", sentence=wrong.meant)
    return f"{read} {here}"
