"""What would turn a no into a yes without any change of the rules: found by deciding again.

A step-up names the strength that is missing. This asks further: from which network, and with
which sign-in there, the same person would be let in now. No author of rules has to say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from policies.compiled import CompiledEngine
from policies.decision import Request
from policies.vocabulary import NETWORKS, STRENGTHS


@dataclass(frozen=True, slots=True, order=True)
class Remedy:
    """A network class and the least sign-in strength with which the request would be allowed."""

    strength: int
    network: str


def remedies(engine: CompiledEngine, request: Request) -> tuple[Remedy, ...]:
    """Return every network from which the person would be let in, the weakest sign-in first.

    A strength is never below the request's own: nobody signs in more weakly to be let in. Empty
    if nothing the person can do by signing in or going elsewhere helps, or if nothing is missing.
    At most 11 decisions, some 10 µs each.
    """
    if engine.decide(request).is_allowed:
        return ()
    found = (_from(engine, replace(request, network=network)) for network in sorted(NETWORKS))
    return tuple(sorted(remedy for remedy in found if remedy is not None))


def _from(engine: CompiledEngine, request: Request) -> Remedy | None:
    for strength in range(request.strength, STRENGTHS.stop):
        if engine.decide(replace(request, strength=strength)).is_allowed:
            return Remedy(strength, request.network)
    return None
