"""Only our proxy is believed about a request, and only what can be read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from access_corpus import ADDRESSES, SPOOFED, WIDE_TRUST
from access_world import KEY
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.channel import Channel, TooMuchTrust, forwarded_address, networks
from gateway.access.refusals import (
    ForwardedHeaderInvalid,
    ForwardedHeaderUntrusted,
    ProxyUnproven,
)


def environ(peer: str, *headers: tuple[str, bytes]) -> dict[str, Any]:
    pairs = [(name.lower().encode(), value) for name, value in headers]
    return {"hangu.peer": peer, "hangu.headers": pairs}


def test_the_unix_socket_proves_the_proxy() -> None:
    assert Channel().proven(environ("unix"))


def test_the_key_proves_the_proxy_once_and_exactly() -> None:
    channel = Channel(key=KEY)
    assert channel.proven(environ("10.0.0.1", ("X-Hangu-Proxy-Key", KEY)))
    for values in ([], [b""], [KEY + b"x"], [KEY[:-1]], [KEY.upper()], [KEY, KEY], [KEY, b"x"]):
        headers = [("X-Hangu-Proxy-Key", value) for value in values]
        assert not channel.proven(environ("10.0.0.1", *headers))


def test_without_a_key_of_ours_no_key_proves_anything() -> None:
    assert not Channel().proven(environ("10.0.0.1", ("X-Hangu-Proxy-Key", b"")))
    assert not Channel().proven(environ("10.0.0.1", ("X-Hangu-Proxy-Key", b"None")))


def test_addresses_narrow_who_may_use_the_key_and_never_replace_it() -> None:
    channel = Channel(key=KEY, addresses=networks(["10.0.0.1", "fd00::/64"]))
    keyed = ("X-Hangu-Proxy-Key", KEY)
    assert channel.proven(environ("10.0.0.1", keyed))
    assert channel.proven(environ("fd00::7", keyed))
    assert not channel.proven(environ("10.0.0.2", keyed))
    assert not channel.proven(environ("10.0.0.1"))
    assert not channel.proven(environ("nonsense", keyed))


@pytest.mark.parametrize("text", WIDE_TRUST)
def test_class_35_no_setting_can_believe_everybody(text: str) -> None:
    with pytest.raises(TooMuchTrust):
        networks([text])


def test_class_35_a_short_key_is_no_proof() -> None:
    with pytest.raises(TooMuchTrust):
        Channel(key=b"secret")


FORWARDING = [
    pair for pair in SPOOFED if re.match("Forw|X-(Forw|Orig|Real|Rew|Hangu-Proxy)", pair[0])
]


@pytest.mark.parametrize(("name", "value"), FORWARDING)
def test_class_06_forwarding_headers_from_others_are_refused(name: str, value: str) -> None:
    channel = Channel(key=KEY + b"-another")
    for spelling in (name, name.replace("-", "_"), name.replace("-", "."), name.upper()):
        with pytest.raises(ForwardedHeaderUntrusted):
            channel.client_address(environ("10.0.0.1", (spelling, value.encode())))


def test_class_06_who_is_not_the_proxy_gets_no_decision() -> None:
    with pytest.raises(ProxyUnproven):
        Channel(key=KEY).demand(environ("10.0.0.1"))


@pytest.mark.parametrize("value", ADDRESSES)
def test_class_07_an_address_that_cannot_be_read_is_refused_not_skipped(value: str) -> None:
    with pytest.raises(ForwardedHeaderInvalid):
        Channel(key=KEY).client_address(environ("unix", ("X-Forwarded-For", value.encode())))


def test_class_07_a_missing_or_doubled_address_is_refused() -> None:
    channel = Channel()
    with pytest.raises(ForwardedHeaderInvalid):
        channel.client_address(environ("unix"))
    twice = ("X-Forwarded-For", b"10.0.0.1")
    with pytest.raises(ForwardedHeaderInvalid):
        channel.client_address(environ("unix", twice, twice))


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b"10.0.0.9", "10.0.0.9"),
        (b"2001:DB8:0::1", "2001:db8::1"),
        (b"::ffff:10.0.0.9", "10.0.0.9"),
        (b"203.0.113.7, 10.0.0.9", "10.0.0.9"),
        (b"unix:", "127.0.0.1"),
    ],
)
def test_a_readable_address_is_taken_in_its_shortest_form(value: bytes, address: str) -> None:
    assert forwarded_address([(b"x-forwarded-for", value)]) == address


def test_who_comes_directly_is_known_by_the_connection() -> None:
    assert Channel().client_address(environ("10.0.0.9", ("Accept", b"*/*"))) == "10.0.0.9"


@given(st.binary(max_size=80))
def test_class_07_any_bytes_are_an_address_or_refused(value: bytes) -> None:
    try:
        found = forwarded_address([(b"x-forwarded-for", value)])
    except ForwardedHeaderInvalid:
        return
    assert found == forwarded_address([(b"x-forwarded-for", found.encode())])
