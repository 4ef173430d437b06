"""A worker's part in changes as a process of its own (`forking`), with the time as it is.

Its first line is [URL, DIRECTORY]. Then {"publish": REF, "now": MOMENT, "by": PERSON} publishes
as an officer would; {"work": true} starts the rounds that every worker makes; and {"ask": PERSON}
is answered by what this worker's engine decides on the person's page of the ledger.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from forking import answer, serve
from web_office import open_office

from audit.record import Actor
from gateway.access.policy_point import PolicyPoint
from gateway.changes import acts, sweep
from gateway.chores import Chores
from policies.engine import Request


def utc_now() -> datetime:
    return datetime.now(UTC)


def work(said: TextIO, told: TextIO) -> None:
    """Do what the lines say until they end."""
    url, directory = json.loads(said.readline())
    office = open_office(Path(directory), database=url)
    room = office.room
    policy = PolicyPoint(office.store)
    for line in said:
        asked = json.loads(line)
        if "publish" in asked:
            now = datetime.fromisoformat(asked["now"])
            acts.publish(room, asked["publish"], actor=Actor(subject=asked["by"]), now=now)
            answer(told, {"published": True})
        elif "work" in asked:
            soon = (("changes of the rules", lambda now: sweep.sweep(room, now=now)),)
            Chores(office.registry, clock=utc_now, soon=soon).start()
            answer(told, {"works": True})
        else:
            request = Request(
                subject=asked["ask"],
                zone="intranet",
                object="svc:ledger/a",
                action="GET",
                strength=2,
                now=int(utc_now().timestamp()),
                classification=2,
                clearance=2,
            )
            answer(told, {"outcome": policy.now().decide(request).outcome})


if __name__ == "__main__":
    serve(work)
