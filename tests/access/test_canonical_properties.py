"""What holds for every request there could be: one reading, or none."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.access.canonical import (
    Ambiguous,
    Canonical,
    RawRequest,
    canonicalise,
    policy_object,
    return_path,
)


def read(target: bytes) -> Canonical:
    return canonicalise(
        RawRequest(method="GET", scheme="https", host="ledger.gov.cn", target=target)
    )


@st.composite
def encodings(draw: st.DrawFn, text: str) -> bytes:
    """Spell a path with any of its characters percent-encoded, once or twice, in any case."""
    result = ""
    twice = draw(st.booleans())
    slashes = draw(st.booleans())
    for character in text:
        encoded = f"%{ord(character):02x}"
        ways = [character]
        if character != "/" or slashes:
            ways += [encoded, encoded.upper()] + [encoded.replace("%", "%25")] * twice
        result += draw(st.sampled_from(ways))
    return result.encode()


INSERTIONS = [b"/", b"/.", b"/..", b"/x/..", b";x=1", b"%2f", b"\\", b"%00", b"#", b"%2e/", b"%20"]


@given(st.data())
def test_class_02_each_spelling_of_a_protected_path_is_refused_or_is_that_path(
    data: st.DataObject,
) -> None:
    """Any encoding of any character of it."""
    target = data.draw(encodings("/admin/users"))
    try:
        canonical = read(target)
    except Ambiguous:
        return
    assert canonical == read(b"/admin/users")


@given(st.integers(0, 12), st.sampled_from(INSERTIONS))
def test_class_02_what_servers_drop_from_a_path_is_refused_or_makes_another_path(
    place: int, insertion: bytes
) -> None:
    """A variant that is accepted is decided under a name of its own, or is the same place."""
    protected = b"/admin/users"
    target = protected[:place] + insertion + protected[place:]
    try:
        canonical = read(target)
    except Ambiguous:
        return
    rebuilt = [part for part in target.decode().split("/") if part]
    assert list(canonical.segments) == [part.replace("%20", " ") for part in rebuilt]


targets = st.one_of(
    st.binary(max_size=60).map(lambda raw: b"/" + raw),
    st.text(max_size=30).map(lambda text: quote("/" + text, safe="/").encode()),
    st.lists(
        st.sampled_from([*"ab/.;%_~*|:#?\\ ", "%2", "%25", "2f", "2e", "é", "／", "．", "%c0%af"]),
        max_size=14,
    ).map(lambda parts: ("/" + "".join(parts)).encode()),
)


@given(
    target=targets,
    query=st.one_of(st.just(b""), st.binary(max_size=20)),
    host=st.one_of(st.just("a.cn:8100"), st.text(max_size=20)),
    method=st.one_of(st.just("GET"), st.text(max_size=6)),
    headers=st.lists(st.tuples(st.binary(max_size=5), st.binary(max_size=5)), max_size=3),
)
@example(target=b"/%CD%BE", query=b"", host="a", method="GET", headers=[])
def test_whatever_comes_is_read_once_or_refused(
    target: bytes, query: bytes, host: str, method: str, headers: list[tuple[bytes, bytes]]
) -> None:
    """Nothing but Ambiguous is raised; what is accepted is a fixed point in a safe alphabet."""
    try:
        canonical = canonicalise(
            RawRequest(
                method=method,
                scheme="http",
                host=host,
                target=target,
                query=query,
                headers=tuple(headers),
            )
        )
    except Ambiguous:
        return
    assert canonicalise(canonical.raw) == canonical
    assert re.fullmatch(r"/[A-Za-z0-9\-._~!$&'()*,=:@%/]*", canonical.path)
    assert "//" not in canonical.path
    for segment in canonical.segments:
        assert segment
        assert unicodedata.is_normalized("NFC", segment)
        assert not set(segment) & set("/\\;#\0\r\n")
        assert segment not in {".", ".."}


@given(targets)
def test_accepted_paths_decode_to_their_segments(target: bytes) -> None:
    """The path that is forwarded says exactly what was decided."""
    try:
        canonical = read(target)
    except Ambiguous:
        return
    path = "/" + "/".join(quote(each, safe="!$&'()*,=:@~") for each in canonical.segments)
    assert canonical.path.removesuffix("/") == path.removesuffix("/")


@given(targets, targets)
def test_policy_objects_are_injective_and_free_of_patterns(one: bytes, other: bytes) -> None:
    """Different places have different names, in the alphabet of policies, without `*`, `|`."""
    try:
        first, second = read(one), read(other)
    except Ambiguous:
        assume(False)
    names = [policy_object("ledger", each) for each in (first, second)]
    assert (first.segments == second.segments) == (names[0] == names[1])
    for name in names:
        assert re.fullmatch(r"svc:ledger/[A-Za-z0-9._~/-]*", name)


@given(st.one_of(st.text(max_size=40), st.text("/\\.:@?#%;ae\t\n ", max_size=12)))
def test_class_21_an_accepted_return_address_is_one_slash_and_plain_text(text: str) -> None:
    """Whatever was asked."""
    accepted = return_path(text)
    if accepted is not None:
        assert re.fullmatch(r"/(?!/)[\x21-\x7e]*", accepted)
        assert not set(accepted.partition("?")[0]) & set("\\#;")
