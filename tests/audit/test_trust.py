"""Trust policies: whose signatures count, and how many."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from worked_example import LOG_VKEY, WITNESS_VKEY

from audit import verify as standalone
from audit.note import COSIGNATURE, Vkey, vkey_of
from audit.trust import BadPolicy, Policy

KEYS = {
    name: vkey_of(
        Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32),
        name=f"witness.example/{name}",
        algorithm=COSIGNATURE,
    )
    for n, name in enumerate("abcde", 10)
}
TEXT = f"""# whom this office trusts
log {LOG_VKEY} https://gate.example/
{"".join(f"witness {name} {key}" + chr(10) for name, key in KEYS.items())}
\tgroup office 2 a b c
group outside any d e
group both all office outside
quorum both
"""


@given(st.sets(st.sampled_from("abcde")))
def test_a_quorum_is_what_the_groups_say_in_both_readers(seen: set[str]) -> None:
    enough = len(seen & set("abc")) >= 2 and bool(seen & set("de"))
    policy = Policy.parse(TEXT)
    assert policy.logs == (Vkey.parse(LOG_VKEY),)
    assert policy.met_by([KEYS[name] for name in seen]) is enough
    assert standalone.parse_policy(TEXT)[1](seen) is enough


def test_no_quorum_needs_nobody() -> None:
    assert Policy.parse("quorum none\n").met_by([])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum",
        "quorum a",
        "quorum none\nquorum none",
        f"witness none {WITNESS_VKEY}\nquorum none",
        f"witness a {LOG_VKEY}\nquorum a",
        f"log {WITNESS_VKEY}\nquorum none",
        f"witness a {WITNESS_VKEY}\nwitness b {WITNESS_VKEY}\nquorum a",
        f"witness a {WITNESS_VKEY}\ngroup g 2 a\nquorum g",
        f"witness a {WITNESS_VKEY}\ngroup g 0 a\nquorum g",
        f"witness a {WITNESS_VKEY}\ngroup g any a\ngroup h any a\nquorum h",
        f"witness a {WITNESS_VKEY}\ngroup g any\nquorum g",
        "group g any g\nquorum g",
        "nonsense\nquorum none",
        "quorum none\x00",
    ],
)
def test_a_policy_that_does_not_say_one_thing_is_refused(text: str) -> None:
    with pytest.raises(BadPolicy):
        Policy.parse(text)
