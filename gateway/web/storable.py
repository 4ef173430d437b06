"""What a request may name and say: nothing that no database can keep."""

from __future__ import annotations

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter, ValidationError

MOST = 2**63 - 1
"""The highest number of a row."""
_ZERO = "\0"
"""PostgreSQL keeps no text with it; nobody types it."""


class RowNumber(IntegerConverter):
    """`<int:…>` in a route: from 0 to `MOST`; anything beyond is no address of ours."""

    regex = r"[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """The number; ValidationError, i.e. no such address, beyond `MOST`."""
        number: int = super().to_python(value)
        if number > MOST:
            raise ValidationError
        return number


def guard() -> None:
    """Guard: no zero byte in the address, the query or a form, whoever would store it."""
    if _ZERO in request.path:
        abort(404)
    for given in (request.args, request.form):
        for name, value in given.items(multi=True):
            if _ZERO in name or _ZERO in value:
                abort(400)


def install(app: Flask) -> None:
    """Before the first route that names an `int`."""
    app.url_map.converters["int"] = RowNumber
