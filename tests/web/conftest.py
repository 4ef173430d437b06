"""The office and its browsers, for every test of the pages."""

from __future__ import annotations

from change_fixtures import author, busy, second
from web_fixtures import (
    app,
    clerk,
    compiled_catalogues,
    office,
    office_template,
    stranger,
)

__all__ = [
    "app", "author", "busy", "clerk", "compiled_catalogues", "office", "office_template", "second",
    "stranger",
]  # fmt: skip
