"""The sealed log as the commands of `hangu audit` find it."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from audit.keep import MEMORY, Disagreement, Keep, Memory
from audit.source import DatabaseSource
from audit.tables import log_state
from audit.trust import BadPolicy, Policy
from gateway.cli.trouble import Trouble
from gateway.office import Office
from gateway.vault import Unopenable

POLICY_FILE = "audit-policy"
"""The office's own trust policy, in the zone's directory (c2sp.org/tlog-policy)."""
ATTEMPTS = 20
PAUSE = 0.25
"""Seconds between two looks for a checkpoint that is signed but not published yet."""


def snapshot(office: Office) -> tuple[Memory, DatabaseSource]:
    """What the sealer remembers, and the log as it stands at that moment or a little later."""
    for _ in range(ATTEMPTS):
        memory = _memory(office)
        source = DatabaseSource(
            office.store.read, first_key=memory.first_key, policy=_policy(office, memory)
        )
        if source.size >= memory.signed.frontier.size:
            break
        time.sleep(PAUSE)
    return memory, source


def remembered(office: Office, memory: Memory, source: DatabaseSource) -> list[tuple[str, bytes]]:
    """The sealer's last checkpoint as an anchor, unless it only waits for being published."""
    edge = memory.signed.frontier
    with office.store.read.connect() as connection:
        row = connection.execute(select(log_state.c.size, log_state.c.root)).first()
    unpublished = row is not None and (row.size, row.root) == (edge.size, edge.root())
    if not memory.note or (source.size < edge.size and unpublished):
        return []
    return [("the sealer's memory", memory.note)]


def unsealing(office: Office) -> Callable[[str, str, bytes], bytes | None]:
    """How a personal value kept beside the log is opened; None if it does not open."""

    def unseal(eid: str, field: str, value: bytes) -> bytes | None:
        try:
            return office.registry.vault.open(
                value,
                purpose="data",
                table="audit_secret",
                column=field,
                row=eid.encode(),
                version=1,
            )
        except Unopenable:
            return None

    return unseal


def _policy(office: Office, memory: Memory) -> str:
    own = office.settings.directory / POLICY_FILE
    if own.exists():
        text = own.read_text(encoding="utf-8")
        try:
            Policy.parse(text)
        except BadPolicy as error:
            raise Trouble(f"{own}: {error}", "See c2sp.org/tlog-policy for its form.") from None
        return text
    return f"log {memory.signer or memory.first_key}\nquorum none\n"


def _memory(office: Office) -> Memory:
    directory = office.settings.sealing.directory
    if not (directory / MEMORY).exists():
        raise Trouble(
            f"Nothing has been sealed yet: there is no {directory / MEMORY}.",
            "Start the zone, or: hangu audit seal DIR",
        )
    try:
        return Keep.open(directory).memory
    except Disagreement as error:
        raise Trouble(str(error), "Restore it from the backup.") from None
