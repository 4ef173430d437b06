"""What services and browsers may learn from each other's headers."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.canonical import Canonical, RawRequest, canonicalise
from gateway.access.canonical_refusals import BadHeader
from gateway.access.headers import (
    ConnectionNamesProtectedHeader,
    canonical_name,
    connection_options,
    header_value,
    own_cookies_removed,
    upstream_headers,
)
from gateway.access.headers_back import downstream_headers, public_address

IDENTITY = {"Remote-User": "person-1", "Remote-Groups": "", "X-Hangu-Assertion": "a.b.c"}


def request(scheme: str = "https", host: str = "ledger.gov.cn") -> Canonical:
    return canonicalise(RawRequest(method="GET", scheme=scheme, host=host, target=b"/a"))


def sent(*client: tuple[str, str], upstream_host: str | None = None) -> list[tuple[str, str]]:
    return upstream_headers(
        [(name.encode("latin-1"), value.encode("latin-1")) for name, value in client],
        IDENTITY,
        canonical=request(),
        client_address="192.0.2.7",
        upstream_host=upstream_host,
    )


def values(headers: list[tuple[str, str]], name: str) -> list[str]:
    return [value for each, value in headers if canonical_name(each) == canonical_name(name)]


def answered(*service: tuple[str, str], scheme: str = "https") -> list[tuple[str, str]]:
    return downstream_headers(
        service, canonical=request(scheme), upstream_origin="http://10.0.0.5:8080"
    )


@pytest.mark.parametrize(
    "alias",
    [
        *["Remote-User", "remote-USER", "Remote_User", "REMOTE_USER", "Remote.User", "remote.user"],
        *["Remote-Groups", "Remote_Groups", "X-Hangu-Assertion", "X_Hangu_Assertion"],
        *["X-Hangu.Assertion", "x.hangu.assertion", "Remote-Email", "X-Remote-User"],
    ],
)
def test_class_09_header_aliases_never_reach_the_service(alias: str) -> None:
    """However a client spells an identity header, the service sees only ours, once."""
    headers = sent((alias, "admin"), ("Accept", "*/*"), (alias, "root"))
    assert "admin" not in dict(headers).values()
    assert "root" not in dict(headers).values()
    for name, value in IDENTITY.items():
        assert values(headers, name) == [value]
    assert values(headers, "accept") == ["*/*"]


def test_class_09_client_headers_with_underscores_or_dots_are_dropped_altogether() -> None:
    """They have a twin in every CGI-like server."""
    headers = sent(("X_Custom", "1"), ("x.custom", "2"), ("X-Custom", "3"))
    assert values(headers, "x-custom") == ["3"]


def test_class_10_each_identity_header_is_set_even_if_empty() -> None:
    """A client's copy of one we leave empty cannot fill it."""
    assert values(sent(("Remote-Groups", "admins")), "Remote-Groups") == [""]


@pytest.mark.parametrize(
    "name",
    [
        *["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"],
        *["X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-User", "Forwarded", "X-Real-IP"],
        *["X-Original-URI", "X-Original-URL", "X-Original-Method", "X-Rewrite-URL", "Client-IP"],
        *[
            "True-Client-IP",
            "X-HTTP-Method-Override",
            "X-Auth-Request-User",
            "Proxy",
            "X-Client-IP",
        ],
        *["Proxy-Authorization", "X-WebAuth-User", "SSL-Client-S-DN"],
    ],
)
def test_class_06_07_08_forwarding_headers_are_ours_alone(name: str) -> None:
    """Set, never appended to; the client's are gone."""
    headers = sent((name, "evil"))
    assert not [value for _, value in headers if "evil" in value]
    assert values(headers, "X-Forwarded-For") == ["192.0.2.7"]
    assert values(headers, "X-Forwarded-Host") == ["ledger.gov.cn"]
    assert values(headers, "X-Forwarded-Proto") == ["https"]
    assert values(headers, "X-Forwarded-Port") == ["443"]


