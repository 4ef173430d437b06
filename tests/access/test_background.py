"""What a page asks by itself keeps no session awake; what its person does, does (ASVS 7.3.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from access_questions import Desk

from gateway.identity.current import Current

POLL = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "*/*"}
OPENED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}


@pytest.mark.asvs("V7.3.1")
@pytest.mark.parametrize(
    ("method", "headers", "awake"),
    [
        ("GET", POLL, False),
        ("HEAD", POLL, False),
        ("GET", OPENED | {"Sec-Purpose": "prefetch"}, False),
        ("GET", {"Accept": "text/event-stream"}, False),
        ("GET", OPENED, True),
        ("POST", POLL, True),
    ],
)
@pytest.mark.parametrize("contract", ["nginx", "traefik"])
def test_class_26_polling_is_answered_and_keeps_nothing_awake(
    standing: Desk, contract: str, method: str, headers: dict[str, str], *, awake: bool
) -> None:
    touched: list[str] = []

    def present(token: str, *, service: str, now: datetime) -> Current | None:
        touched.append(token)
        return standing.world.find(token, service=service, now=now)

    app = replace(standing.app, find_session=present, peek_session=standing.world.find)
    got = replace(standing, app=app).ask(contract, b"/books", method=method, extra=headers)
    assert got["X-Hangu-Decision"]
    assert got.status not in {401, 302}
    assert bool(touched) is awake
