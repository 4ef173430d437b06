"""A step of a change in a process of its own (`forking`) that dies at a chosen moment of it.

Its line is {url, directory, act, ref, now, at}: the process kills itself before the `at`-th
thing it says to the database (a statement or the commit), or with -1 right after the commit;
if there are not as many, the step is done and it says so.
"""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import TextIO

from change_desk import Desk
from forking import answer, serve
from sqlalchemy import event

from audit.ledger import Ledger
from gateway.store.engines import Store, open_store
from gateway.vault import KeyFile, open_keyring

ZONE = "intranet"


def open_desk(url: str, directory: Path) -> Desk:
    """Open the desk of the zone whose keys lie in a directory."""
    vault = open_keyring(directory / "keys", zone=ZONE, root=KeyFile(directory / "root"))
    store = open_store(url, info={"vault": vault})
    ledger = Ledger(store.write, zone=ZONE, seal=lambda _e, _f, value: value, info=store.info)
    return Desk(ledger, store)


def work(said: TextIO, told: TextIO) -> None:
    """Take the step, or die of it."""
    for line in said:
        asked = json.loads(line)
        desk = open_desk(asked["url"], Path(asked["directory"]))
        now = datetime.fromisoformat(asked["now"])
        die_at(desk.store, asked["at"])
        if asked["act"] == "confirm":
            desk.confirm(asked["ref"], now, now)
        else:
            {"publish": desk.publish, "roll_back": desk.roll_back}[asked["act"]](asked["ref"], now)
        if asked["at"] == -1:
            die()
        answer(told, {"done": asked["act"]})


def die_at(store: Store, at: int) -> None:
    """Kill this process before the `at`-th thing that is said to the database."""
    said = 0

    def count(*_about: object) -> None:
        nonlocal said
        said += 1
        if said == at:
            die()

    event.listen(store.write, "before_cursor_execute", count)
    event.listen(store.write, "commit", count)


def die() -> None:
    """End as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(work)
