"""The response headers of every page, error and file (OWASP Secure Headers; MDN Observatory).

Set here and nowhere else: the server in front adds none of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from flask import Response, g

from gateway.web.desk import WebSettings

_SILENT_FEATURES = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "compute-pressure",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "private-state-token-issuance",
    "private-state-token-redemption",
    "screen-wake-lock",
    "serial",
    "speaker-selection",
    "storage-access",
    "sync-xhr",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
PERMISSIONS = ", ".join(
    [f"{name}=()" for name in _SILENT_FEATURES]
    + ["publickey-credentials-create=(self)", "publickey-credentials-get=(self)"]
)
"""Every browser feature off but the two of passkeys."""

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": PERMISSIONS,
    "X-DNS-Prefetch-Control": "off",
    "X-XSS-Protection": "0",
}
HSTS = "max-age=63072000; includeSubDomains"
NO_STORE = "no-store, max-age=0"
FOREVER = "public, max-age=31536000, immutable"
FORGET = '"cache", "storage"'
"""Clear-Site-Data at sign-out. Browsers obey it in secure contexts only. Not "cookies": that takes
the known device of the whole site along, and its owner would be a stranger among those who hammer
the name. The cookies of the session are dropped by name."""

REPORT_PATH = "/csp-report"
_NONCE_BYTES = 18


def nonce() -> str:
    """This response's script nonce, 144 random bits."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(_NONCE_BYTES)
    found: str = g.csp_nonce
    return found


def content_security_policy(settings: WebSettings, script_nonce: str) -> str:
    """The policy of one response.

    `data:` is for the small pictures inside Bootstrap's stylesheet. Over plain http (a
    developer's machine) requests are not upgraded, for there is nothing to upgrade them to.
    """
    parts = [
        "default-src 'none'",
        f"script-src 'nonce-{script_nonce}' 'strict-dynamic'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        "manifest-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        *(["upgrade-insecure-requests"] if settings.scheme == "https" else []),
        "report-to csp",
        f"report-uri {settings.public_url}{REPORT_PATH}",
    ]
    return "; ".join(parts)


def writer(settings: WebSettings) -> Callable[[Response], Response]:
    """The after-request step that sets every header; it overrides what a view set."""

    def write(response: Response) -> Response:
        headers = response.headers
        for name, value in FIXED.items():
            headers[name] = value
        headers["Content-Security-Policy"] = content_security_policy(settings, nonce())
        headers["Reporting-Endpoints"] = f'csp="{settings.public_url}{REPORT_PATH}"'
        if settings.scheme == "https":
            headers["Strict-Transport-Security"] = HSTS
        headers.setdefault("Cache-Control", NO_STORE)
        if "request_id" in g:
            headers["X-Request-Id"] = g.request_id
        for name in ("Server", "X-Powered-By"):
            headers.pop(name, None)
        return response

    return write
