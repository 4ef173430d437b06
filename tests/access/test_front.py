"""What nginx refused is told again only by nginx, and becomes the same refusal."""

from __future__ import annotations

from typing import Any

import pytest
from access_world import KEY, service
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.channel import Channel
from gateway.access.front import told
from gateway.access.gate import ServiceDenied
from gateway.access.reply import denied

CHANNEL = Channel(key=KEY)
LEDGER = service()
DECISION, POLICY = "0123456789abcdef" * 2, "fedcba9876543210"


def environ(*words: str, peer: str = "unix") -> dict[str, Any]:
    headers = [(b"x-hangu-front", each.encode()) for each in words]
    return {"hangu.peer": peer, "hangu.headers": headers}


def test_a_denial_comes_back_with_its_decision_rules_and_policy() -> None:
    words = denied(DECISION, "denied_by_rule", POLICY, ("r-a", "r-b"))

    refusal = told(CHANNEL, environ(words), LEDGER)

    assert isinstance(refusal, ServiceDenied)
    verdict = refusal.verdict
    assert (verdict.decision_id, verdict.reason) == (DECISION, "denied_by_rule")
    assert (verdict.version, verdict.rules) == (POLICY, ("r-a", "r-b"))
    assert not verdict.allowed


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (denied("", "service_unknown", "", ()), "service_unknown"),
        (denied("", "store_unavailable", "", ()), "store_unavailable"),
        (denied("", "own_path", "", ()), "own_path"),
        (denied("", "something_new", "", ()), "proxy_unproven"),
        (denied(DECISION, "service_not_evaluated", "", ()), "access_denied"),
        ("unreachable", "upstream_unreachable"),
        ("timeout", "upstream_timeout"),
        ("denied", "forwarded_header_invalid"),
        ("allowed", "forwarded_header_invalid"),
        ("", "forwarded_header_invalid"),
    ],
)
def test_every_word_is_a_refusal(words: str, code: str) -> None:
    refusal = told(CHANNEL, environ(words), LEDGER)

    assert refusal is not None
    assert refusal.code == code


def test_without_words_nothing_was_refused() -> None:
    assert told(CHANNEL, environ(), LEDGER) is None


def test_who_is_not_our_proxy_is_not_heard() -> None:
    assert told(CHANNEL, environ("unreachable", peer="10.0.0.1"), LEDGER) is None


def test_two_tellings_are_a_refusal_of_their_own() -> None:
    refusal = told(CHANNEL, environ("timeout", "timeout"), LEDGER)
    assert refusal is not None
    assert refusal.code == "forwarded_header_invalid"


@given(st.text(max_size=80))
def test_any_words_are_some_refusal_and_none_lets_pass(words: str) -> None:
    assert told(CHANNEL, environ(words), LEDGER) is not None
