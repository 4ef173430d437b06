"""One worker as a process of its own: it keeps its pulse, and decides what it is asked.

    decision_worker.py URL DIRECTORY AGE_SECONDS

Each line on its input is a session's token; the answer is one line of JSON with the outcome and
the number of the version, or with the code of the refusal.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from access_world import KeyFile, canonical
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


def main(url: str, directory: Path, age: float) -> None:
    """Answer until the input ends."""
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
    print(json.dumps({"worker": pulse.worker.id}), flush=True)  # noqa: T201 - its answer
    for line in sys.stdin:
        token, moment = line.split()
        now = datetime.fromisoformat(moment)
        answer: dict[str, object]
        try:
            with store.read.connect() as connection:
                person = find_live(
                    connection, token, service="ledger", limits=limits, vault=vault, now=now
                )
            service = catalogue.by_slug("ledger")
            assert person is not None
            assert service is not None
            verdict = access.check(person, service, canonical(), now)
            answer = {"outcome": verdict.outcome, "version": verdict.version}
        except Refused as refusal:
            answer = {"refused": refusal.code}
        except SQLAlchemyError:
            answer = {"refused": "store_unavailable"}
        print(json.dumps(answer), flush=True)  # noqa: T201
    pulse.stop()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
