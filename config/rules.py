"""What one setting may be: small total parsers, each saying in words what it allows."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from policies.functions import is_window

_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_SEALED = "break_glass"
HOUSE_ROLES = frozenset(
    {"auditor", "responder", "security_admin", "service_owner", "staff", "system_admin"}
)
"""The roles that every zone has, without the sealed accounts'; a test holds them equal to those
that the pages name. A zone may have others."""
_SAID = re.compile(r"[^\s|,，、。;；:：()（）\d][^|,，、。;；:：()（）]{0,19}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting's rule: `parse` returns the value or raises ValueError (why, or nothing)."""

    allowed: str
    parse: Callable[[object], object]


def text(low: int, high: int) -> Rule:
    """Printable text of `low` to `high` characters."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or not low <= len(value) <= high or not value.isprintable():
            raise ValueError
        return value

    return Rule(f"text of {low} to {high} characters", parse)


def choice(*words: str) -> Rule:
    """One of `words`."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return Rule(" or ".join(f'"{word}"' for word in words), parse)


def flag() -> Rule:
    """True or false."""

    def parse(value: object) -> object:
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - the loader takes ValueError alone
        return value

    return Rule("true or false", parse)


def whole(low: int, high: int, unit: str) -> Rule:
    """A whole number of `unit`, `low` to `high`; true is not 1."""

    def parse(value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    return Rule(f"a whole number of {unit}, {low} to {high}", parse)


def seconds(low: int, high: int) -> Rule:
    """Whole seconds in the file, `timedelta` in the program."""
    number = whole(low, high, "seconds")

    def parse(value: object) -> object:
        count = number.parse(value)
        assert isinstance(count, int)
        return timedelta(seconds=count)

    return Rule(number.allowed, parse)


def timezone() -> Rule:
    """A name of the IANA time zone list."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or value not in zoneinfo.available_timezones():
            raise ValueError
        return value

    return Rule('a name of the IANA time zone list, as "Asia/Shanghai"', parse)


def authorities() -> Rule:
    """A file of certificates (PEM), or nothing: the system's own."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError
        if value and not Path(value).is_absolute():
            raise ValueError("the path begins with /")
        if value and not Path(value).is_file():
            raise ValueError("there is no such file")
        return Path(value) if value else None

    return Rule('"" or the absolute path of a PEM file', parse)


def place() -> Rule:
    """A path, below the zone's directory unless it is absolute."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or not value.isprintable() or not value.strip("./ "):
            raise ValueError
        if ".." in PurePosixPath(value).parts:
            raise ValueError("no step up")
        return Path(value)

    return Rule("a path, below DIR unless it begins with /", parse)


def list_of(value: object) -> list[object]:
    """Return a value that must be a list. Raises ValueError."""
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004 - the loader takes ValueError alone
    return value


def words() -> Rule:
    """A list of words of 2 to 60 characters."""

    def parse(value: object) -> object:
        found = tuple(list_of(value))
        for word in found:
            if not isinstance(word, str) or not 2 <= len(word.strip()) <= 60:  # noqa: PLR2004
                raise ValueError("each is a word of 2 to 60 characters")
        return found

    return Rule("a list of words of 2 to 60 characters", parse)


def roles() -> Rule:
    """A list of names of roles whose holders have factors of their own."""

    def parse(value: object) -> object:
        for name in (found := list_of(value)):
            if not isinstance(name, str) or not _ROLE.fullmatch(name):
                raise ValueError("each is a role's name: a-z, 0-9, _ and -, a letter first")
            if name == _SEALED:
                raise ValueError(f"{name} is the role of sealed accounts, which have no factors")
            if name not in HOUSE_ROLES and (near := difflib.get_close_matches(name, HOUSE_ROLES)):
                raise ValueError(f"no role is called {name}; {near[0]} is meant?")
        return frozenset(found)

    return Rule('a list of names of roles, as ["system_admin", "auditor"]', parse)


def named_windows() -> Rule:
    """Times that come back, with the names that sentences of rules call them by."""

    def parse(value: object) -> object:
        named = [_named_window(item) for item in list_of(value)]
        for place, language in enumerate(("Chinese", "English")):
            names = [each[place] for each in named]
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f'two are called "{min(twice)}" in {language}')
        return tuple(named)

    return Rule(
        'a list of "CHINESE|ENGLISH WINDOWS", as "夜班|night shift week:1-7@22:00-24:00+08:00"',
        parse,
    )


def _named_window(item: object) -> tuple[str, str, str]:
    words, _, windows = item.strip().rpartition(" ") if isinstance(item, str) else ("", "", "")
    chinese, _, english = (word.strip() for word in words.partition("|"))
    if not (_SAID.fullmatch(chinese) and _SAID.fullmatch(english)):
        raise ValueError(
            f'"{item}" does not begin with a Chinese and an English name, as 夜班|night shift'
        )
    if bad := [each for each in windows.split("|") if not is_window(each)]:
        raise ValueError(
            f'"{bad[0]}" is no window; write days (1 is Monday), hours and their clock as '
            "week:1-5@08:30-17:30+08:00, over midnight two of them joined by |"
        )
    return chinese, english, windows


def database_url() -> Rule:
    """SQLite or PostgreSQL through psycopg; the password has a file of its own."""
    return Rule('"sqlite:///PATH" or "postgresql://USER@HOST/NAME", without a password', _database)


def _database(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    scheme, separator, rest = value.partition("://")
    if not separator:
        raise ValueError
    if scheme == "sqlite":
        if not rest.startswith("/") or rest in {"/", "/:memory:"} or "?" in rest:
            raise ValueError("a file, as sqlite:///hangu.db")
        return value
    if scheme not in {"postgresql", "postgresql+psycopg"}:
        raise ValueError("of databases we know SQLite and PostgreSQL")
    if urlsplit(value).password or "password=" in rest:
        raise ValueError("the password belongs into secrets/database-password")
    return f"postgresql+psycopg://{rest}"
