"""One service asked directly, through the gate, and the decision alone, in turn.

Through the gate each request costs a session read, a decision and a durable record of it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import urllib3
from figures import Row, interleaved
from running_demo import Demo, running_demo

from config.settings import load
from gateway.identity import sign_in, tickets
from gateway.office import compose

CLIENTS = 8
SECONDS = 3.0
ROUNDS = 3
PATH = "/-/versions.json"
ALL_RIGHT = 200


def main() -> list[Row]:
    """Return the three rates, those of the gateway with their ratio to the direct one."""
    with tempfile.TemporaryDirectory() as directory, running_demo(Path(directory) / "d") as demo:
        cookie = f"__Host-hangu-intranet-svc={_pass_for(demo)}"
        host = demo.service().removeprefix("http://")
        key = (demo.directory / "intranet/secrets/proxy-key").read_text().strip()
        gateway = f"http://127.0.0.1:{demo.ports[0]}"
        asked = {
            "Cookie": cookie,
            "X-Hangu-Proxy-Key": key,
            "X-Original-Method": "GET",
            "X-Original-URL": demo.service() + PATH,
            "X-Forwarded-For": "127.0.0.1",
        }
        rates = interleaved(
            {
                "direct": lambda: _rate(f"http://127.0.0.1:{demo.ports[1]}{PATH}", {}),
                "gate": lambda: _rate(gateway + PATH, {"Host": host, "Cookie": cookie}),
                "decision": lambda: _rate(f"{gateway}/-/decide/nginx", asked),
            },
            ROUNDS,
        )
    direct = rates["direct"]
    return [
        Row(f"Datasette asked directly, {CLIENTS} clients", direct, "requests/s"),
        Row("the same through the gate (SQLite)", rates["gate"], "requests/s", direct),
        Row("the decision endpoint alone (SQLite)", rates["decision"], "decisions/s", direct),
    ]


def _pass_for(demo: Demo) -> str:
    """Sign the clerk in and return the token for the service's host."""
    store, office = compose(load(demo.directory / "intranet"))
    registry, now = office.registry, datetime.now(UTC)
    pending = sign_in.check_password(
        registry,
        login="li.na",
        password=demo.person("li.na")["password"],
        address="127.0.0.1",
        now=now,
    )
    session = sign_in.check_code(
        registry,
        pending_token=pending.token,
        code=demo.code("li.na"),
        address="127.0.0.1",
        user_agent="bench",
        now=now,
    )
    ticket = tickets.issue(registry, session.token, "ledger", now=now)
    token = tickets.redeem(registry, ticket, "ledger", now=now)
    store.close()
    return token


def _rate(address: str, headers: Mapping[str, str]) -> float:
    """Requests a second that several clients get answered, each on one connection."""
    until = time.perf_counter() + SECONDS
    start = time.perf_counter()
    with urllib3.PoolManager(maxsize=CLIENTS) as pool, ThreadPoolExecutor(CLIENTS) as clients:
        counts = list(
            clients.map(lambda _: _ask(pool, address, headers, until=until), range(CLIENTS))
        )
    return sum(counts) / (time.perf_counter() - start)


def _ask(
    pool: urllib3.PoolManager, address: str, headers: Mapping[str, str], *, until: float
) -> int:
    count = 0
    while time.perf_counter() < until:
        answer = pool.request("GET", address, headers=dict(headers), redirect=False)
        if answer.status != ALL_RIGHT:
            raise RuntimeError(f"{address}: {answer.status} {answer.data[:200]!r}")
        count += 1
    return count
