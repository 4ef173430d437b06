"""Start Granian for one zone."""

from __future__ import annotations

import importlib
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

ZONE_DIRECTORY = "HANGU_ZONE_DIR"  # how the zone's directory reaches the workers
SOCKET_MODE = 0o660  # the front server is in the zone's group
# Bytes of a request's head Granian reads at most, and of a body it reads ahead.
_BUFFER = 131072
_HEAD_PATIENCE = 30_000  # milliseconds for a request's head
_GRACE = 10  # seconds a worker may take to stop


def run(
    listen: str,
    target: str,
    *,
    zone_directory: Path,
    workers: int = 1,
    backpressure: int = 1024,
    listening: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Dead workers are started again.

    `listen` is `host:port`, `[ipv6]:port` or `unix:/path`; the socket file is made anew with
    mode 0660. `target` is `module:callable`; each worker calls it once, without arguments and
    with the environment variable HANGU_ZONE_DIR set, and gets the ASGI application (a Bridge).
    `backpressure` is how many connections a worker holds, idle ones too, before it stops
    accepting; idle ones are closed after 30 s. `listening` is called once the address is ours.
    Raises ValueError for an address of another form.
    """
    address = _address(listen)
    os.environ[ZONE_DIRECTORY] = str(zone_directory)
    _allow_many_connections()
    server = Server(
        target,
        **address,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        loop=Loops.asyncio,
        workers=workers,
        backlog=max(1024, backpressure),
        backpressure=backpressure,
        http1_settings=HTTP1Settings(header_read_timeout=_HEAD_PATIENCE, max_buffer_size=_BUFFER),
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
    )
    if listening is not None:
        server.on_startup(listening)
    server.serve(target_loader=load_application)


def load_application(target: str) -> Any:  # noqa: ANN401 - an ASGI application
    """Call `module:callable` and return what it returns.

    Unlike Granian's own loader this leaves sys.path as it is, so nothing in the current
    directory can take the place of the gateway's modules.
    """
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)()


def _allow_many_connections() -> None:
    """Each connection is an open file, often with a second one to a service."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _address(listen: str) -> dict[str, Any]:
    if listen.startswith("unix:"):
        path = Path(listen.removeprefix("unix:"))
        if not path.is_absolute():
            raise ValueError(f"not an absolute path: {listen}")
        return {"uds": path, "uds_permissions": SOCKET_MODE}
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal():
        raise ValueError(f"neither host:port nor unix:/path: {listen}")
    return {"address": host.strip("[]"), "port": int(port)}
