"""The one reading of a request, and every attack that needs a second one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from gateway.access.canonical import (
    Ambiguous,
    Canonical,
    RawRequest,
    canonicalise,
    policy_object,
    return_path,
)


def read(
    target: bytes = b"/",
    *,
    query: bytes = b"",
    host: str = "ledger.gov.cn",
    method: str = "GET",
    scheme: str = "https",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Canonical:
    return canonicalise(
        RawRequest(
            method=method, scheme=scheme, host=host, target=target, query=query, headers=headers
        )
    )


def code_of(target: bytes = b"/", **others: object) -> str:
    with pytest.raises(Ambiguous) as caught:
        read(target, **others)  # type: ignore[arg-type]
    return caught.value.code


@pytest.mark.parametrize(
    ("target", "path", "segments"),
    [
        (b"/", "/", ()),
        (b"/a/b", "/a/b", ("a", "b")),
        (b"/a/b/", "/a/b/", ("a", "b")),
        (b"/%61%2Db", "/a-b", ("a-b",)),
        (b"/%e5%85%ac%e6%96%87.pdf", "/%E5%85%AC%E6%96%87.pdf", ("公文.pdf",)),
        (b"/a%20b", "/a%20b", ("a b",)),
        (b"/a+b", "/a%2Bb", ("a+b",)),
        (b"/a%2bb", "/a%2Bb", ("a+b",)),
        (b"/a%40b", "/a@b", ("a@b",)),
        (b"/100%25", "/100%25", ("100%",)),
        (b"/a[1]|2", "/a%5B1%5D%7C2", ("a[1]|2",)),
        (b"/e%CC%81", "/%C3%A9", ("é",)),
    ],
)
def test_a_path_has_one_form(target: bytes, path: str, segments: tuple[str, ...]) -> None:
    """What need not be encoded is plain, what must be is in upper case."""
    canonical = read(target)
    assert (canonical.path, canonical.segments) == (path, segments)


def test_full_width_punctuation_of_chinese_titles_is_no_attack() -> None:
    """Ellipsis, full-width semicolon and percent sign stay what they are."""
    title = "关于……的通知（一）；100％.pdf"
    assert read(b"/" + quote(title).encode()).segments == (title,)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (b"", "not_absolute_path"),
        (b"*", "not_absolute_path"),
        (b"admin", "not_absolute_path"),
        (b"http://evil/", "not_absolute_path"),
        (b"//", "empty_segment"),
        (b"//admin", "empty_segment"),
        (b"/a//b", "empty_segment"),
        (b"/a//", "empty_segment"),
        (b"/%", "bad_percent"),
        (b"/%zz", "bad_percent"),
        (b"/%2", "bad_percent"),
        (b"/%u002e", "bad_percent"),
        (b"/%00", "encoded_nul"),
        (b"/a%00.pdf", "encoded_nul"),
        (b"/\x00", "control_character"),
        (b"/a b", "control_character"),
        (b"/a\tb", "control_character"),
        (b"/%0d%0aSet-Cookie:x", "control_character"),
        (b"/%1b[31m", "control_character"),
        (b"/%7f", "control_character"),
        (b"/%c2%85", "control_character"),
        (b"/%e2%80%ae", "control_character"),
        (b"/ad%e2%80%8bmin", "control_character"),
        (b"/%e2%80%a8", "control_character"),
        (b"/\xe5\x85\xac", "illegal_character"),
        (b"/<script>", "illegal_character"),
        (b"/a?b", "illegal_character"),
        (b"/%ff", "not_utf8"),
        (b"/%b9%ab", "not_utf8"),
        (b"/%ed%a0%80", "not_utf8"),
        (b"/%c0%ae%c0%ae/", "overlong_utf8"),
        (b"/%c0%af", "overlong_utf8"),
        (b"/%e0%80%af", "overlong_utf8"),
        (b"/%f0%80%80%af", "overlong_utf8"),
        (b"/" + b"a" * 8192, "path_too_long"),
        (b"/" + b"a" * 65536, "path_too_long"),
    ],
)
def test_class_01_malformed_paths_are_refused(target: bytes, code: str) -> None:
    """Nothing unparsable is ever decided upon."""
    assert code_of(target) == code


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (b"/public/../admin", "dot_segment"),
        (b"/public/%2e%2e/admin", "dot_segment"),
        (b"/public/.%2E/admin", "dot_segment"),
        (b"/./admin", "dot_segment"),
        (b"/admin/.", "dot_segment"),
        (b"/%2e/admin", "dot_segment"),
        (b"/.../admin", "dot_segment"),
        (b"/.%20./admin", "dot_segment"),
        (b"/%ef%bc%8e%ef%bc%8e/admin", "dot_segment"),
        (b"/%e2%80%a5/admin", "dot_segment"),
        (b"/admin%2f", "encoded_slash"),
        (b"/public%2F..%2Fadmin", "encoded_slash"),
        (b"/a%ef%bc%8fb", "encoded_slash"),
        (b"/a%e2%88%95b", "encoded_slash"),
        (b"/public\\admin", "backslash"),
        (b"/public%5cadmin", "backslash"),
        (b"/public%ef%bc%bcadmin", "backslash"),
        (b"/%252e%252e/admin", "double_encoding"),
        (b"/%2561dmin", "double_encoding"),
        (b"/%25%36%31dmin", "double_encoding"),
        (b"/%25u0061dmin", "double_encoding"),
        (b"/admin%20/x", "trailing_dot_or_space"),
        (b"/%20admin/x", "trailing_dot_or_space"),
        (b"/admin./x", "trailing_dot_or_space"),
        (b"/admin%e3%80%80/x", "trailing_dot_or_space"),
    ],
)
def test_class_02_second_readings_of_a_path_are_refused(target: bytes, code: str) -> None:
    """No upstream can normalise its way to another place."""
    assert code_of(target) == code


@pytest.mark.parametrize(
    "target",
    [
        *[b"/admin;x=1/", b"/public;/../admin", b"/admin;", b"/;/admin", b"/admin%3b", b"/a%3Bx/b"],
        b"/admin%cd%be",  # the Greek question mark is a semicolon after normalisation
    ],
)
def test_class_03_matrix_parameters_are_refused(target: bytes) -> None:
    """Raw or encoded."""
    assert code_of(target) == "matrix_parameter"


@pytest.mark.parametrize("target", [b"/admin#/public", b"/#", b"/admin%23/public", b"/admin%23"])
def test_class_04_fragments_are_refused(target: bytes) -> None:
    """Raw or encoded."""
    assert code_of(target) == "fragment"


@pytest.mark.parametrize("query", [b"x=/public/", b"/public/", b"?", b"x=%2e%2e", b"a;b", b"%u5"])
def test_class_05_the_query_is_no_part_of_the_place(query: bytes) -> None:
    """It is passed on unread and changes neither path nor policy object."""
    canonical = read(b"/admin", query=query)
    assert canonical.query == query.decode()
    assert (canonical.path, policy_object("ledger", canonical)) == ("/admin", "svc:ledger/admin")
    assert canonical.target == f"/admin?{query.decode()}"


@pytest.mark.parametrize("query", [b"a b", b"a\r\nb", b"a\x00", b"a#b", b"\xe5\x85\xac", b"\x7f"])
def test_queries_with_line_breaks_spaces_fragments_or_raw_bytes_are_refused(query: bytes) -> None:
    """They would end the request line, or the query, for somebody."""
    assert code_of(query=query) == "query_character"


def test_an_overlong_query_is_refused() -> None:
    """8 KiB are enough."""
    assert code_of(query=b"a" * 8193) == "query_too_long"


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ("ledger.gov.cn", "https"),
        ("LEDGER.Gov.CN", "https"),
        ("ledger.gov.cn.", "https"),
        ("Ledger.gov.cn:443", "https"),
        ("ledger.gov.cn.:443", "https"),
        ("ledger.gov.cn:443", "HTTPS"),
    ],
)
def test_class_17_each_spelling_of_a_host_is_the_same_host(host: str, scheme: str) -> None:
    """Case, the root's dot and the scheme's own port are no difference."""
    canonical = read(host=host, scheme=scheme)
    assert (canonical.host, canonical.port, canonical.origin) == (
        *("ledger.gov.cn", 443),
        "https://ledger.gov.cn",
    )


@pytest.mark.parametrize(
    "host",
    [
        *["", ".", "a..b", ".a", "a b", "a/b", "a@b", "user:pw@a", "a:", "a:b", "a:0", "a:080"],
        *["a:65536", "a:443:443", "a:+443", "-a", "a-", "a_b", "公文.cn", "ａ.cn", "a\r\nb"],
        *["a%2eb", "127.1", "0x7f.1", "2130706433", "127.0.0.256", "0177.0.0.1", "::1", "[::1"],
        *["[fe80::1%eth0]", "[::g]", "[127.0.0.1]", "a,b", "a\x00", "a" * 64, "a." * 127 + "aa"],
    ],
)
def test_class_17_unclear_hosts_are_refused(host: str) -> None:
    """User information, odd ports, addresses in other notations, raw non-ASCII names."""
    assert code_of(host=host) == "bad_host"


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("[0:0:0:0:0:0:0:1]:8100", "[::1]:8100"),
        ("127.0.0.1:8100", "127.0.0.1:8100"),
        ("XN--FIQS8S.cn", "xn--fiqs8s.cn"),
        ("ledger.intranet.localhost:8100", "ledger.intranet.localhost:8100"),
    ],
)
def test_addresses_and_ports_have_one_form(host: str, authority: str) -> None:
    """IPv6 is shortest (RFC 5952), other ports stay."""
    assert read(host=host).authority == authority


@pytest.mark.parametrize(
    "method", ["", "get", "Get", "G T", "GET\r\n", "CONNECT", "TRACE", "TRACK", "GÉT", "A" * 99]
)
def test_strange_methods_are_refused(method: str) -> None:
    """Methods are case-sensitive, but not every server knows (RFC 9110, 9.1)."""
    assert code_of(method=method) == "bad_method"


@pytest.mark.parametrize("scheme", ["", "ftp", "ws", "javascript"])
def test_other_schemes_are_refused(scheme: str) -> None:
    """Only http and https."""
    assert code_of(scheme=scheme) == "bad_scheme"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (((b"Host", b"a"), (b"host", b"b")), "duplicate_header"),
        (((b"content-length", b"1"), (b"Content-Length", b"1")), "duplicate_header"),
        (((b"authorization", b"a"), (b"authorization", b"b")), "duplicate_header"),
        (((b"x y", b"a"),), "bad_header"),
        (((b"", b"a"),), "bad_header"),
        (((b"x", b"a\nb"),), "bad_header"),
        (((b"x", b"a\x00"),), "bad_header"),
    ],
)
def test_headers_that_can_be_read_twice_are_refused(
    headers: tuple[tuple[bytes, bytes], ...], code: str
) -> None:
    """Two of what there is one of, names that are none, hidden line breaks."""
    assert code_of(headers=headers) == code


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (b"/", "svc:ledger/"),
        (b"/a/b/", "svc:ledger/a/b"),
        (b"/*", "svc:ledger/~2a"),
        (b"/a%7Cb:c", "svc:ledger/a~7cb~3ac"),
        (b"/~2a", "svc:ledger/~7e2a"),
        (b"/%E5%85%AC", "svc:ledger/~e5~85~ac"),
        (b"/my_page-1.html", "svc:ledger/my_page-1.html"),
    ],
)
def test_policy_objects_are_readable(target: bytes, name: str) -> None:
    """Ordinary names stay as they are."""
    assert policy_object("ledger", read(target)) == name


@pytest.mark.parametrize(
    "text",
    [
        *["", "e", "//e", "///e", "/\\e", "\\\\e", "/%09/e", "/\t/e", "/%2f/e", "/%5ce", "https:e"],
        *["https://e", "HTTPS://e", "//e@app.gov.cn", "javascript:alert(1)", "/a#b", " /a", "/a "],
        *["/a\r\nLocation: //e", "/..//e", "/.//e", "/a/..//e", "/;@e", "/公文", "/a?b\r\nc"],
        *["app.gov.cn.evil/", "@evil", "/a?" + "b" * 3000, "/%0d%0a", "?a=b", "data:,x", "\x00/a"],
    ],
)
def test_class_21_return_addresses_stay_on_this_origin(text: str) -> None:
    """Everything a browser could read as another origin is refused."""
    assert return_path(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/", "/"),
        ("/a/b?c=d&e=//f", "/a/b?c=d&e=//f"),
        ("/%e5%85%ac", "/%E5%85%AC"),
        ("/a@b", "/a@b"),
    ],
)
def test_local_return_addresses_come_back_in_canonical_form(text: str, expected: str) -> None:
    """Path and query."""
    assert return_path(text) == expected
