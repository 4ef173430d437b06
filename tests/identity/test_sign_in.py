"""Sign-in from the outside: two proofs make a session, and nothing less does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from identity_world import ADDRESS, ADMIN, PASSWORD, World, cheap_hasher

from gateway.identity import people, sessions, sign_in
from gateway.identity.sign_in import SignInRefused, StepOver, Throttled


def test_password_and_code_open_a_session_and_both_are_on_record(world: World) -> None:
    li = world.enrol()
    before = len(world.events())
    token = world.sign_in(li)
    current = sessions.find(world.registry, token, now=world.clock)
    assert current is not None
    assert (current.person_id, current.login, current.name) == (li.id, "li.lei", "李雷")
    assert (current.strength, current.amr) == (2, ("pwd", "otp"))
    assert current.roles == {"staff"}
    assert current.unit == "finance"
    assert current.clearance == 2
    assert not current.is_officer
    assert current.epoch > 0
    assert world.names(before) == ["sign_in.password_accepted", "sign_in.accepted"]
    accepted = world.events()[-1]
    assert accepted["sub"] == f"person:{li.id}"
    assert accepted["sid"] == current.session_ref
    assert ("src_ip", ADDRESS.encode()) in world.personal()
