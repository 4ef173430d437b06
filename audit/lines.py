"""The log as lines for other tools: OCSF, CEF or syslog messages in one file. Never the record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, select

from audit import cef, ocsf, syslog
from audit.stored import stored_bytes
from audit.tables import audit_event

AT_ONCE = 2048

log = logging.getLogger("hangu.lines")


class Form(Protocol):
    """How an entry becomes bytes of the file."""

    def __call__(self, entry: bytes, *, index: int, origin: str) -> bytes:
        """Return the bytes."""


def _framed(entry: bytes, *, index: int, origin: str) -> bytes:
    return syslog.frame(syslog.message(entry, index=index, origin=origin))


FORMS: Mapping[str, Form] = {"ocsf": ocsf.line, "cef": cef.line, "syslog": _framed}


def write(
    read: Engine,
    size: int,
    file: Path,
    form: str,
    *,
    origin: str,
    tell: Callable[[int], None] = lambda _done: None,
) -> int:
    """Write the first `size` entries to a new file, whole or not at all; return how many.

    Those whose content was pruned are left out, and what somebody wrote into the database
    that is no entry: one such must not keep all others back. So fewer than `size` may come.

    Raises:
        FileExistsError: there is something already.
    """
    partial = file.with_name(file.name + ".partial")
    event, made, count = audit_event.c, FORMS[form], 0
    if file.exists():
        raise FileExistsError(17, "exists already", str(file))
    try:
        with partial.open("wb") as output, read.connect() as connection:
            for start in range(0, size, AT_ONCE):
                query = select(event.seq, event.body).where(
                    event.seq >= start, event.seq < min(size, start + AT_ONCE)
                )
                for row in connection.execute(query.order_by(event.seq)):
                    try:
                        output.write(made(stored_bytes(row.body), index=row.seq, origin=origin))
                    except ocsf.NO_ENTRY:
                        log.warning("entry %s has no form of an entry and is left out", row.seq)
                    else:
                        count += 1
                tell(min(size, start + AT_ONCE))
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
    return count
