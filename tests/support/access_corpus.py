"""Attacks on what two readers of one request could read differently, for every front."""

from __future__ import annotations

MALFORMED = (
    b"//",
    b"//admin",
    b"/%",
    b"/%zz",
    b"/a%2",
    b"/%00",
    b"/a%00.css",
    b"/a%0d%0aX-A:b",
    b"/\xe4",
    b"/\xff\xfe",
    b"/a\\..\\admin",
    b"/%5c..%5cadmin",
    b"/%c0%ae%c0%ae/admin",
    b"/%e0%80%af",
    b"/%u002e%u002e/admin",
    b"/%252e%252e/admin",
    b"/a/%ef%bc%8f/b",
    b"/a%e2%80%8bb",
    b"/\xe2\x80\xae",
    b"/" + b"a" * 9000,
    b"/" + b"%41" * 3000,
)
"""Class 1: malformed addresses, every one of which must be refused."""

VARIANTS = (
    b"/admin",
    b"/admin/",
    b"/admin/users",
    b"/%61dmin",
    b"/%61%64%6d%69%6e",
    b"/Admin",
    b"/ADMIN",
    b"/./admin",
    b"/a/../admin",
    b"/a/%2e%2e/admin",
    b"/a/..%2fadmin",
    b"/a/.%2e/admin",
    b"/%2e/admin",
    b"//admin",
    b"///admin",
    b"/admin//",
    b"/admin/.",
    b"/admin/..",
    b"/admin/../admin",
    b"/%2fadmin",
    b"/admin%2f",
    b"/admin%2fusers",
    b"/admin%20",
    b"/admin.",
    b"/admin%2e",
    b"/admin%00",
    b"/admin%09",
    b"/admin\\",
    b"/%5cadmin",
    b"/..;/admin",
    b"/public/..;/admin",
    b"/public/%2e%2e%3b/admin",
    b"/%EF%BC%8Fadmin",
    b"/%ef%bd%81dmin",
    b"/adm%C4%B1n",
)
"""Class 2: ways to spell the protected path, or something near it."""

MATRIX = (
    b"/admin;x=1",
    b"/admin;x=1/",
    b"/admin;/",
    b"/public;/../admin",
    b"/;/admin",
    b"/public;x=/admin",
    b"/admin%3bx=1",
)
"""Class 3: matrix parameters."""

FRAGMENTS = (b"/admin#/public", b"/admin%23/public", b"/public#/../admin", b"/public%23", b"/#")
"""Class 4: fragments."""

QUERIES = (
    b"/admin?x=/public/",
    b"/admin?/public",
    b"/admin?..%2fpublic",
    b"/admin??/public",
    b"/admin?a=%2e%2e%2f",
    b"/admin?%23/public",
)
"""Class 5: the protected path with something harmless in its query."""

SPOOFED = (
    ("X-Forwarded-Uri", "/public"),
    ("X-Forwarded-Method", "HEAD"),
    ("X-Forwarded-Host", "wiki.gate.example.cn"),
    ("X-Forwarded-Prefix", "/public"),
    ("X-Forwarded-Port", "1"),
    ("X-Forwarded-Proto", "ftp"),
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Original-URL", "/public"),
    ("X-Original-Uri", "/public"),
    ("X-Original-Method", "OPTIONS"),
    ("X-Rewrite-URL", "/public"),
    ("X-Real-IP", "127.0.0.1"),
    ("Forwarded", "for=127.0.0.1;host=wiki.gate.example.cn;proto=http"),
    ("X-Http-Method-Override", "HEAD"),
    ("X-Hangu-Path", "/public"),
    ("X-Hangu-Decision", "allow"),
    ("X-Hangu-Proxy-Key", "a-proxy-key-of-more-than-32-bytes-for-tests"),
    ("User-Agent", "kube-probe/1.30"),
    ("User-Agent", "GoogleHC/1.0"),
    ("User-Agent", "ELB-HealthChecker/2.0"),
)
"""Classes 6, 8, 12: headers that must not change any decision."""

ADDRESSES = (
    "",
    "a",
    "1.1.1.1, ",
    ", 1.1.1.1",
    "1.1.1.1 2.2.2.2",
    "1.1.1",
    "0x7f.1",
    "1.1.1.1:80",
    "[::1]",
    "fe80::1%eth0",
    "unknown",
    "127.0.0.1;x",
    "1.1.1.1," * 100 + "1.1.1.1",
    "9" * 10_000,
)
"""Class 7: values of X-Forwarded-For that are no addresses."""

ALIASES = (
    "Remote_User",
    "Remote.User",
    "remote-USER",
    "REMOTE-USER",
    "Remote-User",
    "X_Ledger_Name",
    "X.Ledger.Name",
    "x-ledger-NAME",
    "X_Hangu_Assertion",
    "X-Hangu-Assertion",
)
"""Class 9: spellings of the headers by which the test service learns who asks."""

CONNECTIONS = (
    "X-Forwarded-Uri, Cookie",
    "close, X-Original-URL",
    "Remote-User",
    "keep-alive, X-Hangu-Assertion",
    "Cookie",
    "Host",
    "Authorization",
)
"""Class 11: Connection headers that would have others dropped."""

COOKIES = (
    b"=",
    b";",
    b"\xff\xfe",
    b"__Host-hangu-intranet-svc",
    b"__Host-hangu-intranet-svc=",
    b"__Host-hangu-intranet-svc==",
    b'__Host-hangu-intranet-svc="' + b"A" * 43 + b'"',
    b"__Host-hangu-intranet-svc=" + b"A" * 42,
    b"__Host-hangu-intranet-svc=" + b"A" * 44,
    b"__Host-hangu-intranet-svc=" + b"A" * 43,
    b"__Host-hangu-intranet-svc=" + b"\xe4" * 43,
    b"__Host-hangu-intranet-svc=null",
    b"__Host-hangu-intranet-svc=' OR 1=1 --",
    b"__host-hangu-intranet-svc=" + b"A" * 43,
    b"a=" + b"b" * 4000,
    b"a=b;" * 500,
)
"""Class 13: cookies that open nothing."""

HOSTS = ("LEDGER.gate.example.CN", "ledger.gate.example.cn.", "ledger.gate.example.cn:443")
"""Class 17: other spellings of the service's host."""

WRONG_HOSTS = (
    "",
    "ledger",
    "ledger.gate.example.cn.evil.example",
    "ledger.gate.example.cn@evil.example",
    "evil.example",
    "xn--ledger-.gate.example.cn",
    "ledger.gate.example.cn:x",
    "ledger.gate.example.cn/",
    "127.0.0.1",
    "gate.example.cn",
)
"""Class 17: hosts that are no service."""

WIDE_TRUST = ("*", "0.0.0.0/0", "::/0", "0.0.0.0", "::", "10.0.0.0/8", "192.168.0.0/16", "any", "")  # noqa: S104
"""Class 35: settings that would believe everybody."""
