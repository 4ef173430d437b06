"""The demonstration office: both zones, their people and services, made once by real use cases."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from audit.record import Actor
from config.settings import FILE_NAME, load
from gateway.access.catalogue import Evaluation
from gateway.cli import demo_people, sample_data
from gateway.cli.demo_people import DemoPerson
from gateway.cli.demo_ports import LOOPBACK, Ports, address_at
from gateway.cli.new_zone import (
    OFFICERS,
    ROOT_UNIT,
    Link,
    NewPerson,
    Plan,
    create_zone,
    invite,
)
from gateway.cli.office import opened
from gateway.cli.policy import Scope, give
from gateway.cli.service import put
from gateway.cli.site import building, write_private
from gateway.cli.zone import now as clock
from gateway.cli.zone import operator
from gateway.identity import enrolment, people, units
from gateway.office import Office

ZONES = ("intranet", "extranet")
OFFICE = "河山市政务服务局"
OFFICE_EN = "Heshan Government Services Bureau"
SERVICE = {"intranet": "ledger", "extranet": "open-data"}
USERS = {"intranet": ("unit:finance",), "extranet": ("unit:finance", "unit:archives")}
DATA = "data"
BODY = "虚构测评中心（演示）"
A_YEAR = timedelta(days=365)
HEAD_START = timedelta(seconds=60)
"""The office is set up as if a minute ago: a code counts once, and enrolling takes one."""

Say = Callable[[str], None]


def prepare(
    directory: Path, ports: Ports, *, now: datetime, say: Say, entries: int | None = None
) -> list[DemoPerson]:
    """Make the demonstration in `directory`, or find the one that is there; return its people.

    `say` is told what is going on; `entries` makes a smaller ledger, for tests.
    """
    if directory.exists():
        found = demo_people.recall(directory)
        for zone in ZONES:
            _move(directory / zone, zone, ports, now=now)
        return found
    with building(directory) as site:
        say("写入示例数据 Writing the sample data")
        _write_data(site.zone / DATA, entries)
        made: list[DemoPerson] = []
        for zone in ZONES:
            say(f"建立演示单位 Setting up the office: {zone}")
            made += _make_zone(site.zone / zone, zone, ports, now=now)
        demo_people.keep(site.zone, made)
    return made


def _write_data(directory: Path, entries: int | None) -> None:
    directory.mkdir(mode=0o700)
    sample_data.make_ledger(directory / "ledger.db", entries=entries or sample_data.LEDGER_ENTRIES)
    sample_data.make_open_data(directory / "open-data.db")


def plan_of(zone: str, ports: Ports) -> Plan:
    """What `hangu init` would be told for a zone of the demonstration."""
    cast = [person for person in demo_people.cast()["person"] if zone in person["zones"]]
    officers = [each for each in cast if set(each["roles"]) & set(OFFICERS)]
    return Plan(
        zone=zone,
        office=OFFICE,
        office_en=OFFICE_EN,
        public_url=ports.public_url(zone),
        listen=f"{LOOPBACK}:{ports.gateway(zone)}",
        database="sqlite:///hangu.db",
        officers=tuple(_new_person(each) for each in officers),
        demonstration=True,
    )


def _new_person(given: dict[str, Any]) -> NewPerson:
    return NewPerson(
        login=given["login"],
        name=given["name"],
        unit=given["unit"],
        roles=frozenset(given["roles"]),
        clearance=given["clearance"],
    )


def _make_zone(directory: Path, zone: str, ports: Ports, *, now: datetime) -> list[DemoPerson]:
    plan, cast = plan_of(zone, ports), demo_people.cast()
    early = now - HEAD_START
    directory.mkdir(mode=0o700)
    links = create_zone(directory, plan, outside=_never_outside, actor=operator(), now=early)
    with opened(directory) as office:
        for unit in cast["unit"]:
            units.create(office.registry, parent=ROOT_UNIT, actor=operator(), now=early, **unit)
        officers = {person.login for person in plan.officers}
        others = [
            _new_person(each)
            for each in cast["person"]
            if zone in each["zones"] and each["login"] not in officers
        ]
        links += [invite(office, person, actor=operator(), now=early) for person in others]
        enrolled = _enrol(office, links, cast["person"], now=early)
        put(office, service_text(zone, ports), place=f"{SERVICE[zone]}.toml")
        _approve(office, now=clock())
        for subject in USERS[zone]:
            give(
                office,
                subject,
                SERVICE[zone],
                Scope(),
                note="演示授权 · grant of the demonstration",
            )
    return enrolled


def _never_outside(url: str) -> None:
    raise AssertionError(f"the demonstration keeps its databases to itself: {url}")


def _enrol(
    office: Office, links: Iterable[Link], cast: list[dict[str, Any]], *, now: datetime
) -> list[DemoPerson]:
    """Do what each person would do with their link; return them in the order of the cast."""
    order = {person["login"]: number for number, person in enumerate(cast)}
    enrolled = []
    for link in sorted(links, key=lambda each: order[each.person.login]):
        password = demo_people.new_password()
        offer = enrolment.begin(office.registry, link.token, password, now=now)
        person = DemoPerson(
            zone=office.settings.zone.name,
            login=link.person.login,
            name=link.person.name,
            what_zh=cast[order[link.person.login]]["what_zh"][office.settings.zone.name],
            what_en=cast[order[link.person.login]]["what_en"][office.settings.zone.name],
            password=password,
            totp=offer.secret_text.replace(" ", ""),
        )
        enrolment.finish(office.registry, link.token, person.code(now), now=now)
        enrolled.append(person)
    return enrolled


def service_text(zone: str, ports: Ports) -> str:
    """The zone's service file with the chosen port in it."""
    name = SERVICE[zone]
    path = resources.files("config.demo").joinpath(f"{name}.toml")
    lines = path.read_text(encoding="utf-8").splitlines()
    upstream = f'upstream = "{ports.upstream(zone)}"'
    return "\n".join(upstream if line.startswith("upstream =") else line for line in lines)


