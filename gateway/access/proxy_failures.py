"""How a service can fail to answer, as the browser is told."""

from __future__ import annotations

import http.client
from typing import ClassVar

from gateway.refusals import Refused


class UpstreamFailure(Refused):
    """The service gave no answer to pass on. `status` is what the browser gets."""

    status: ClassVar[int] = 502


class UpstreamUnreachable(UpstreamFailure):
    """No connection: nobody listens, the name is unknown, the certificate is not trusted."""

    code = "upstream_unreachable"


class UpstreamTimeout(UpstreamFailure):
    """Connecting or answering took too long."""

    code = "upstream_timeout"
    status = 504


class UpstreamBroken(UpstreamFailure):
    """The service closed the connection too early or sent what is not HTTP."""

    code = "upstream_broken"


class WebsocketNeedsNginx(UpstreamFailure):
    """The built-in proxy carries no WebSockets; nginx with forward-auth does."""

    code = "websocket_needs_nginx"
    status = 501


class TooManyStreams(UpstreamFailure):
    """As many event streams are open as may be without starving ordinary requests."""

    code = "too_many_streams"
    status = 503


class GarbledResponse(http.client.HTTPException):
    """A response two readers would cut differently."""
