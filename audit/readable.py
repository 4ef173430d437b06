"""Values of a kind that no table of ours ever holds: found, and in nobody's way.

SQLite keeps whatever is written. A moment that is none, in any row, must not end the look at all
the others before its report is printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from audit.verify import Report

_ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@contextmanager
def readable(report: Report, what: str) -> Iterator[None]:
    """Look at `what`; if values cannot be read, that is a finding, and the rest is looked at.

    Raises DBAPIError: the database does not answer.
    """
    try:
        yield
    except _ODD as error:
        report.tampered(report.size, f"{what}: a value cannot be read: {error}")
    except DBAPIError as error:
        if "decode" not in str(error.orig):  # a text that is no UTF-8, as sqlite3 says it
            raise
        report.tampered(report.size, f"{what}: a text cannot be read: {error.orig}")
