"""What may be a password, and that the hashing is bounded."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from argon2.exceptions import InvalidHashError
from hypothesis import given
from hypothesis import strategies as st
from identity_world import PASSWORD, World, cheap_hasher

from gateway.identity import passwords
from gateway.identity.hashing import Busy, Hasher
from gateway.identity.passwords import (
    PasswordCommon,
    PasswordNamesItsOwner,
    PasswordRefused,
    PasswordRepeats,
    PasswordTooLong,
    PasswordTooShort,
)

OWNER = ["li.lei@finance", "李雷 Li Lei", "finance", "财政处", "it"]


def check(password: str) -> None:
    passwords.check(password, minimum=15, owner=OWNER)


@pytest.mark.parametrize(
    "password",
    [
        "zebra quartz violin 42",
        "correct horse battery staple",
        "tgkzm wpqhe ruvbx",
        "窗前明月光疑是地上霜举头望明月",
        "Ünïcödé-garden-öl-42",
        "an item I admit, with spite",  # holds the two-letter unit "it"
        "2718281828459045 is not pi",
        "x" * 3 + "".join(chr(0x4E00 + 97 * n) for n in range(253)),
    ],
)
@pytest.mark.asvs("V6.2.5", "V6.2.9")
def test_long_uncommon_passwords_are_taken_without_composition_rules(password: str) -> None:
    check(password)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short but fine", PasswordTooShort),
        ("e\u0301" * 14, PasswordTooShort),
        ("zq7!" * 65, PasswordTooLong),
        ("aaaaaaaaaaaaaaaa", PasswordRepeats),
        ("abcdabcdabcdabcd", PasswordRepeats),
        ("xk7Qpxk7Qpxk7Qpx", PasswordRepeats),
        ("ababbabaabbabaab", PasswordRepeats),
        ("passwordpassword1", PasswordCommon),
        ("P@ssw0rd!P@ssw0rd!", PasswordCommon),
        ("password123456789", PasswordCommon),
        ("abcdefghijklmnop", PasswordCommon),
        ("9876543210987654", PasswordCommon),
        ("qwertyuiopasdfgh", PasswordCommon),
        ("Qwertyuiop!2345678", PasswordCommon),
        ("administrator2024", PasswordCommon),
        ("密码密码 admin 123456 密码", PasswordCommon),
        ("correcthorsebatterystaple", PasswordCommon),
        ("summer winter 2026!", PasswordCommon),
        ("my li.lei is long enough", PasswordNamesItsOwner),
        ("LI.LEI@FINANCE wow", PasswordNamesItsOwner),
        ("the Finance people 7", PasswordNamesItsOwner),
        ("李雷很喜欢窗前明月光疑是地上霜", PasswordNamesItsOwner),
        ("财政处喜欢窗前明月光疑是地上霜", PasswordNamesItsOwner),
    ],
)
@pytest.mark.asvs("V6.2.1", "V6.2.11")
def test_guessable_passwords_are_refused_with_the_reason(
    password: str, why: type[PasswordRefused]
) -> None:
    with pytest.raises(why):
        check(password)


def test_every_reason_has_its_own_code() -> None:
    leaves = PasswordRefused.__subclasses__()
    assert len({leaf.code for leaf in leaves} | {"refused"}) == len(leaves) + 1 == 7


@given(st.text(max_size=300))
def test_any_text_is_judged_without_breaking(password: str) -> None:
    try:
        check(password)
    except PasswordRefused:
        return
    assert 15 <= len(passwords.normal(password)) <= 256


@pytest.mark.parametrize("filler", ["a", "password", "qwertyuiop", "\0", "1234567890"])
def test_hostile_lengths_take_no_time(filler: str) -> None:
    with pytest.raises(PasswordRefused):
        check((filler * 100_000)[:1_000_000])


def test_both_unicode_spellings_of_a_password_sign_in(world: World) -> None:
    person_id, link = world.invite()
    composed = unicodedata.normalize("NFC", "crème brûlée à la maison")
    li = world.finish(person_id, link, composed)
    world.wait()
    assert world.password("li.lei", unicodedata.normalize("NFD", composed)).token
    assert li.id == person_id


def test_the_stored_hash_is_argon2id_inside_the_vaults_seal(small_world: World) -> None:
    small_world.enrol()
    with small_world.registry.store.read.connect() as connection:
        raw = connection.exec_driver_sql("SELECT hash_sealed FROM password").scalar_one()
    assert b"argon2" not in raw
    hashed = small_world.registry.hasher.hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_only_so_many_hashes_run_at_once_and_who_waits_too_long_is_told() -> None:
    hasher = Hasher(memory=8, passes=1, at_once=1, patience=timedelta(milliseconds=20))
    holding, done = Event(), Event()

    def hold() -> None:
        with hasher._turn():
            holding.set()
            done.wait(10)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        holding.wait(10)
        with pytest.raises(Busy):
            hasher.hash("x")
        with pytest.raises(Busy):
            hasher.verify(hasher.decoy, "x")
        done.set()
        held.result(10)
    assert hasher.verify(hasher.hash("x"), "x")


def test_a_broken_turn_is_given_back() -> None:
    hasher = cheap_hasher(at_once=1)
    for _ in range(3):
        with pytest.raises(InvalidHashError):
            hasher.verify("not a hash", "x")
    assert hasher.verify(hasher.hash("x"), "x")


def test_being_too_busy_costs_nobody_a_try(world: World) -> None:
    world.enrol()
    hasher = world.registry.hasher
    hasher._patience = 0.001
    taken = [hasher._turns.acquire() for _ in range(4)]
    for _ in range(10):
        with pytest.raises(Busy):
            world.password("li.lei")
    for _ in taken:
        hasher._turns.release()
    assert world.password("li.lei").token
