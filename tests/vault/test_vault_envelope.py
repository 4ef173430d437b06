"""Sealed values and their places: nothing opens elsewhere, and no header byte can be turned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.refusals import Refused
from gateway.vault.chunked import AES_256, SM4, Flaw, Suite, Unopenable
from gateway.vault.envelope import PREFIX, Place, length_prefixed
from gateway.vault.vault import Vault, ZoneKey

ROW = bytes(range(16))
PLACE: dict[str, Any] = {
    "purpose": "data",
    "table": "person",
    "column": "login_sealed",
    "row": ROW,
    "version": 3,
    "label": b"2",
}


def made(zone: str = "intranet", suite: Suite = AES_256, current: int = 1) -> Vault:
    """A vault with key 1 of `suite` and key 2 of AES, the same bytes in every call."""
    keys = {
        1: ZoneKey(suite=suite, secret=b"1" * 32),
        2: ZoneKey(suite=AES_256, secret=b"2" * 32),
    }
    return Vault(zone=zone, current=current, stable=1, _keys=keys)


@given(
    plaintext=st.binary(max_size=300),
    row=st.binary(min_size=1, max_size=40),
    version=st.integers(0, 2**64 - 1),
    label=st.binary(max_size=40),
    suite=st.sampled_from([AES_256, SM4]),
)
def test_what_was_sealed_for_a_place_opens_there(
    plaintext: bytes, row: bytes, version: int, label: bytes, suite: Suite
) -> None:
    vault = made(suite=suite)
    place = {**PLACE, "row": row, "version": version, "label": label}
    sealed = vault.seal(plaintext, **place)
    assert vault.open(sealed, **place) == plaintext
    assert len(sealed) == len(plaintext) + 82


OTHERS = {
    "purpose": "bundle",
    "table": "unit",
    "column": "name_sealed",
    "row": bytes(16),
    "version": 4,
    "label": b"3",
}


@pytest.mark.parametrize("field", OTHERS)
def test_t1_a_value_moved_to_another_place_fails_its_commitment(field: str) -> None:
    vault = made()
    sealed = vault.seal(b"text", **PLACE)
    with pytest.raises(Unopenable) as caught:
        vault.open(sealed, **{**PLACE, field: OTHERS[field]})
    assert caught.value.flaw is Flaw.COMMITMENT


def test_t1_two_swapped_values_refuse_and_the_row_is_named() -> None:
    vault = made()
    other = {**PLACE, "row": bytes(16)}
    first, second = vault.seal(b"first", **PLACE), vault.seal(b"second", **other)
    for sealed, place in ((second, PLACE), (first, other)):
        with pytest.raises(Unopenable) as caught:
            vault.open(sealed, **place)
        assert caught.value.flaw is Flaw.COMMITMENT
        assert place["row"].hex() in caught.value.where
        assert "person.login_sealed" in caught.value.where


def test_t2_intranet_bytes_do_not_open_on_the_extranet() -> None:
    inside, outside = made("intranet"), made("extranet")
    sealed = inside.seal(b"text", **PLACE)
    with pytest.raises(Unopenable) as caught:
        outside.open(sealed, **PLACE)
    assert caught.value.flaw is Flaw.ZONE
    # Even with the zone byte turned, and even were the zones' keys the same bytes.
    turned = sealed[:5] + b"\x02" + sealed[6:]
    with pytest.raises(Unopenable) as caught:
        outside.open(turned, **PLACE)
    assert caught.value.flaw is Flaw.COMMITMENT


def test_t3_an_edited_label_closes_the_value() -> None:
    vault = made()
    sealed = vault.seal(b"text", **PLACE)
    for label in (b"", b"1", b"20"):
        with pytest.raises(Unopenable):
            vault.open(sealed, **{**PLACE, "label": label})


@pytest.mark.parametrize("suite", [AES_256, SM4], ids=lambda suite: suite.aead)
@pytest.mark.parametrize("position", range(PREFIX))
def test_t7_any_other_header_byte_refuses(position: int, suite: Suite) -> None:
    vault = made(suite=suite)
    sealed = bytearray(vault.seal(b"text", **PLACE))
    right = sealed[position]
    for value in range(256):
        if value == right:
            continue
        sealed[position] = value
        with pytest.raises(Unopenable):
            vault.open(bytes(sealed), **PLACE)


def test_t7_the_suite_byte_is_refused_before_any_key_is_used() -> None:
    vault = made()
    sealed = vault.seal(b"text", **PLACE)
    with pytest.raises(Unopenable) as caught:
        vault.open(sealed[:4] + bytes([SM4.number]) + sealed[5:], **PLACE)
    assert caught.value.flaw is Flaw.SUITE


def test_t7_the_key_id_is_never_a_hint_to_try_others() -> None:
    vault = made()
    sealed = vault.seal(b"text", **PLACE)
    with pytest.raises(Unopenable) as caught:
        vault.open(sealed[:9] + b"\x02" + sealed[10:], **PLACE)
    assert caught.value.flaw is Flaw.COMMITMENT
    with pytest.raises(Unopenable) as caught:
        vault.open(sealed[:9] + b"\x03" + sealed[10:], **PLACE)
    assert caught.value.flaw is Flaw.KEY


@given(garbage=st.binary(max_size=120))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(Unopenable):
        made().open(garbage, **PLACE)
    with pytest.raises(Unopenable):
        made().open(b"EGW1" + garbage, **PLACE)


def test_old_values_open_by_their_key_id_after_a_change_of_key() -> None:
    before, after = made(current=1), made(current=2)
    old, new = before.seal(b"old", **PLACE), after.seal(b"new", **PLACE)
    assert after.open(old, **PLACE) == b"old"
    assert (after.key_id_of(old), after.key_id_of(new)) == (1, 2)
    assert before.blind("c", "x") == after.blind("c", "x")
    assert before.derive("csrf") == after.derive("csrf")


def test_a_refusal_shows_one_code_and_no_plaintext() -> None:
    vault = made()
    sealed = vault.seal(b"canary", **PLACE)
    with pytest.raises(Refused) as caught:
        vault.open(sealed[:-1], **PLACE)
    assert caught.value.code == "unopenable"
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_no_key_shows_in_repr() -> None:
    assert "1111" not in repr(made())
    assert "1111" not in repr(ZoneKey(suite=AES_256, secret=b"1" * 32))


@given(st.lists(st.binary(max_size=6), max_size=5), st.lists(st.binary(max_size=6), max_size=5))
def test_two_lists_of_fields_never_encode_alike(one: list[bytes], two: list[bytes]) -> None:
    assert (length_prefixed(*one) == length_prefixed(*two)) == (one == two)


def test_the_context_is_what_the_design_lists() -> None:
    place = Place(zone="intranet", **PLACE)
    context = place.context(AES_256, 7)
    assert context.startswith(b"\0\0\0\1\1\0\0\0\10intranet\0\0\0\4data\0\0\0\6person")
    assert context.endswith(b"\0\0\0\4\0\0\0\7")
    assert place.context(SM4, 7) != context != place.context(AES_256, 8)
    assert replace(place, zone="extranet").context(AES_256, 7) != context


def test_field_lengths_are_bytes_and_not_characters() -> None:
    place = Place(zone="intranet", **{**PLACE, "table": "人"})
    assert b"\0\0\0\3\xe4\xba\xba" in place.context(AES_256, 1)


@pytest.mark.parametrize("suite", [AES_256, SM4], ids=lambda suite: suite.aead)
def test_blind_digests_ignore_case_and_composition_only(suite: Suite) -> None:
    vault = made(suite=suite)
    assert len(vault.blind("person.login", "x")) == 32
    assert vault.blind("person.login", "Zoë") == vault.blind("person.login", "ZOE\u0308")
    assert vault.blind("person.login", "straße") == vault.blind("person.login", "STRASSE")
    assert vault.blind("person.login", "zoe") != vault.blind("person.login", "zoë")
    assert vault.blind("person.login", "x") != vault.blind("person.name", "x")
    assert vault.blind("person.login", "x") != made("extranet", suite).blind("person.login", "x")


def test_derived_keys_are_apart_from_sealing_and_index_keys() -> None:
    vault = made()
    assert len(vault.derive("csrf")) == 32
    assert len(vault.derive("csrf", 64)) == 64
    sealing = vault._sealing_key(1, "data")[1]
    index = vault._stable_key("index", "data", 32)
    assert len({vault.derive("data"), sealing, index, vault.derive("csrf")}) == 4
