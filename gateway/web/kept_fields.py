"""A kept form made readable: its fields and files, without what is nobody's to read."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import parse_form_data

from gateway.access.kept_content import Posted
from gateway.web.fresh import CODE
from gateway.web.origin import FIELD

LONGEST = 2000
"""Characters of one value that are shown."""
MOST = 200
"""Fields that are shown."""

_TOKEN = re.compile(
    r"csrf|xsrf|authenticity_token|requestverificationtoken|^_token$|viewstate", re.IGNORECASE
)
_SECRET = re.compile(r"passw|passwd|pwd|secret|passphrase|口令|密码|pin$", re.IGNORECASE)
_OURS = frozenset({FIELD, CODE})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `value` is None for a secret, which is kept but not shown."""

    name: str
    value: str | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """One file by its name; `size` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a form. `unreadable`: it is no form we can read, and goes out as it is."""

    fields: Sequence[Field] = ()
    files: Sequence[File] = ()
    more: int = 0
    """Fields beyond those shown."""
    unreadable: bool = False


def content_of(posted: Posted) -> Content:
    """Read a form of any of the kinds that pages send: url-encoded, multipart, JSON, plain."""
    kind = posted.media_type.partition(";")[0].strip().lower()
    if kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return _form(posted)
    if kind == "application/json" or kind.endswith("+json"):
        return _json(posted.body)
    if kind == "text/plain":
        return _shown([("", posted.body.decode("utf-8", "replace"))], [])
    return Content(unreadable=True)


def _form(posted: Posted) -> Content:
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": posted.media_type,
        "CONTENT_LENGTH": str(len(posted.body)),
        "wsgi.input": io.BytesIO(posted.body),
    }
    try:
        _, form, files = parse_form_data(environ, silent=False)
    except (HTTPException, ValueError):
        return Content(unreadable=True)
    sent = [_file(file) for _, file in files.items(multi=True)]
    return _shown(list(form.items(multi=True)), [each for each in sent if each.name])


def _file(file: FileStorage) -> File:
    size = file.stream.seek(0, io.SEEK_END)
    file.close()
    return File(file.filename or "", size)


def _json(body: bytes) -> Content:
    try:
        value: Any = json.loads(body)
        pairs = value.items() if isinstance(value, dict) else [("", value)]
        # Indented deep inside, a form would grow to a hundred times its size.
        indent = 1 if len(body) <= LONGEST else None
        texts = [(name, _text(each, indent)) for name, each in pairs]
    except (ValueError, RecursionError):  # nested so deeply that nobody could read it either
        return Content(unreadable=True)
    return _shown(texts, [])


def _text(value: object, indent: int | None) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _shown(pairs: list[tuple[str, str]], files: list[File]) -> Content:
    wanted = [pair for pair in pairs if pair[0] not in _OURS and not _TOKEN.search(pair[0])]
    fields = [
        Field(name, None)
        if _SECRET.search(name)
        else Field(name, value[:LONGEST], is_cut=len(value) > LONGEST)
        for name, value in wanted[:MOST]
    ]
    return Content(fields=fields, files=files, more=max(0, len(wanted) - MOST))
