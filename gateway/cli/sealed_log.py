"""The sealed log as the commands of `hangu audit` find it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress
from sqlalchemy import select

from audit.keep import MEMORY, Disagreement, Keep, Memory
from audit.source import DatabaseSource
from audit.standing import default_policy
from audit.tables import log_state
from audit.tables_anchors import log_key
from gateway.cli.console import errors
from gateway.cli.trouble import Trouble
from gateway.logkeeping import policy_text
from gateway.office import Office

ATTEMPTS = 20
PAUSE = 0.25
"""Seconds between two looks for a checkpoint that is signed but not published yet."""


def snapshot(office: Office, *, witnessed: bool = False) -> tuple[Memory, DatabaseSource]:
    """What the sealer remembers, and the log as it stands at that moment or a little later.

    `witnessed` takes what witnesses have cosigned for the newest, as an export should.
    """
    for _ in range(ATTEMPTS):
        memory = _memory(office)
        source = DatabaseSource(
            office.store.read,
            first_key=memory.first_key,
            policy=_policy(office, memory),
            witnessed=witnessed,
        )
        if witnessed or source.size >= memory.signed.frontier.size:
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


def _policy(office: Office, memory: Memory) -> str:
    if own := policy_text(office.settings):
        return own
    with office.store.read.connect() as connection:
        standing = connection.execute(select(log_key.c.standing)).scalar()
    return default_policy(standing) if standing else f"log {memory.first_key}\nquorum none\n"


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


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far it is on standard error."""
    with Progress(console=errors(), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda completed: progress.update(task, completed=completed)
