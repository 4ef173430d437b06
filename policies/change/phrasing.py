"""Writing rules as sentences. What is written is read back, and must say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policies.cases import Case
from policies.change.lexicon import Language, Lexicon
from policies.change.sentences import read
from policies.change.spelling import dated, decoded, in_days
from policies.pairs import parts
from policies.rules import Rule
from policies.vocabulary import ANY, is_pair, tokens
from policies.weekly import weekly


def write(rule: Rule, lexicon: Lexicon) -> str:
    """Return the sentence of a rule. Reading it gives exactly this rule."""
    named = _written(rule, lexicon, dict(lexicon.called))
    if read(named, lexicon).rule == rule:
        return named
    # Some name in it is misleading: keep the fixed words, write every name as its id.
    own = {("sub", each) for each in lexicon.names} | {("svc", each) for each in lexicon.names}
    own |= {("obj", each) for each in lexicon.names}
    fixed = {
        key: text for key, text in lexicon.called.items() if key not in own and key[0] != "win"
    }
    plain = _written(rule, lexicon, fixed)
    return plain if read(plain, lexicon).rule == rule else rule.line


def who(sub: str, lexicon: Lexicon) -> str:
    """Return the words for whom a rule or a test speaks of: one subject, or several by `|`."""
    said = (_subject(each, lexicon.language, lexicon.called) for each in tokens(sub))
    return _AND[lexicon.language].join(said)


def place(obj: str, lexicon: Lexicon) -> str:
    """Return the words for a place: a service by its name, with the path."""
    return _object(obj, lexicon.called)


def actions(act: str, lexicon: Lexicon) -> str:
    """Return the words for actions, e.g. `GET|HEAD`."""
    return _AND[lexicon.language].join(_actions(act, lexicon.called))


def word(column: str, value: str, lexicon: Lexicon) -> str:
    """Return the word for a value of a rule's column, e.g. `net` and `lan`."""
    return lexicon.called.get((column, value), value)


def tested(case: Case, lexicon: Lexicon) -> str:
    """Return the words for a test: who must be allowed what where, signed in how, from where."""
    words = _TESTED[lexicon.language]
    return words["whole"].format(
        who=who(case.sub, lexicon),
        expect=words[case.expect],
        act=actions(case.act, lexicon),
        place=place(case.obj, lexicon),
        net=word("net", case.net, lexicon),
        auth=word("auth", case.auth, lexicon),
        clr=word("cls", case.clr, lexicon),
    )


def _written(rule: Rule, lexicon: Lexicon, called: Mapping[tuple[str, str], str]) -> str:
    def one(column: str, value: str) -> str:
        return called.get((column, value), value)

    def words(column: str, value: str) -> str:
        return _AND[lexicon.language].join(one(column, each) for each in tokens(value))

    said = {
        "sub": _subject(rule.sub, lexicon.language, called),
        "eft": one("eft", rule.eft),
        "act": _AND[lexicon.language].join(_actions(rule.act, called)),
        "obj": _object(rule.obj, called),
    }
    optional = {
        "zone": one("zone", rule.zone),
        "win": called.get(("win", rule.win)) or _spelt(rule.win, lexicon),
        "net": words("net", rule.net),
        "cls": words("cls", rule.cls),
        "auth": one("auth", rule.auth),
    }
    for name, text in optional.items():
        is_any = getattr(rule, name) == ANY
        said[name] = "" if is_any else _AROUND[lexicon.language][name].format(text)
    if rule.eft == "deny" and rule.auth != ANY:
        # A denial asks for no sign-in: it meets those who signed in at least like this.
        how = one("auth", rule.auth).removeprefix("需")
        said["auth"] = _SIGNED_IN[lexicon.language].format(how)
    text = " ".join(_ORDER[lexicon.language].format(**said).split())
    return text.replace(" ，", "，").replace(" during until ", " until ")


def _subject(sub: str, language: Language, called: Mapping[tuple[str, str], str]) -> str:
    """Return the words for who; of who is both, if unit and role have names."""
    if not is_pair(sub):
        return called.get(("sub", sub), sub)
    unit, role = (called.get(("sub", part)) for part in parts(sub))
    return sub if unit is None or role is None else _BOTH[language].format(unit=unit, role=role)


def _actions(act: str, called: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Return the words for actions; the common sets have words of their own."""
    left = set(tokens(act))
    for together in ("GET|HEAD", "DELETE|PATCH|POST|PUT"):
        if left >= set(tokens(together)) and ("act", together) in called:
            left -= set(tokens(together))
            yield called["act", together]
    yield from (called.get(("act", each), each) for each in sorted(left))


def _object(obj: str, called: Mapping[tuple[str, str], str]) -> str:
    if not obj.startswith("svc:"):
        return called.get(("obj", obj), obj)
    service, _, path = obj.partition("/")
    name = called.get(("svc", service))
    return obj if name is None else f"{name}/{decoded(path)}"


def times(win: str, lexicon: Lexicon) -> str:
    """Return the words for a rule's windows: their name if they have one, else dates and hours."""
    if ("win", win) in lexicon.called:
        return lexicon.called["win", win]
    return _spelt(win, lexicon)


def _spelt(win: str, lexicon: Lexicon) -> str:
    return _AND[lexicon.language].join(
        dated(each, lexicon.zone, _FROM_TO[lexicon.language])
        if weekly(each) is None
        else in_days(each, lexicon.zone, is_chinese=lexicon.language is Language.ZH)
        for each in tokens(win)
    )


_TESTED: Final = {
    Language.ZH: {
        "allow": "必须准许", "deny": "必须拒绝", "step_up": "必须要求加强登录验证",
        "whole": "{who}{expect}：{act} {place}（{net}，{auth}，知悉等级：{clr}）",
    },
    Language.EN: {
        "allow": "must be allowed", "deny": "must be denied",
        "step_up": "must be asked for a stronger sign-in",
        "whole": "{who} {expect}: {act} {place} ({net}, {auth}, cleared for {clr})",
    },
}  # fmt: skip
_AND: Final = {Language.ZH: "、", Language.EN: ", "}
_BOTH: Final = {Language.ZH: "{unit}的{role}", Language.EN: "{role} of {unit}"}
_FROM_TO: Final = {Language.ZH: "{} 至 {}", Language.EN: "{} to {}"}
_ORDER: Final = {
    Language.ZH: "{sub} {eft} {zone} {win} {net} {act} {obj} {cls}{auth}",
    Language.EN: "{sub} {eft} {act} {obj} {zone} {win} {net} {cls} {auth}",
}
_SIGNED_IN: Final = {Language.ZH: "，仅对{}登录", Language.EN: "when signed in {}"}
_AROUND: Final = {
    Language.ZH: {
        "zone": "在 {}", "win": "在 {}", "net": "从 {}", "cls": "，限 {}", "auth": "，{}",
    },
    Language.EN: {
        "zone": "in {}", "win": "during {}", "net": "from {}", "cls": "at {}", "auth": "{}",
    },
}  # fmt: skip
