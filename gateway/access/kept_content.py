"""What is sealed of a kept form: its address, what the browser said, and the body's bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from gateway.access.tables_kept import KeptForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A form as it was sent. `origin` and `referer` are what the browser said of its page."""

    target: str
    media_type: str
    body: bytes = field(repr=False)
    origin: str = ""
    referer: str = ""


def packed(posted: Posted, row: KeptForm) -> bytes:
    """One line of JSON, then the body's bytes. Says whose it is: no row can be given to another."""
    said = [posted.target, posted.media_type, posted.origin, posted.referer]
    return json.dumps([*_bound_to(row), *said]).encode() + b"\n" + posted.body


def unpacked(content: bytes, row: KeptForm) -> Posted | None:
    """Return the form, or None if it was sealed for another person or service than the row says."""
    line, _, body = content.partition(b"\n")
    person, service, *said = json.loads(line or b"[null, null]")
    if [person, service] != _bound_to(row):
        return None
    target, media_type, origin, referer = said
    return Posted(target=target, media_type=media_type, origin=origin, referer=referer, body=body)


def _bound_to(row: KeptForm) -> list[str | None]:
    return [row.person_id.hex, row.service]
