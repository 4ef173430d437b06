"""The network of a request is the narrowest that the settings name; a rule about it bites."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from access_world import RULES, World, canonical, service
from hypothesis import given
from hypothesis import strategies as st
from office_networks import OFFICE

from config.addresses import NETWORK_CLASSES
from gateway.access.networks import ELSEWHERE, Networks
from policies.decision import Outcome
from policies.vocabulary import NETWORKS

FROM_OUTSIDE = RULES + "p, *, intranet, svc:ledger/**, *, *, internet|vpn, *, *, deny\n"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.12.8.44", "lan"),
        ("10.99.3.4", "vpn"),
        ("::ffff:10.99.3.4", "vpn"),
        ("172.20.0.1", "government"),
        ("8.8.8.8", ELSEWHERE),
        ("2001:db8::1", ELSEWHERE),
    ],
)
def test_the_narrowest_network_counts(address: str, kind: str) -> None:
    assert OFFICE.kind(address) == kind


@pytest.mark.parametrize(
    "address", [None, "", "a", "1.1.1.1, ", "10.0.0.1%eth0", "10.0.0.256", "x" * 10_000]
)
def test_class_7_what_is_no_address_is_trusted_least(address: str | None) -> None:
    assert OFFICE.kind(address) == ELSEWHERE


@given(st.ip_addresses())
def test_every_address_has_a_class_that_rules_know(address: IPv4Address | IPv6Address) -> None:
    everywhere = Networks.of([(ip_network("0.0.0.0/0"), "vpn"), (ip_network("::/1"), "lan")])
    assert OFFICE.kind(str(address)) in NETWORKS
    assert everywhere.kind(str(address)) in NETWORKS - {"government"}


def test_settings_and_rules_speak_of_the_same_classes() -> None:
    assert NETWORK_CLASSES == NETWORKS


def test_a_deny_by_network_bites_from_there_and_nowhere_else(small_world: World) -> None:
    """Also while an answer is running, and in what the portal shows."""
    world = small_world
    world.publish(FROM_OUTSIDE)
    ledger, person = world.open(service()), world.current("zhang")
    place, now = canonical("/books/2026"), world.clock
    for address, outcome in (
        ("10.12.8.44", Outcome.ALLOW),
        ("10.99.3.4", Outcome.DENY),
        ("8.8.8.8", Outcome.DENY),
        (None, Outcome.DENY),
    ):
        verdict = world.access.check(person, ledger, place, now, address=address)
        assert verdict.outcome is outcome, address
        running = world.access.stands(person, ledger, place, now, address=address)
        assert running is (outcome is Outcome.ALLOW)
        shown = world.access.visible(person, now, network=world.access.network_of(address))
        assert bool(shown) is (outcome is Outcome.ALLOW)
