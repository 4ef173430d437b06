"""The office's log sealed and indexed, as a running gateway keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from web_office import CHROME, HOST, ZONE, Office

from audit.indexer import Indexer
from audit.review.runner import Runner
from audit.sealer import Sealer
from audit.sealing import open_keep
from gateway.identity.rule_roles import surroundings
from gateway.web.desk_values import Visit


def refuse_often(office: Office, times: int) -> None:
    """A clerk asks for other people's pay so many times within a minute, and is refused."""
    ask_often(office, {("payroll", "/staff"): times})


def ask_often(office: Office, times: Mapping[tuple[str, str], int]) -> None:
    """A clerk asks for pages below paths of services so many times, each within a minute."""
    now = datetime.now(UTC)
    token = office.session("liwen", ago=timedelta(minutes=12))
    who = office.desk.session(token, service=None, now=now)
    assert who is not None
    for (slug, path), count in times.items():
        for number in range(count):
            moment = now - timedelta(minutes=5, seconds=-number)
            office.desk.decide(
                who,
                office.desk.any_service(slug),
                f"{path}/{number}",
                visit=Visit(address="10.12.8.44", user_agent=CHROME, now=moment),
            )


def run_rules(office: Office, directory: Path) -> None:
    """Seal, index, and have the rules look, as a running gateway does."""
    settle(office, directory)
    Runner(
        begin=lambda: office.registry.ledger.begin(unaudited_because="a test"),
        read=office.store.read,
        around=surroundings(office.desk.roll, office.settings.timezone),
        mac=office.registry.vault.mac,
    ).catch_up(now=datetime.now(UTC))
    settle(office, directory)


def settle(office: Office, directory: Path, *, now: datetime | None = None) -> Indexer:
    """Seal what waits, and index it; return the indexer."""
    at = now or datetime.now(UTC)

    @contextmanager
    def begin() -> Iterator[Connection]:
        with office.registry.ledger.begin(unaudited_because="sealing in a test") as tx:
            yield tx.session.connection()

    read = office.store.read
    keep = open_keep(directory, origin=f"{HOST}/audit", read=read, now=at)
    sealer = Sealer(keep, zone=ZONE, begin=begin, read=read)
    while sealer.round(at):
        pass
    indexer = Indexer(
        begin=begin,
        read=read,
        unseal=lambda _e, _f, value: value,
        blind=office.registry.vault.blind,
    )
    indexer.catch_up()
    return indexer
