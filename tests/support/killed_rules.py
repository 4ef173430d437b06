"""A round of the rules in a process of its own (`forking`) that dies at a chosen moment of it.

Its line is {url, now, at}: the process kills itself before the `at`-th thing that is said to the
database by whoever writes (a statement or the commit), or with -1 right after the commit; if
there are not as many, the round is done and it says so.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TextIO

from forking import answer, serve
from killed_change import die, die_at
from sealed_log import ledger_of
from searched_log import mac

from audit.review.matching import Surroundings
from audit.review.runner import Runner
from gateway.store.engines import open_store


def work(said: TextIO, told: TextIO) -> None:
    """Run the rules, or die of it."""
    for line in said:
        asked = json.loads(line)
        store = open_store(asked["url"])
        around = Surroundings(zone=UTC, roles=dict)
        runner = Runner(begin=ledger_of(store).begin, read=store.read, around=around, mac=mac)
        die_at(store, asked["at"])
        done = runner.round(now=datetime.fromisoformat(asked["now"]))
        if asked["at"] == -1:
            die()
        answer(told, {"done": done})


if __name__ == "__main__":
    serve(work)
