"""A process of its own that writes entries, or seals them, until it is killed.

log_process.py write URL COUNT      prints each entry's id once it is durable
log_process.py seal URL DIRECTORY   prints nothing
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit.ledger import Ledger
from audit.record import Actor
from audit.sealer import Rhythm
from audit.sealing import Sealing
from gateway.store.engines import open_store

ORIGIN = "gate.example/audit"


def now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Do what the command line says."""
    what, url, rest = sys.argv[1:4]
    store = open_store(url)
    if what == "seal":
        Sealing(
            Path(rest),
            origin=ORIGIN,
            zone="intranet",
            begin=store.write.begin,
            read=store.read,
            clock=now,
            rhythm=Rhythm(heartbeat=timedelta(seconds=0.3), epoch=timedelta(seconds=0.7), batch=16),
        ).run()
        return
    ledger = Ledger(store.write, zone="intranet", seal=lambda _eid, _field, value: value)
    for _ in range(int(rest)):
        eid = ledger.append("unit.created", actor=Actor(subject="person:7"), now=now())
        sys.stdout.write(eid + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