def _approve(office: Office, *, now: datetime) -> None:
    """Approve the zone's service, by its security administrator."""
    slug = SERVICE[office.settings.zone.name]
    entry = office.catalogue.by_slug(slug)
    assert entry is not None
    evaluation = Evaluation(at=now - timedelta(days=1), by=BODY, valid_until=now + A_YEAR)
    office.catalogue.approve(
        slug, evaluation, actor=_security_admin(office), now=now, version=entry.row_version
    )


def _move(directory: Path, zone: str, ports: Ports, *, now: datetime) -> None:
    """Have an existing zone use the chosen ports."""
    _move_settings(directory, zone, ports)
    with opened(directory) as office:
        entry = office.catalogue.by_slug(SERVICE[zone])
        if entry is not None and entry.upstream != ports.upstream(zone):
            put(office, service_text(zone, ports), place=f"{SERVICE[zone]}.toml", replace=True)
            _approve(office, now=now)


def _move_settings(directory: Path, zone: str, ports: Ports) -> None:
    """Change the listening port, and the address if it is the one we wrote; all else stays."""
    web, path = load(directory).web, directory / FILE_NAME
    before = path.read_text(encoding="utf-8")
    after = _with(before, "listen", f"{LOOPBACK}:{ports.gateway(zone)}")
    if web.public_url == address_at(zone, web.listen.port):
        after = _with(after, "public_url", ports.public_url(zone))
    if after != before:
        draft = directory / f".{FILE_NAME}.{os.getpid()}"
        write_private(draft, after.encode())
        draft.replace(path)


def _with(text: str, key: str, value: str) -> str:
    """Settings with another value of `key`, which stands on a line of its own."""
    return re.sub(rf"(?m)^[ \t]*{key}[ \t]*=.*$", f'{key} = "{value}"', text, count=1)


def addresses(directory: Path) -> dict[str, str]:
    """Where people find the gateway of each zone, as its settings say."""
    return {zone: load(directory / zone).web.public_url for zone in ZONES}


def _security_admin(office: Office) -> Actor:
    admins = [each for each in people.all_people(office.registry) if "security_admin" in each.roles]
    return Actor(subject=admins[0].subject)
