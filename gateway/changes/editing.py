"""Editing a draft row by row: sentences beside the text, with everything that is wrong named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from policies import baseline
from policies.change.findings import Finding
from policies.change.lexicon import CHINA, Language, Lexicon, by_name
from policies.change.phrasing import write
from policies.change.sentences import Sentence, read
from policies.change.texts import Document, Form
from policies.change.texts import read as read_text
from policies.change.tongues import read_here
from policies.change.validate import Known, Validated, validate
from policies.rules import Rule, RuleSet
from policies.uses import Use

PAGE: Final = 50
"""Rules on a page."""
_FRIDAY: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule as the editor shows it."""

    rule: Rule
    sentence: str
    is_new: bool
    findings: tuple[Finding, ...]
    use: Use | None


class Part(StrEnum):
    """Which rules of a draft are looked at."""

    CHANGED = "changed"
    """What the draft added; what it took out stands beside."""
    OFFICE = "office"
    """The office's own rules, without those that every gateway starts with."""
    HOUSE = "house"
    """The rules about the gateway's own pages, with which every gateway starts."""
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One page of a part of a draft's rules; `gone` are those of the base that it took out.

    `sizes` says how many rules each part holds of those sought.
    """

    rows: Sequence[Row]
    gone: Sequence[Row]
    part: Part
    sizes: Mapping[Part, int]
    page: int
    pages: int
    errors: int
    warnings: int


def lexicon_of(
    language: str,
    names: Mapping[str, str],
    now: datetime,
    *,
    named: Iterable[tuple[str, str, str]] = (),
    paths: Mapping[str, Sequence[str]] | None = None,
) -> Lexicon:
    """Return the words of an office; times may be written as people say them this week.

    `named` are the times of the zone's settings: (Chinese, English, windows); `paths` are those
    of services that are worth offering.
    """
    is_chinese = not language.startswith("en")
    day = datetime.combine(now.astimezone(CHINA).date(), time(), CHINA)
    to_friday = day + timedelta(days=(_FRIDAY - day.weekday()) % 7 + 1)

    def span(end: datetime) -> str:
        return f"{int(day.timestamp())}~{int(end.timestamp())}"

    words = ("今天", "今天至星期五") if is_chinese else ("today", "until Friday")
    ends = (span(day + timedelta(days=1)), span(to_friday))
    kind = Language.ZH if is_chinese else Language.EN
    windows = by_name(named, kind)
    passing = {word: end for word, end in zip(words, ends, strict=True) if word not in windows}
    return Lexicon(
        language=kind,
        names=names,
        windows=windows,
        passing=passing,
        today=day.date(),
        paths=paths or {},
    )


def leaf(
    text: str,
    base: RuleSet,
    lexicon: Lexicon,
    *,
    known: Known,
    uses: Mapping[str, Use],
    now: datetime,
    sought: str = "",
    part: Part | None = None,
    page: int = 1,
) -> Leaf | None:
    """Return a page of a part's rules that hold every word sought; None if unreadable.

    Without a part it is what the draft changed, or, if words are sought, all of it.
    """
    checked = validate(text, known=known, now=int(now.timestamp()))
    if checked.document is None:
        return None
    rules, before = checked.document.rules, frozenset(base.rules)
    about = _by_line(checked)
    # New rules come first: they are what the draft is about.
    ordered = sorted(rules.rules, key=lambda rule: (rule in before, rule))
    words = sought.casefold().split()
    held = [rule for rule in ordered if not words or _holds(rule, words, lexicon)]
    house = frozenset(baseline.load().rules)
    parts = {
        Part.CHANGED: [rule for rule in held if rule not in before],
        Part.OFFICE: [rule for rule in held if rule not in house],
        Part.HOUSE: [rule for rule in held if rule in house],
        Part.ALL: held,
    }
    part = part or (Part.ALL if words else Part.CHANGED)
    chosen = parts[part]
    pages = max(1, -(-len(chosen) // PAGE))
    page = min(max(1, page), pages)

    def row(rule: Rule) -> Row:
        found = tuple(about.get(checked.lines.get(rule, 0), ()))
        is_new = rule not in before
        said = write(rule, lexicon)
        return Row(rule=rule, sentence=said, is_new=is_new, findings=found, use=uses.get(rule.id))

    start = (page - 1) * PAGE
    gone = sorted(before - frozenset(rules.rules))[:PAGE]
    return Leaf(
        rows=[row(rule) for rule in chosen[start : start + PAGE]],
        gone=[
            Row(rule=each, sentence=write(each, lexicon), is_new=False, findings=(), use=None)
            for each in gone
        ],
        part=part,
        sizes={name: len(rules) for name, rules in parts.items()},
        page=page,
        pages=pages,
        errors=len(checked.errors),
        warnings=len(checked.findings) - len(checked.errors),
    )


def said(sentence: str, lexicon: Lexicon, other: Callable[[], Lexicon]) -> Sentence:
    """Read a sentence, with what is wrong at which letters, or that it is in another language."""
    return read_here(sentence.strip(), lexicon, other)


def put(text: str, rule: Rule, *, instead: str = "") -> str | None:
    """Return a draft with one more rule, in the place of another one if its id is given.

    Comments above the rule that goes stay above the one that comes. A draft that says it
    already stays as it is typed. None if it is unreadable.
    """
    document = read_text(text).document
    if document is None:
        return None
    if rule in document.rules.rules and instead in ("", rule.id):
        return text
    rules = tuple(each for each in document.rules.rules if each.id != instead)
    old = next((each for each in document.rules.rules if each.id == instead), None)
    comments = dict(document.comments)
    if old is not None and old in comments:
        comments[rule] = comments.pop(old)
    changed = replace(document.rules, rules=(*rules, rule) if rule not in rules else rules)
    return replace(document, rules=changed, comments=comments).text()


def without(text: str, rule_id: str) -> str | None:
    """Return a draft without a rule; None if it is unreadable."""
    document = read_text(text).document
    if document is None:
        return None
    kept = tuple(each for each in document.rules.rules if each.id != rule_id)
    comments = {row: said for row, said in document.comments.items() if _id(row) != rule_id}
    changed = replace(document, rules=replace(document.rules, rules=kept), comments=comments)
    return changed.text()


def mended(text: str, rule_id: str, word: str, near: str) -> str | None:
    """Return a draft in which a rule says the known word that was meant; None if it cannot."""
    document = read_text(text).document
    rule = None if document is None else _named(document, rule_id)
    if rule is None:
        return None
    line = rule.line.replace(word, near)
    fixed = read(line, Lexicon()).rule
    return None if fixed is None else put(text, fixed, instead=rule_id)


def rule_named(text: str, rule_id: str) -> Rule | None:
    """Return a rule of a draft by its id."""
    document = read_text(text).document
    return None if document is None else _named(document, rule_id)


def in_form(text: str, form: Form) -> str | None:
    """Return a draft in a form; None if it is unreadable, for then it has only its own."""
    document = read_text(text).document
    return None if document is None else document.text(form)


def from_form(text: str, form: Form) -> str:
    """Return what was typed or uploaded as the one text a draft is kept in.

    Raises:
        RuleProblems: a form that is not the draft's own cannot be read.
    """
    return text if form is Form.CSV else read_text(text, form).required().text()


def _named(document: Document, rule_id: str) -> Rule | None:
    return next((each for each in document.rules.rules if each.id == rule_id), None)


def _id(row: object) -> str:
    return row.id if isinstance(row, Rule) else ""


def _by_line(checked: Validated) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = {}
    for each in checked.findings:
        found.setdefault(each.line, []).append(each)
    return found


def _holds(rule: Rule, words: list[str], lexicon: Lexicon) -> bool:
    line = rule.line.casefold()
    missing = [word for word in words if word not in line]
    if not missing:
        return True
    sentence = write(rule, lexicon).casefold()
    return all(word in sentence for word in missing)
