"""The entry's bytes, checked against the worked example and against themselves."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.record import (
    MAX_BODY,
    Actor,
    Event,
    Json,
    Secret,
    UnknownEventError,
    canonical,
    commitment,
    compose,
    leaf_hash,
    timestamp,
)

AT = datetime(2026, 1, 5, 8, 0, 1, 250_000, tzinfo=UTC)
ACTOR = Actor(subject="person:17")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=600),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def event(**fields: object) -> Event:
    return Event(name="unit.created", actor=ACTOR, at=AT, zone="intranet", **fields)  # type: ignore[arg-type]


def test_bytes_and_leaves_are_those_of_the_worked_example() -> None:
    first = {
        "v": 1, "ts": "2026-01-05T08:00:00.000Z", "sub": "u:17", "out": "success",
        "eid": "0001", "cls": 3002, "act": 1,
    }  # fmt: skip
    assert canonical(first) == (
        b'{"act":1,"cls":3002,"eid":"0001","out":"success","sub":"u:17",'
        b'"ts":"2026-01-05T08:00:00.000Z","v":1}'
    )
    expected = "2ae11a0ceed944a86096fc3ad8447726a7c4c058417db767114e7bd6db6e6235"
    assert leaf_hash(canonical(first)).hex() == expected


def test_a_commitment_is_that_of_the_worked_example() -> None:
    secret = Secret("src_ip", bytes(range(16)), "10.1.2.3")
    assert commitment(secret) == "EptV5OKGINWErAYa6gRT62Z950frOmX6iF3hWZH6fP0="


def test_a_time_is_utc_with_milliseconds_and_never_naive() -> None:
    assert timestamp(AT) == "2026-01-05T08:00:01.250Z"
    with pytest.raises(ValueError, match="zone"):
        timestamp(AT.replace(tzinfo=None))


@given(st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=8), json_values, max_size=6))
def test_every_entry_is_canonical_and_within_its_size(details: dict[str, Json]) -> None:
    record = compose(event(details=details))
    assert 1 <= len(record.body) <= MAX_BODY
    assert canonical(json.loads(record.body)) == record.body
    assert record.leaf == hashlib.sha256(b"\x00" + record.body).digest()


@given(st.text(min_size=257, max_size=2000))
def test_a_long_value_keeps_its_beginning_length_and_hash(text: str) -> None:
    kept = json.loads(compose(event(object=text)).body)["obj"]
    assert kept == {
        "len": len(text),
        "pre": text[:256],
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def test_a_flood_of_details_is_never_a_reason_to_lose_the_entry() -> None:
    details = {f"k{i}": "x" * 250 for i in range(1000)}
    body = json.loads(compose(event(details=details, rules=["r" * 200] * 1000)).body)
    assert body["d"]["sha256"] == hashlib.sha256(canonical(details)).hexdigest()
    assert body["sub"] == "person:17"


def test_lone_surrogates_are_replaced_and_do_not_stop_the_record() -> None:
    assert b"\xef\xbf\xbd" in compose(event(reason="\ud800x")).body


def test_personal_values_are_committed_and_never_in_the_body() -> None:
    record = compose(event(personal={"login": "wang.fang"}))
    body = json.loads(record.body)
    (secret,) = record.secrets
    digest = hashlib.sha256(b"gw-field-v1\x00login\x00" + secret.salt + b"wang.fang").digest()
    assert body["c"] == {"login": b64encode(digest).decode()}
    assert b"wang" not in record.body


def test_two_commitments_of_one_value_show_no_likeness() -> None:
    first, second = (
        json.loads(compose(event(personal={"login": "a"})).body)["c"]["login"] for _ in range(2)
    )
    assert first != second


@pytest.mark.parametrize("value", [1.5, 2**53, object()])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        compose(event(details={"x": value}))


def test_a_name_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(UnknownEventError):
        compose(Event(name="made.up", actor=ACTOR, at=AT, zone="intranet"))


def test_ids_rise_with_time_and_are_never_the_same() -> None:
    def eid(at: datetime) -> str:
        return compose(Event(name="unit.created", actor=ACTOR, at=at, zone="intranet")).eid

    eids = [eid(AT + timedelta(milliseconds=n)) for n in range(200)]
    assert eids == sorted(eids)
    assert len({eid(AT) for _ in range(1000)}) == 1000
    for at in (AT, datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)):
        assert re.fullmatch("[0-9a-f]{32}", eid(at))
