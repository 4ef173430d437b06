"""`hangu serve`: run one zone."""

from __future__ import annotations

from pathlib import Path

import click

from config.settings import load
from gateway.cli.check import require_fit
from gateway.cli.console import note
from gateway.cli.zone import ZoneCommand, takes_zone
from gateway.serve.run import run

APPLICATION = "gateway.app:application"


@click.command(cls=ZoneCommand, short_help="Run a zone until it is told to stop.")
@takes_zone
def serve(directory: Path) -> None:
    """Check the zone DIR, then serve it until SIGTERM or Ctrl-C.

    Behind a reverse proxy it listens on a Unix socket; without one, on loopback.
    """
    directory = directory.absolute()
    settings = load(directory)
    require_fit(directory)
    listen = settings.web.listen
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    address = f"{host}:{listen.port}" if listen.path is None else f"unix:{listen.path}"
    line = f"Zone {settings.zone.name} listens at {address}; people reach it at "
    run(
        address,
        APPLICATION,
        zone_directory=directory,
        workers=settings.web.workers,
        listening=lambda: note(line + settings.web.public_url),
    )
