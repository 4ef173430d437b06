"""A process of its own that writes entries, or seals them, until it is killed.

log_process.py write URL DIRECTORY COUNT   prints each entry's id once it is durable
log_process.py seal URL DIRECTORY          prints nothing

DIRECTORY is the sealer's. Four threads write, so that their entries share commits.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit.herald import Messenger
from audit.ledger import Ledger
from audit.record import Actor
from audit.sealer import Rhythm
from audit.sealing import Sealing
from audit.vouching import Voucher
from gateway.store.engines import open_store

ORIGIN = "gate.example/audit"
THREADS = 4
VOUCHER = Voucher(bytes(32), zone="intranet")


def now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Do what the command line says."""
    what, url, keep = sys.argv[1:4]
    store, socket = open_store(url), Path(keep) / "announce.sock"
    if what == "seal":
        Sealing(
            Path(keep),
            origin=ORIGIN,
            zone="intranet",
            begin=store.write.begin,
            read=store.read,
            clock=now,
            rhythm=Rhythm(heartbeat=timedelta(seconds=0.3), epoch=timedelta(seconds=0.7), batch=16),
            socket=socket,
        ).run()
        return
    ledger = Ledger(
        store.write,
        zone="intranet",
        seal=lambda _eid, _field, value: value,
        herald=Messenger(socket, voucher=VOUCHER.vkey),
        voucher=VOUCHER,
    )

    def write(_number: int) -> None:
        eid = ledger.append("unit.created", actor=Actor(subject="person:7"), now=now())
        os.write(1, f"{eid}\n".encode())  # in one piece, whatever the other threads say

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(int(sys.argv[4]))))


if __name__ == "__main__":
    main()
