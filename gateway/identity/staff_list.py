"""Reading a staff list: the bytes of a CSV file become lines, or faults that name their line.

Total: whatever the bytes are, the answer is lines and faults, never an exception. UTF-8 with or
without its mark, else GB 18030; comma, semicolon or tab; heads in Chinese or English, in any
order (RFC 4180 for the quotes). A list gives no rights: a column that would is a fault.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.identity import logins, names, staff_numbers
from gateway.refusals import Refused

MAX_BYTES = 2 << 20
"""Largest file."""
MAX_LINES = 10_000
"""Most people in one list."""
MAX_FAULTS = 500
"""Most faults that are told; so many say enough."""
SHOWN = 60
"""Characters of a faulty value that are repeated."""

COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("login", "sign-in name", "username", "登录名", "账号", "用户名"), "login"),
    **dict.fromkeys(("name", "full name", "姓名", "名字"), "name"),
    **dict.fromkeys(("unit", "department", "单位", "部门", "处室", "科室"), "unit"),
    **dict.fromkeys(("staff number", "staff_number", "工号", "人员编号", "职工号"), "staff_number"),
    **dict.fromkeys(("state", "status", "状态"), "state"),
}
"""Heads that are understood, and what they stand for."""
REQUIRED = ("login", "name", "unit")
RIGHTS = frozenset(
    {"role", "roles", "clearance", "label", "office", "password", "permission", "permissions"}
    | {"角色", "岗位角色", "密级", "涉密等级", "权限", "口令", "密码", "职务权限"}
)
"""Heads of what no list may give."""
STATES: Mapping[str, str] = {
    **dict.fromkeys(("active", "在职", "启用", "正常"), "active"),
    **dict.fromkeys(("disabled", "left", "离职", "停用", "退休", "调离"), "disabled"),
}
_FORMULA = frozenset("=+-@\t\r＝＋－＠")
_DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line (1 is the heads; 0 the file). `word` is what stands there."""

    line: int
    code: str
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A person of the list. `unit` is as written; `state` is active, disabled or empty."""

    number: int
    login: str
    name: str
    unit: str
    staff_number: str
    state: str


@dataclass(frozen=True, slots=True)
class StaffList:
    """What a file says. With faults it is not to be used."""

    lines: Sequence[Line] = ()
    faults: Sequence[Fault] = field(default=())


def read(content: bytes) -> StaffList:
    """Read a file."""
    if len(content) > MAX_BYTES:
        return StaffList(faults=(Fault(0, "too_large"),))
    text = _decoded(content)
    if text is None:
        return StaffList(faults=(Fault(0, "encoding"),))
    rows, faults = _rows(text)
    if faults or not rows:
        return StaffList(faults=faults or (Fault(0, "empty"),))
    heads, wrong = _heads(rows[0][1])
    if wrong:
        return StaffList(faults=wrong)
    return _people(heads, rows[1:])


def cell(text: str) -> str:
    """Return a value for a report that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in _FORMULA else text


def _decoded(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _rows(text: str) -> tuple[list[tuple[int, list[str]]], tuple[Fault, ...]]:
    """The rows that are not blank, each with the number of its first line."""
    if len(text.splitlines()) > 2 * MAX_LINES:  # blank ones included
        return [], (Fault(0, "too_many_lines"),)
    head = text.lstrip("\r\n").splitlines()[:1] or [""]
    delimiter = max(_DELIMITERS, key=head[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, begins = [], 1
    try:
        for row in reader:
            if any(each.strip() for each in row):
                rows.append((begins, row))
            begins = reader.line_num + 1
    except csv.Error:
        return [], (Fault(begins, "quotes"),)
    if len(rows) > MAX_LINES + 1:
        return [], (Fault(0, "too_many_lines"),)
    return rows, ()


def _heads(row: Sequence[str]) -> tuple[list[str], tuple[Fault, ...]]:
    found: list[str] = []
    faults: list[Fault] = []
    for head in row:
        written = unicodedata.normalize("NFKC", head).strip().casefold()
        name = COLUMNS.get(written, "")
        if not name:
            code = "column_of_rights" if written in RIGHTS else "column_unknown"
            faults.append(Fault(1, code, head.strip()[:SHOWN]))
        elif name in found:
            faults.append(Fault(1, "column_twice", head.strip()[:SHOWN]))
        found.append(name)
    faults += [Fault(1, "column_missing", name) for name in REQUIRED if name not in found]
    return found, tuple(faults[:MAX_FAULTS])


def _people(heads: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> StaffList:
    lines: list[Line] = []
    faults: list[Fault] = []
    for number, row in rows:
        wrong = list(_faults_of(number, heads, row))
        if wrong:
            faults += wrong
        else:
            lines.append(_line(number, dict(zip(heads, row, strict=True))))
    for column, code in (("login", "login_twice"), ("staff_number", "number_twice")):
        faults += _twice(lines, column, code)
    if not rows:
        faults.append(Fault(0, "empty"))
    faults.sort(key=lambda each: each.line)
    return StaffList(tuple(lines), tuple(faults[:MAX_FAULTS]))


def _faults_of(number: int, heads: Sequence[str], row: Sequence[str]) -> Iterator[Fault]:
    if len(row) != len(heads):
        yield Fault(number, "cells", f"{len(row)} / {len(heads)}")
        return
    said = dict(zip(heads, (each.strip() for each in row), strict=True))
    checks = (
        ("login", "login_not_allowed", _is_login),
        ("name", "name_not_allowed", _is_name),
        ("staff_number", "staff_number_not_allowed", _is_number),
        ("state", "state_unknown", lambda text: not text or text.casefold() in STATES),
        ("unit", "unit_missing", bool),
    )
    for column, code, fits in checks:
        if column in said and not fits(said[column]):
            yield Fault(number, code, _shown(said[column]))
        elif column in said and said[column][:1] in _FORMULA:
            yield Fault(number, "formula", _shown(said[column]))


def _line(number: int, said: Mapping[str, str]) -> Line:
    typed = said.get("staff_number", "").strip()
    return Line(
        number=number,
        login=logins.checked(said["login"]),
        name=names.checked(said["name"]),
        unit=said["unit"].strip(),
        staff_number=staff_numbers.checked(typed) if typed else "",
        state=STATES.get(said.get("state", "").strip().casefold(), ""),
    )


def _twice(lines: Sequence[Line], column: str, code: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for line in lines:
        value = getattr(line, column)
        if value and value in seen:
            yield Fault(line.number, code, value)
        seen.add(value)


def _is_login(text: str) -> bool:
    return _passes(logins.checked, text)


def _is_name(text: str) -> bool:
    return _passes(names.checked, text)


def _is_number(text: str) -> bool:
    return not text or _passes(staff_numbers.checked, text)


def _passes(check: object, text: str) -> bool:
    assert callable(check)
    try:
        check(text)
    except Refused:
        return False
    return True


def _shown(text: str) -> str:
    """A faulty value without what would break or colour a line."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:SHOWN])