@pytest.mark.parametrize(
    "option",
    [
        *["X-Forwarded-Uri", "x_forwarded_uri", "Cookie", "cookie", "X-Real-Ip", "Remote-User"],
        *["REMOTE.USER", "X-Hangu-Assertion", "Authorization", "Host", "Content-Length", "Origin"],
        *["close, X-Forwarded-Uri", "keep-alive,Cookie", "X-Original-URI", "Content-Type"],
    ],
)
def test_class_11_connection_cannot_name_what_decisions_rest_on(option: str) -> None:
    """A hop that obeyed would drop it."""
    with pytest.raises(ConnectionNamesProtectedHeader) as caught:
        sent(("Connection", option))
    assert caught.value.code == "connection_names_protected_header"


@pytest.mark.parametrize("value", ["a b", "x;y", "(", '"cookie"', "é"])
def test_class_11_a_connection_header_that_is_no_list_of_tokens_is_refused(value: str) -> None:
    """Somebody might still find a name in it."""
    with pytest.raises(BadHeader):
        sent(("Connection", value))


def test_hop_by_hop_headers_and_those_named_end_here() -> None:
    """RFC 9110, 7.6.1."""
    headers = sent(
        ("Connection", "close, X-Trace"),
        ("connection", "Keep-Alive,, "),
        ("X-Trace", "1"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Trailer", "X-Sum"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAA"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "3"),
        ("Expect", "100-continue"),
        ("X-Kept", "1"),
    )
    names = {name.lower() for name, _ in headers}
    ours = {"host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"}
    assert names - ours - {name.lower() for name in IDENTITY} == {"x-kept"}
    assert connection_options([(b"Connection", b"A, b"), (b"connection", b"C")]) == {*"abc"}


def test_the_host_is_the_public_one_unless_the_service_wants_its_own() -> None:
    """Never the client's spelling of it."""
    assert values(sent(("Host", "LEDGER.gov.cn.:443")), "host") == ["ledger.gov.cn"]
    own = sent(("Host", "ledger.gov.cn"), upstream_host="10.0.0.5:8080")
    assert values(own, "host") == ["10.0.0.5:8080"]


@pytest.mark.parametrize(
    ("cookies", "left"),
    [
        ([b"__Host-hangu-intranet=secret"], ""),
        ([b"a=b; __Host-hangu-intranet-svc=secret; c=d"], "a=b; c=d"),
        ([b"a=b;__host-HANGU-extranet=secret;;c=d"], "a=b; c=d"),
        ([b"a=b", b"__Host-hangu-intranet-anon=secret", b"c=d"], "a=b; c=d"),
        ([b'a="x; __Host-hangu-intranet=secret; y"'], 'a="x; y"'),
        ([b"a=b, __Host-hangu-intranet=secret"], ""),
        ([b"=__Host-hangu-intranet=secret"], ""),
        ([b"\xff\x00=1; ok=1"], "\xff\x00=1; ok=1"),
    ],
)
def test_class_34_the_gateways_cookies_never_reach_a_service(
    cookies: list[bytes], left: str
) -> None:
    """In any spelling, quoted, folded or hidden behind a comma."""
    assert own_cookies_removed(cookies) == left
    headers = sent(*[("Cookie", each.decode("latin-1")) for each in cookies])
    assert values(headers, "cookie") == ([left] if left else [])


@given(st.lists(st.text('ab=;, "_-HOSThangu', max_size=20), max_size=4))
def test_class_34_no_cookie_header_smuggles_our_name(pieces: list[str]) -> None:
    """Whatever stands around it."""
    raw = "__Host-hangu-x=s".join(pieces).encode("latin-1")
    assert "__host-hangu-" not in own_cookies_removed([raw]).lower()


