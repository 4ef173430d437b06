"""A passkey alone has lanes as well: false answers slow strangers, and never the owner."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factor_world import BROWSER_TOKEN, HERE, SITE, Holder, holder, only_options
from identity_world import ADDRESS, World
from soft_passkey import SoftKey
from sqlalchemy import update

from gateway.identity import lanes, paces, passkey_sign_in
from gateway.identity.lanes import LaneView
from gateway.identity.opening import NewSession
from gateway.identity.sign_in import SignInRefused, Throttled
from gateway.identity.statements import changed
from gateway.identity.tables import Throttle

ELSEWHERE = "203.0.113.7"


def answer(
    world: World, given: str, *, address: str = ELSEWHERE, device: str | None = None
) -> NewSession:
    """Answer a challenge from somewhere, with a device cookie or none."""
    return passkey_sign_in.check(
        world.registry,
        SITE,
        browser_token=BROWSER_TOKEN,
        answer=given,
        browser=replace(HERE, address=address, device=device),
        now=world.clock,
    )


def sign_in(
    world: World, key: SoftKey, *, address: str = ADDRESS, device: str | None = None
) -> NewSession:
    """Sign in by the key alone."""
    return answer(world, key.answer(only_options(world)), address=address, device=device)


def false_answer(world: World, key: SoftKey) -> str:
    """The credential is known, and the signature is over something else."""
    stale = key.answer(only_options(world))
    fresh = key.answer(only_options(world))
    mark = '"signature": "'
    return (
        fresh[: fresh.index(mark)]
        + stale[stale.index(mark) : stale.index('"', stale.index(mark) + len(mark))]
        + fresh[fresh.index('"', fresh.index(mark) + len(mark)) :]
    )


def flood(world: World, times: int, *, given: str = "{}", address: str = ELSEWHERE) -> None:
    """Send what proves nothing, so many times."""
    for _ in range(times):
        with pytest.raises(SignInRefused):
            answer(world, given, address=address)


def seen(world: World) -> dict[str, LaneView]:
    """The lanes that the officer sees, by kind."""
    return {each.kind: each for each in lanes.slowed(world.registry, now=world.clock)}


def known(world: World) -> tuple[Holder, SoftKey, str]:
    """Somebody with a passkey, and the cookie of the browser in which they used it."""
    li = holder(world)
    key = li.add()
    return li, key, sign_in(world, key).device


@pytest.mark.asvs("V6.3.1")
def test_attack_a_flood_of_false_assertions_is_slowed_and_the_owner_comes_in_at_once(
    small_world: World,
) -> None:
    """Even from the very address of the flood; the officer sees its lane."""
    world = small_world
    _, key, device = known(world)
    flood(world, paces.ADDRESS_FREE + 1)
    with pytest.raises(Throttled) as refusal:
        sign_in(world, key, address=ELSEWHERE)
    assert refusal.value.retry_after
    assert "sign_in.throttled" in world.names()
    assert seen(world)["address"].failures == paces.ADDRESS_FREE + 1
    assert sign_in(world, key, address=ELSEWHERE, device=device).token
    world.wait(refusal.value.retry_after)
    assert sign_in(world, key, address=ELSEWHERE).token


def test_all_strangers_with_false_assertions_share_one_lane(small_world: World) -> None:
    """From ever new addresses; a known browser is no stranger."""
    world = small_world
    _, key, device = known(world)
    flood(world, 1)
    with world.registry.ledger.begin(unaudited_because="as after a thousand") as tx:
        common = Throttle.kind == paces.OVERALL
        most = update(Throttle).where(common).values(failures=paces.OVERALL_FREE)
        changed(tx.session, most)
    flood(world, 1, address="2001:db8::1")
    with pytest.raises(Throttled) as refusal:
        answer(world, "{}", address="2001:db8:ffff::1")
    assert refusal.value.retry_after <= paces.OVERALL_LONGEST
    assert "overall" in seen(world)
    assert sign_in(world, key, device=device).token


def test_a_strangers_failure_with_a_known_key_counts_in_its_owners_lane_of_strangers(
    world: World,
) -> None:
    """So the officer sees whose key it is; nothing of it touches what the owner comes in by."""
    li, key, device = known(world)
    for number in range(6):
        flood(world, 1, given=false_answer(world, key), address=f"198.51.100.{number}")
    lane = seen(world)["name"]
    assert (lane.person_id, lane.login, lane.total) == (li.person.id, "li.lei", 6)
    with pytest.raises(Throttled):
        world.password("li.lei", "a wrong one", address=ELSEWHERE)
    assert sign_in(world, key, device=device).token
    assert sign_in(world, key).token, "nor from a browser that nobody knows"


def test_failures_in_ones_own_browser_count_there_alone_until_a_success(world: World) -> None:
    _, key, device = known(world)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            answer(world, false_answer(world, key), device=device)
    assert set(seen(world)) == {"device"}
    assert seen(world)["device"].login == "li.lei"
    with pytest.raises(Throttled):
        sign_in(world, key, device=device)
    world.wait()
    assert sign_in(world, key, device=device).token
    assert seen(world) == {}


def test_successes_are_not_counted(small_world: World) -> None:
    world = small_world
    _, key, _ = known(world)
    for _ in range(3):
        sign_in(world, key, address=ELSEWHERE)
    flood(world, paces.ADDRESS_FREE)
    assert sign_in(world, key, address=ELSEWHERE).token
