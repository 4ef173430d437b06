r"""An entry in the Common Event Format, for receivers that read nothing else.

    CEF:0|Hangu|Hangu|1|<event>|<event>|<severity 0..10>|<key>=<value> <key>=<value>

Nothing that a person typed can end a field, a line or a key: in the head `\` and `|` are
escaped and line ends become spaces, in the extension `\`, `=` and line ends are escaped.
Source: ArcSight Common Event Format, version 0.1 (character encoding, section 4).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from audit.record import canonical
from audit.vocabulary import Outcome

_SEVERITIES = {Outcome.SUCCESS: 2, Outcome.FAILURE: 5, Outcome.DENIED: 6}
_LINE_ENDS = {"\n": "\\n", "\r": "\\r", "\x85": "\\n", "\u2028": "\\n", "\u2029": "\\n"}
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]
_SPACE = str.maketrans(dict.fromkeys(map(chr, _CONTROLS), " "))


def line(entry: bytes, *, index: int, origin: str) -> bytes:
    """Return a sealed entry as one line, with its newline.

    Raises:
        One of `audit.ocsf.NO_ENTRY`: the bytes are no entry.
    """
    body: dict[str, Any] = json.loads(entry)
    severity = _SEVERITIES[Outcome(body["out"])]
    name = header(body["ev"])
    fields = {
        "rt": str(int(datetime.fromisoformat(body["ts"]).timestamp() * 1000)),
        "externalId": str(index),
        "dvchost": origin.partition("/")[0],
        "suser": _text(body["sub"]),
        "outcome": body["out"],
        "reason": _text(body.get("why", "")),
        "duser": _text(body.get("obj", "")),
        "destinationServiceName": _text(body.get("svc", "")),
        "cs1Label": "eid",
        "cs1": body["eid"],
        "cs2Label": "details",
        "cs2": _text(body["d"]) if "d" in body else "",
        "cs3Label": "zone",
        "cs3": _text(body["zone"]),
    }
    rest = " ".join(f"{key}={extension(value)}" for key, value in fields.items() if value)
    return f"CEF:0|Hangu|Hangu|1|{name}|{name}|{severity}|{rest}\n".encode()


def header(text: str) -> str:
    """Return `text` as a field of the head."""
    return text.translate(_SPACE).replace("\\", "\\\\").replace("|", "\\|")


def extension(text: str) -> str:
    """Return `text` as a value of the extension."""
    text = text.replace("\\", "\\\\").replace("=", "\\=")
    for character, escaped in _LINE_ENDS.items():
        text = text.replace(character, escaped)
    return text.translate(_SPACE)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever an entry may hold
    return value if isinstance(value, str) else canonical(value).decode()
