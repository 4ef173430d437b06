"""The files of an evidence package: the same content gives the same bytes, on every machine."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence

from audit.entry import Entry
from audit.record import Json, canonical

_MOMENT = (1980, 1, 1, 0, 0, 0)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = ("seq", "ts", "ev", "out", "sub", "unit", "obj", "svc", "why", "did", "pv", "eid")


def table(about: Mapping[str, Json], entries: Sequence[Entry]) -> bytes:
    """A table for spreadsheets; no cell of it is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    if about["partial"]:
        writer.writerow([f"PARTIAL 不完整: {about['entries']} / {about['of']}"])
    writer.writerow(_COLUMNS)
    for entry in entries:
        said = {**entry.fields, "seq": entry.seq}
        writer.writerow([_cell(said.get(name, "")) for name in _COLUMNS])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def line(said: Mapping[str, Json]) -> bytes:
    """A line of JSON Lines, canonical."""
    return canonical(dict(said)) + b"\n"


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as a ZIP: in this order, read-only, of one moment, uncompressed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as package:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _MOMENT)
            info.create_system = 3
            info.external_attr = 0o100444 << 16
            package.writestr(info, data)
    return made.getvalue()
