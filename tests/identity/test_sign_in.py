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


def test_nobody_is_told_why_they_were_refused_but_the_log_knows(world: World) -> None:
    """Unknown name, wrong password, invited and disabled: one refusal, four causes."""
    world.enrol("han.mei")
    world.invite("invited")
    gone = world.enrol("gone")
    people.disable(world.registry, gone.id, actor=ADMIN, now=world.clock)
    before = len(world.events())
    attempts = [
        ("nobody", PASSWORD),
        ("han.mei", "wrong"),
        ("invited", PASSWORD),
        ("gone", PASSWORD),
        ("no such\u202ename", PASSWORD),
    ]
    told = []
    for login, password in attempts:
        with pytest.raises(SignInRefused) as refusal:
            world.password(login, password)
        told.append((refusal.value.code, refusal.value.args))
    assert set(told) == {("sign_in_refused", ())}
    entries = world.events()[before:]
    assert [entry["d"] for entry in entries] == [
        {"cause": "unknown_name"},
        {"cause": "wrong_password"},
        {"cause": "not_active"},
        {"cause": "not_active"},
        {"cause": "unknown_name"},
    ]
    shapes = {(tuple(sorted(entry)), entry["ev"], entry["sub"]) for entry in entries}
    assert len(shapes) == 1
    for entry in entries:
        assert isinstance(entry["c"], dict)
        assert set(entry["c"]) == {"login", "src_ip"}


@pytest.mark.asvs("V6.3.8")
def test_class_19_known_and_unknown_names_cost_the_same_statements_and_hashes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enrol("han.mei")
    world.invite("invited")
    hashes: list[str] = []
    verify = type(world.registry.hasher).verify

    def counted(self: object, encoded: str, password: str) -> bool:
        hashes.append(encoded.rsplit("$", 2)[0])
        return verify(self, encoded, password)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.registry.hasher), "verify", counted)
    costs = []
    for login in ("han.mei", "nobody", "invited", "also nobody"):
        work: list[object] = []
        for _ in range(6):  # into the growing wait, which must be the same too
            hashes.clear()
            with world.statements() as statements, pytest.raises((SignInRefused, Throttled)) as no:
                world.password(login, "a wrong guess", address=f"10.0.0.{len(costs)}")
            work.append((tuple(statements), tuple(hashes), no.value.code))
        costs.append(work)
    assert costs[0] == costs[1] == costs[2] == costs[3]
    assert [code for _, _, code in costs[0]] == ["sign_in_refused"] * 5 + ["throttled"]


def test_the_wait_begins_after_the_fifth_failure_and_doubles(world: World) -> None:
    waits = []
    for _ in range(16):
        with pytest.raises(SignInRefused):
            world.password("nobody", "wrong", address=None)
        try:
            world.password("nobody", "wrong", address=None)
        except Throttled as throttled:
            waits.append(throttled.retry_after.total_seconds())
            world.wait(throttled.retry_after)
        except SignInRefused:
            waits.append(0)
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]
    assert "sign_in.throttled" in world.names()


def test_a_throttled_attempt_neither_counts_nor_checks_the_password(world: World) -> None:
    li = world.enrol()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            world.password("li.lei", "wrong")
    for _ in range(10):
        with pytest.raises(Throttled) as throttled:
            world.password("li.lei")
        assert throttled.value.retry_after == timedelta(seconds=1)
    world.wait(timedelta(seconds=1))
    step = world.password("li.lei")
    assert world.code(step.token, li.code(world.clock)).person_id == li.id


def test_full_success_forgets_the_failures_but_the_right_password_alone_does_not(
    world: World,
) -> None:
    li = world.enrol()
    for _ in range(3):
        with pytest.raises(SignInRefused):
            world.password("li.lei", "wrong")
    world.password("li.lei")
    world.password("li.lei")
    with pytest.raises(Throttled):
        world.password("li.lei")
    world.sign_in(li)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            world.password("li.lei", "wrong")


def test_strangers_who_guess_do_not_shut_out_a_person_at_the_usual_place(world: World) -> None:
    li = world.enrol()
    world.sign_in(li)
    for number in range(5):
        with pytest.raises(SignInRefused):
            world.password("li.lei", "wrong", address=f"203.0.113.{number}")
    with pytest.raises(Throttled):
        world.password("li.lei", address="203.0.113.77")
    assert world.password("li.lei", address=ADDRESS).token


def test_an_address_that_guesses_at_everybody_waits_and_an_office_that_signs_in_does_not(
    small_world: World,
) -> None:
    world = small_world
    li = world.enrol()
    for number in range(101):
        with pytest.raises(SignInRefused):
            world.password(f"name{number}", "wrong", address="198.51.100.9")
    with pytest.raises(Throttled):
        world.password("fresh", "wrong", address="198.51.100.9")
    for _ in range(110):
        world.sign_in(li)


def test_class_18_all_spellings_of_a_name_fill_one_lane(world: World) -> None:
    li = world.enrol("li.lei")
    spellings = ["LI.LEI", "ｌｉ．ｌｅｉ", " li.lei ", "Li.lei", "ⓛⓘ.lei"]
    for spelling in spellings:
        with pytest.raises(SignInRefused):
            world.password(spelling, "wrong", address=None)
    with pytest.raises(Throttled):
        world.password("li.lei", address=None)
    world.wait(timedelta(seconds=1))
    assert world.code(world.password("ＬＩ．lei").token, li.code(world.clock)).person_id == li.id


def test_a_step_dies_of_age_of_five_wrong_codes_and_of_use(world: World) -> None:
    li = world.enrol()
    old = world.password("li.lei")
    world.wait(timedelta(minutes=5))
    with pytest.raises(StepOver):
        world.code(old.token, li.code(world.clock))
    step = world.password("li.lei")
    for _ in range(4):
        with pytest.raises(SignInRefused):
            world.code(step.token, "000000")
    with pytest.raises(StepOver):
        world.code(step.token, "000000")
    with pytest.raises(StepOver):
        world.code(step.token, li.code(world.clock))
    used = world.password("li.lei")
    world.code(used.token, li.code(world.clock))
    world.wait()
    with pytest.raises(StepOver):
        world.code(used.token, li.code(world.clock))


@pytest.mark.asvs("V7.2.4")
def test_class_22_each_stage_has_its_own_fresh_token_and_the_old_session_dies(
    world: World,
) -> None:
    li = world.enrol()
    first = world.sign_in(li)
    world.wait()
    step = world.password("li.lei")
    second = world.code(step.token, li.code(world.clock), previous=first).token
    assert len({first, step.token, second}) == 3
    assert sessions.find(world.registry, first, now=world.clock) is None
    assert sessions.find(world.registry, step.token, now=world.clock) is None
    assert sessions.find(world.registry, second, now=world.clock) is not None


def test_the_hash_is_made_anew_when_its_parameters_grew(world: World) -> None:
    li = world.enrol()
    stronger = cheap_hasher(passes=2)
    world.registry = type(world.registry)(
        store=world.registry.store,
        ledger=world.registry.ledger,
        vault=world.registry.vault,
        limits=world.registry.limits,
        hasher=stronger,
        zone="intranet",
        issuer="函谷",
    )
    world.sign_in(li)
    encoded = sign_in._encoded(
        world.registry,
        sign_in._credential(world.registry, world.registry.vault.blind("person.login", "li.lei")),
    )
    assert "t=2" in encoded
    world.sign_in(li)