@given(st.text())
def test_any_text_fits_into_a_header_and_comes_back(text: str) -> None:
    """Chinese names, line breaks and percent signs too (UTF-8, percent-encoded)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    value = header_value(text)
    assert value.isascii()
    assert value.isprintable()
    assert value == value.strip()
    assert unquote(value) == text


def test_plain_text_in_a_header_stays_readable() -> None:
    """Only what must be is encoded."""
    assert header_value("roles a,b (c)") == "roles a,b (c)"
    assert header_value("张三") == "%E5%BC%A0%E4%B8%89"


# -- the way back


def test_talkative_and_hop_by_hop_headers_stay_with_the_service() -> None:
    """Also commands for the front server, and those the service's Connection names."""
    headers = answered(
        ("Server", "Apache/2.2"),
        ("X-Powered-By", "PHP/5"),
        ("X-AspNet-Version", "4"),
        ("Connection", "close, X-Internal"),
        ("X-Internal", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Keep-Alive", "timeout=5"),
        ("X-Accel-Redirect", "/internal/secret"),
        ("X-Sendfile", "/etc/passwd"),
        ("X-Hangu-Decision", "forged"),
        ("Alt-Svc", 'h3=":443"'),
        ("Clear-Site-Data", '"cookies"'),
        ("Content-Type", "text/html"),
        ("Content-Length", "3"),
    )
    assert {name for name, _ in headers} == {
        *["Content-Type", "Content-Length", "X-Content-Type-Options", "Referrer-Policy"],
        *["Strict-Transport-Security", "Cache-Control"],
    }


def test_the_floor_of_safety_does_not_lower_what_a_service_set() -> None:
    """Added only where absent; HSTS only over https."""
    own = [("x-content-type-options", "nosniff"), ("Referrer-Policy", "no-referrer")]
    own += [("cache-control", "no-store")]
    assert answered(*own, scheme="http") == own
    assert dict(answered())["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("http://10.0.0.5:8080/a?b=c#d", "https://ledger.gov.cn/a?b=c#d"),
        ("http://10.0.0.5:8080", "https://ledger.gov.cn/"),
        ("http://10.0.0.5:8080?x", "https://ledger.gov.cn/?x"),
        ("HTTP://10.0.0.5:08080/a", "HTTP://10.0.0.5:08080/a"),
        ("http://ledger.gov.cn/a", "https://ledger.gov.cn/a"),
        ("https://ledger.gov.cn/a", "https://ledger.gov.cn/a"),
        ("http://10.0.0.5:8080.evil.com/", "http://10.0.0.5:8080.evil.com/"),
        ("http://10.0.0.5:8080@evil.com/", "http://10.0.0.5:8080@evil.com/"),
        ("http://10.0.0.5/a", "http://10.0.0.5/a"),
        ("/a", "/a"),
        ("a", "a"),
        ("https://elsewhere.gov.cn/", "https://elsewhere.gov.cn/"),
        ("http://[::1", "http://[::1"),
        ("", ""),
    ],
)
def test_addresses_on_the_services_own_origin_become_public(address: str, public: str) -> None:
    """Others are left alone, look-alikes too."""
    assert public_address(address, request(), "http://10.0.0.5:8080") == public
    assert ("Location", public) in answered(("Location", address))


@pytest.mark.parametrize(
    ("cookie", "rewritten"),
    [
        ("a=b; Path=/; Domain=.gov.cn; HttpOnly", "a=b; Path=/; HttpOnly; Secure"),
        ("a=b;DOMAIN = gov.cn;secure", "a=b; secure"),
        ("a=b; domain", "a=b; Secure"),
        ("a=b", "a=b; Secure"),
    ],
)
def test_cookies_are_bound_to_the_services_own_host(cookie: str, rewritten: str) -> None:
    """No Domain, and Secure over https."""
    assert [value for name, value in answered(("Set-Cookie", cookie)) if name == "Set-Cookie"] == [
        rewritten
    ]


@pytest.mark.parametrize(
    "cookie",
    [
        *["__Host-hangu-intranet=x", "__host-HANGU-intranet-svc=x; Path=/", " __Host-hangu-a=x"],
        *["=__Host-hangu-intranet=x", "__Host-hangu-a", "a, __Host-hangu-a=x"],
    ],
)
def test_class_34_a_service_cannot_set_the_gateways_cookies(cookie: str) -> None:
    """Not even without a name, which browsers send back as if it were one."""
    assert "Set-Cookie" not in dict(answered(("Set-Cookie", cookie), ("X", "1")))


def test_folded_headers_are_unfolded_and_broken_ones_dropped() -> None:
    """RFC 9112, 5.2; nothing a browser could read as another header gets through."""
    headers = answered(("X-Long", "a\r\n b"), ("X-Bad", "a\rb"), ("X Bad", "1"), ("X-Nul", "\0"))
    assert headers[0] == ("X-Long", "a b")
    assert not [name for name, _ in headers if "Bad" in name or "Nul" in name]


def test_repeated_headers_of_a_service_stay_repeated() -> None:
    """Two cookies are two headers (RFC 9110, 5.3)."""
    headers = answered(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), scheme="http")
    assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1", "b=2"]
