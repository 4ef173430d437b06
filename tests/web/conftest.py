"""The office and its browsers, for every test of the pages."""

from __future__ import annotations

from change_fixtures import author, busy, second
from chromium_office import chrome, context, whole
from web_fixtures import (
    app,
    clerk,
    compiled_catalogues,
    office,
    office_template,
    stranger,
)

__all__ = [
    "app", "author", "busy", "chrome", "clerk", "compiled_catalogues", "context", "office",
    "office_template", "second", "stranger", "whole",
]  # fmt: skip
