"""What would help: every remedy keeps its promise, and none is kept back."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import request, world

from policies.engine import build, reference
from policies.remedies import Remedy, remedies
from policies.vocabulary import NETWORKS, STRENGTHS


@settings(max_examples=120, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_a_remedy_lets_in_and_what_is_no_remedy_does_not(luck: Random) -> None:
    """Compared with the reference on every network and every strength from the present one on."""
    drawn = world(luck)
    engine, plain = (make(drawn.rules, drawn.memberships) for make in (build, reference))
    for _ in range(5):
        asked = request(luck)
        if plain.decide(asked).is_allowed or asked.strength not in STRENGTHS:
            assert remedies(build(drawn.rules, drawn.memberships), asked) == ()
            continue
        opening = {
            (network, strength)
            for network in NETWORKS
            for strength in range(asked.strength, STRENGTHS.stop)
            if plain.decide(replace(asked, network=network, strength=strength)).is_allowed
        }
        least = {
            Remedy(min(strength for other, strength in opening if other == network), network)
            for network, _ in opening
        }
        assert remedies(engine, asked) == tuple(sorted(least))
