"""The log in other tools' formats: complete, and nothing a person typed breaks out of its field."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealed_log import SealedLog

from audit import cef, lines, ocsf, syslog
from audit.record import Actor, Event, compose
from audit.vocabulary import EVENTS, Outcome

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
BASE = ("activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata")
REQUIRED = {
    1008: ("actor", "device", "log_name"),
    3001: ("user",),
    3002: ("user", "service"),
    3004: ("entity",),
    3005: ("user", "privileges"),
    6002: ("app",),
    6004: ("http_request", "web_resources"),
}
"""What OCSF 1.6 requires of each class; of `at_least_one` constraints, the one that we meet."""


def entry(name: str = "unit.created", **fields: object) -> bytes:
    given_: dict[str, object] = {"actor": Actor(subject="person:7", session="ab"), **fields}
    return compose(Event(name=name, at=NOW, zone="intranet", **given_)).body  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_has_all_that_ocsf_requires(name: str) -> None:
    kind = EVENTS[name]
    found = ocsf.event(entry(name, object="person:8"), index=3, origin="gate.example/audit")
    for attribute in (*BASE, *REQUIRED.get(kind.class_uid, ())):
        assert found.get(attribute) not in (None, "", [], {}), attribute
    assert found["type_uid"] == kind.class_uid * 100 + kind.activity
    assert found["category_uid"] == kind.class_uid // 1000
    assert found["time"] == int(NOW.timestamp() * 1000)
    assert kind.class_uid in ocsf.CLASSES
    metadata = found["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["version"] == "1.6.0"
    assert metadata["product"]
    assert (metadata["sequence"], metadata["log_name"]) == (3, "gate.example/audit")
    assert ("activity_name" in found) == (kind.activity == 99)


def test_no_personal_value_leaves_with_an_export() -> None:
    record = compose(
        Event(
            name="sign_in.refused",
            actor=Actor(subject="system:x", address="10.9.8.7"),
            at=NOW,
            zone="intranet",
            personal={"login": "wangqiang"},
        )
    )
    for made in lines.FORMS.values():
        written = made(record.body, index=0, origin="g/audit")
        assert b"10.9.8.7" not in written
        assert b"wangqiang" not in written


HOSTILE = (
    "x\n<165>1 2026-01-01T00:00:00Z evil hangu - forged - forged",
    "x\r\nCEF:0|Evil|Evil|1|forged|forged|10|",
    "a|b|c",
    "suser=root outcome=success",
    "back\\slash\\=equals\\",
    "=cmd|' /C calc'!A0",
    "\u2028line\u2029ends\x85",
    "\x00\x07\x1b[31m",
    '"]quote]\\"',
)


@pytest.mark.parametrize("text", HOSTILE)
def test_attack_what_a_person_typed_ends_no_line_field_or_frame(text: str) -> None:
    body = entry(object=text, reason=text, service=text, details={"k=v|": text})
    line = cef.line(body, index=0, origin="g/audit")
    assert line.endswith(b"\n")
    assert len(line.decode().splitlines()) == 1
    parsed = parse_cef(line.decode().rstrip("\n"))
    assert parsed["suser"] == "person:7"
    assert parsed["outcome"] == "success"
    assert "forged" not in parsed
    framed = syslog.frame(syslog.message(body, index=0, origin="g/audit"))
    length, _, rest = framed.partition(b" ")
    assert int(length) == len(rest)
    assert rest.startswith(b"<110>1 2026-11-22T06:00:00.000Z g hangu - unit.created [hangu@32473 ")
    assert b"\n" not in rest
    assert ocsf.line(body, index=0, origin="g/audit").count(b"\n") == 1


def parse_cef(line: str) -> dict[str, str]:
    """Read a CEF line as a receiver does."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    assert len(parts) == 8
    assert parts[0] == "CEF:0"
    fields = re.split(r"(?:^| )([A-Za-z0-9]+)=(?=(?:[^\\]|\\.)*)", parts[7])
    keys, found = fields[1::2], {}
    for key, value in zip(keys, fields[2::2], strict=True):
        found.setdefault(
            key, re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), value)
        )
    return found


@given(st.text(max_size=200))
def test_a_cef_value_comes_back_as_it_went_in(text: str) -> None:
    escaped = cef.extension(text)
    assert not re.search(r"[\n\r\x85\u2028\u2029]", escaped)
    assert not re.search(r"(?<!\\)(?:\\\\)*=", escaped)
    back = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), escaped)
    ends = dict.fromkeys("\x85\u2028\u2029", "\n")
    plain = text.translate(str.maketrans(ends))
    assert back == re.sub("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", " ", plain)


@given(st.text(max_size=100), st.sampled_from(sorted(EVENTS)), st.sampled_from(list(Outcome)))
def test_any_entry_becomes_one_line_of_each_format(text: str, name: str, outcome: Outcome) -> None:
    body = entry(
        name, object=text or None, outcome=outcome, details={"path": text, "roles": [text]}
    )
    found = json.loads(ocsf.line(body, index=1, origin="g"))
    assert found["status_id"] == (1 if outcome is Outcome.SUCCESS else 2)
    assert len(cef.line(body, index=1, origin="g").decode().splitlines()) == 1
    head = syslog.message(body, index=1, origin="g", form="cef").split(b"\xef\xbb\xbf")[0]
    assert head.isascii()


def test_a_file_is_written_whole_or_not_at_all(sealed_file: SealedLog, tmp_path: Path) -> None:
    sealed_file.write(300)
    sealed_file.seal()
    read, size = sealed_file.store.read, sealed_file.size
    for form in lines.FORMS:
        assert lines.write(read, size, tmp_path / form, form, origin="g/audit") == size
    assert len((tmp_path / "ocsf").read_bytes().splitlines()) == size
    with pytest.raises(FileExistsError):
        lines.write(read, size, tmp_path / "ocsf", "ocsf", origin="g/audit")
    sealed_file.attack("UPDATE audit_event SET body = '{' WHERE seq = 7")
    assert lines.write(read, size, tmp_path / "less", "ocsf", origin="g/audit") == size - 1

    def stop(_done: int) -> None:
        raise OSError("no space is left")

    with pytest.raises(OSError, match="no space"):
        lines.write(read, size, tmp_path / "again", "ocsf", origin="g/audit", tell=stop)
    assert sorted(path.name for path in tmp_path.glob("*ag*")) == []
