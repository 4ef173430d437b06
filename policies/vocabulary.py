"""The words rules and requests are made of, and the grammar of every id in them.

Whatever is not named here is refused when rules are read, so that a misspelt deny cannot
silently do nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

ANY: Final = "*"
"""In a rule: any value of that column. Never a value of a request."""

AND: Final = "&"
"""Between a unit and a role: whoever is of the one and holds the other."""

NO_CATEGORY: Final = "cat:none"
"""The data category of what carries none."""

ZONES: Final = frozenset({"extranet", "intranet"})
EFFECTS: Final = frozenset({"allow", "deny"})
NETWORKS: Final = frozenset({"government", "internet", "lan", "vpn"})
"""Network classes, computed once by the gateway; `government` is the e-government extranet."""

METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
DATA_OPERATIONS: Final = frozenset({"export", "print", "read"})
USE: Final = "use"
"""The only action on the gateway's own pages."""
ACTIONS: Final = METHODS | DATA_OPERATIONS | {USE}
WRITES: Final = frozenset({"DELETE", "PATCH", "POST", "PUT"})
"""The actions that carry data into a service."""

LEVELS: Final = range(5)
"""Classification and clearance: 0 公开 public, 1 内部 internal, 2 敏感 sensitive,
3 重要 important, 4 核心 core."""

STRENGTHS: Final = range(1, 4)
"""Sign-in strength: 1 password, 2 password and one-time code, 3 passkey or certificate."""

OFFICERS: Final = frozenset({"role:auditor", "role:security_admin", "role:system_admin"})
"""The three officers (三员). No person may hold two of these, in whatever zones."""

MAX_VALUE: Final = 240
"""Characters in one value of a rule."""

MAX_OBJECT: Final = 65_536
"""Characters in the object of a request, i.e. in a path with its service."""

_SLUG = "[a-z0-9][a-z0-9-]{0,39}"
_ROLE = "[a-z][a-z0-9_-]{0,39}"
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SEGMENT = "[A-Za-z0-9_.~-]+"
_PERMISSION = "[a-z]+(?:_[a-z]+)*\\.[a-z]+(?:_[a-z]+)*"

_PERSON = re.compile(f"person:{_UUID}", re.ASCII)
_MEMBER_ROLE = re.compile(f"role:{_ROLE}", re.ASCII)
_UNIT = re.compile(f"unit:{_SLUG}", re.ASCII)
_PAIR = re.compile(f"unit:{_SLUG}{AND}role:{_ROLE}", re.ASCII)
_CATEGORY = re.compile(f"cat:{_SLUG}", re.ASCII)
_PAGE = re.compile(f"app:{_PERMISSION}", re.ASCII)
_SERVICE_OBJECT = re.compile(f"svc:{_SLUG}/(?:{_SEGMENT}(?:/{_SEGMENT})*)?", re.ASCII)
_SUBTREE = re.compile(f"svc:{_SLUG}/(?:{_SEGMENT}/)*\\*\\*", re.ASCII)
_VALUE = re.compile("[A-Za-z0-9_:./|~*@&+-]+", re.ASCII)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_DOTS = frozenset({".", ".."})


def is_value(text: str) -> bool:
    """Tell whether `text` is made only of what a rule's value may hold.

    These are `A-Za-z0-9_:./|~*@&+-`.

    No comma, quote, bracket, `#`, control character or look-alike letter: nothing that
    another reader of the same text could take apart differently.
    """
    return len(text) <= MAX_VALUE and _VALUE.fullmatch(text) is not None


def is_person(text: str) -> bool:
    """Tell whether `text` is `person:<uuid>`, lower case."""
    return _PERSON.fullmatch(text) is not None


def is_role(text: str) -> bool:
    """Tell whether `text` is `role:<name>`, the name of 1 to 40 of `a-z0-9_-`."""
    return _MEMBER_ROLE.fullmatch(text) is not None


def is_unit(text: str) -> bool:
    """Tell whether `text` is `unit:<slug>`."""
    return _UNIT.fullmatch(text) is not None


def is_pair(text: str) -> bool:
    """Tell whether `text` is `unit:<slug>&role:<name>`: both, in this order."""
    return _PAIR.fullmatch(text) is not None


def is_category(text: str) -> bool:
    """Tell whether `text` is `cat:<slug>`."""
    return _CATEGORY.fullmatch(text) is not None


def is_page(text: str) -> bool:
    """Tell whether `text` has the form `app:<area>.<verb>`."""
    return _PAGE.fullmatch(text) is not None


def is_service_pattern(text: str) -> bool:
    """Tell whether `text` names a place in a service, or with a last `/**` a whole subtree."""
    return is_service_object(text) or _matches_without_dots(_SUBTREE, text)


def is_service_object(text: str) -> bool:
    """Tell whether `text` is `svc:<slug>/<segments>`, the segments of `[A-Za-z0-9_.~-]`.

    No empty segment, no last slash, no `.` or `..`: with any of these two readers could mean
    different pages, so such an object matches nothing at all.
    """
    return len(text) <= MAX_OBJECT and _matches_without_dots(_SERVICE_OBJECT, text)


def has_unseen(text: str) -> bool:
    """Tell whether `text` holds control, formatting or line-separating characters."""
    return not text.isprintable() and any(unicodedata.category(c) in _UNSEEN for c in text)


def tokens(value: str) -> list[str]:
    """Return the parts of a value joined by bars, e.g. of `GET|POST`."""
    return value.split("|")


def _matches_without_dots(grammar: re.Pattern[str], text: str) -> bool:
    return grammar.fullmatch(text) is not None and _DOTS.isdisjoint(text.split("/"))
