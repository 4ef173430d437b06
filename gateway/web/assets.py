"""Stylesheets, script and mark: read once, named by their content, sealed by integrity hashes."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from flask import Blueprint, Response, abort, request

from gateway.web.access import Place, public
from gateway.web.headers import FOREVER

PREFIX = "/.hangu/static"
_DIGEST_LENGTH = 16
_LOOK = (
    "paper.css",
    "band.css",
    "shell.css",
    "forms.css",
    "lists.css",
    "people.css",
    "factors.css",
    "changes.css",
    "custody.css",
    "log.css",
    "print.css",
)
_OURS = files("gateway.web").joinpath("static")
_BOOTSTRAP = files("flask_bootstrap").joinpath("static/bootstrap5/css/bootstrap.min.css")
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file. `integrity` is the SRI value of the plain body (W3C Subresource Integrity)."""

    url: str
    media_type: str
    integrity: str
    body: bytes = field(repr=False)
    squeezed: bytes = field(repr=False)


def load() -> Mapping[str, Asset]:
    """Every asset by name, from our folder and from the installed Bootstrap-Flask."""
    look = b"\n".join(_OURS.joinpath("look", name).read_bytes() for name in _LOOK)
    bodies = {
        "bootstrap.css": _BOOTSTRAP.read_bytes(),
        "hangu.css": look,
        "hangu.js": _OURS.joinpath("hangu.js").read_bytes(),
        "passkeys.js": _OURS.joinpath("passkeys.js").read_bytes(),
        "words.js": _OURS.joinpath("words.js").read_bytes(),
        "mark.svg": _OURS.joinpath("mark.svg").read_bytes(),
    }
    return {name: _sealed(name, body) for name, body in bodies.items()}


def _sealed(name: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:_DIGEST_LENGTH]
    seal = base64.b64encode(hashlib.sha384(body).digest()).decode()
    return Asset(
        url=f"{PREFIX}/{digest}/{name}",
        media_type=_TYPES[name.rpartition(".")[2]],
        integrity=f"sha384-{seal}",
        body=body,
        squeezed=gzip.compress(body, mtime=0),
    )


def blueprint(assets: Mapping[str, Asset]) -> Blueprint:
    """The one route that serves them, on every host: the page at an unknown one needs them too."""
    pages = Blueprint("assets", __name__)

    @pages.get(f"{PREFIX}/<digest>/<name>")
    @public("style and script hold no data, and error pages need them", place=Place.ANYWHERE)
    def asset(digest: str, name: str) -> Response:
        found = assets.get(name)
        if found is None or found.url != f"{PREFIX}/{digest}/{name}":
            abort(404)
        response = Response(found.body, content_type=found.media_type)
        if request.accept_encodings["gzip"] > 0:
            response.set_data(found.squeezed)
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Cache-Control"] = FOREVER
        response.headers["Vary"] = "Accept-Encoding"
        return response

    return pages
