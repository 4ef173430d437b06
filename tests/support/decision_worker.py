"""Workers, each a process of its own (`forking`): it keeps its pulse, and decides when asked.

Its first line is [URL, DIRECTORY, AGE_SECONDS], answered by the worker's id; each further one is
[a session's token, the moment], answered by the outcome and the version, or the refusal's code.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from access_world import KeyFile, canonical
from forking import answer, serve
from office_networks import OFFICE
from sqlalchemy.exc import SQLAlchemyError

from audit.ledger import Ledger
from gateway.access.catalogue import Catalogue, Surroundings
from gateway.access.decide import Access
from gateway.access.policy_point import Lease, PolicyPoint
from gateway.access.pulse import Pulse, this_worker
from gateway.identity.current import find_live
from gateway.identity.registry import Limits
from gateway.refusals import Refused
from gateway.store.engines import open_store
from gateway.vault import install, open_keyring

ZONE = "intranet"
LONG = timedelta(hours=12)


def work(said: TextIO, told: TextIO) -> None:
    """Answer until the input ends."""
    url, where, age = json.loads(said.readline())
    directory = Path(where)
    vault = open_keyring(directory / "keys", zone=ZONE, root=KeyFile(directory / "root"))
    store = open_store(url, info={"vault": vault})
    ledger = Ledger(store.write, zone=ZONE, seal=lambda _e, _f, value: value, info=store.info)
    install(ledger.sessions)
    around = Surroundings(zone=ZONE, gateway_host="gate.example.cn", own=frozenset())
    catalogue = Catalogue(store=store, ledger=ledger, around=around)
    lease = Lease(timedelta(seconds=age))
    policy = PolicyPoint(store, lease=lease)
    access = Access(networks=OFFICE, ledger=ledger, policy=policy, catalogue=catalogue, zone=ZONE)
    pulse = Pulse(
        this_worker(datetime.now(UTC)),
        store=store,
        ledger=ledger,
        policy=policy,
        lease=lease,
        clock=lambda: datetime.now(UTC),
    )
    pulse.start()
    limits = Limits(
        staff_idle=LONG,
        staff_life=LONG,
        officer_idle=LONG,
        officer_life=LONG,
        enrolment_life=LONG,
        totp_back_steps=1,
        password_min=12,
        step_life=LONG,
    )
    answer(told, {"worker": pulse.worker.id})
    for line in said:
        token, moment = json.loads(line)
        now = datetime.fromisoformat(moment)
        found: dict[str, object]
        try:
            with store.read.connect() as connection:
                person = find_live(
                    connection, token, service="ledger", limits=limits, vault=vault, now=now
                )
            service = catalogue.by_slug("ledger")
            assert person is not None
            assert service is not None
            verdict = access.check(person, service, canonical(), now)
            found = {"outcome": verdict.outcome, "version": verdict.version}
        except Refused as refusal:
            found = {"refused": refusal.code}
        except SQLAlchemyError:
            found = {"refused": "store_unavailable"}
        answer(told, found)
    pulse.stop()


if __name__ == "__main__":
    serve(work)
