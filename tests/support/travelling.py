"""A zone whose clock the test sets: its one worker reads how far ahead it is from a file.

Run as a program it serves a zone; as a module it is what Granian's worker loads. Nothing of
the gateway is replaced but the machine's clock beneath it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from config.settings import load
from gateway import app
from gateway.serve import Bridge
from gateway.serve.run import run

AHEAD = "HANGU_TEST_SECONDS_AHEAD"
"""Names the file with the number of seconds that the zone's clock is ahead of the real one."""

_LOOK_EVERY = 0.05


def application() -> Bridge:
    """Set the clock, keep it set, and build the zone."""
    file = Path(os.environ[AHEAD])
    travel = time_machine.travel(_start(file), tick=True)
    clock = travel.start()
    threading.Thread(target=_follow, args=(file, clock), daemon=True).start()
    return app.application()


def _start(file: Path) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


def _follow(file: Path, clock: time_machine.Traveller) -> None:
    ahead = float(file.read_text())
    while True:
        time.sleep(_LOOK_EVERY)
        wanted = float(file.read_text() or ahead)
        if wanted != ahead:
            clock.shift(wanted - ahead)
            ahead = wanted


def main() -> None:
    """Serve the zone in the directory that is named."""
    directory = Path(sys.argv[1]).absolute()
    listen = load(directory).web.listen
    run(
        f"{listen.host}:{listen.port}",
        "travelling:application",
        zone_directory=directory,
        listening=lambda: print("listening", flush=True),  # noqa: T201 - the test waits for it
    )


if __name__ == "__main__":
    main()
