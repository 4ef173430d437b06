"""What a new zone consists of, written into an empty directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_urlsafe

from sqlalchemy import inspect, make_url

from audit.record import Actor
from config.secret_files import SECRETS
from config.settings import FILE_NAME, Settings, load
from gateway.cli.site import write_private
from gateway.cli.trouble import Trouble
from gateway.identity import people, units
from gateway.office import KEYS, Office, compose, root_of
from gateway.store import migrate
from gateway.store.engines import open_for_migration
from gateway.vault import KeyFile, create_keyring
from policies import baseline

ROOT_UNIT = "office"
"""The slug of the unit that the others hang below."""
OFFICERS = ("system_admin", "security_admin", "auditor")
HIGHEST_LABEL = {"intranet": 2, "extranet": 0}
_PRIVATE = 0o700
_FOR_NGINX = 0o750
_OWN_TABLES = {"alembic_version"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody who is to enrol. `unit` is a slug."""

    login: str
    name: str
    roles: frozenset[str]
    unit: str = ROOT_UNIT
    clearance: int = 0
    staff_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `hangu init` was told."""

    zone: str
    office: str
    public_url: str
    listen: str
    database: str
    officers: tuple[NewPerson, ...]
    demonstration: bool = False
    office_en: str = ""
    database_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time enrolment link; whoever has it becomes this person."""

    person: NewPerson
    token: str = field(repr=False)
    url: str = field(repr=False)


def create_zone(
    directory: Path,
    plan: Plan,
    *,
    outside: Callable[[str], None],
    actor: Actor,
    now: datetime,
) -> list[Link]:
    """Fill the empty `directory` with a complete zone; return the officers' enrolment links.

    `outside` is told the URL of a database that is not in `directory`, before it is touched.

    Raises:
        SettingsError: the plan's settings cannot be used.
        Trouble: the database is not empty.
    """
    _write_files(directory, plan)
    settings = load(directory)
    create_keyring(directory / KEYS, zone=plan.zone, root=root_of(settings))
    _prepare_database(settings, outside)
    store, office = compose(settings)
    try:
        return _furnish(office, plan, actor=actor, now=now)
    finally:
        store.close()


def link_for(person: NewPerson, settings: Settings, token: str) -> Link:
    """The address at which `person` enrols."""
    return Link(person, token, f"{settings.web.public_url}/enrol/{token}")


def _write_files(directory: Path, plan: Plan) -> None:
    secrets = directory / SECRETS
    secrets.mkdir(mode=_PRIVATE)
    run = directory / "run"
    run.mkdir()
    run.chmod(_FOR_NGINX)
    KeyFile(secrets / "root-key").create()
    write_private(secrets / "proxy-key", f"{token_urlsafe(32)}\n".encode())
    if plan.database_password is not None:
        write_private(secrets / "database-password", f"{plan.database_password}\n".encode())
    write_private(directory / FILE_NAME, settings_text(plan).encode())


def settings_text(plan: Plan) -> str:
    """The zone's own settings file. JSON strings are TOML strings."""
    lines = [
        "# What differs from the defaults; config/hangu.toml of the release explains every key.",
        "# Secrets are files in secrets/. `hangu check` says what is wrong.",
        "",
        "[zone]",
        f"name = {_quoted(plan.zone)}",
        f"office = {_quoted(plan.office)}",
        *([f"office_en = {_quoted(plan.office_en)}"] if plan.office_en else []),
        f"highest_label = {HIGHEST_LABEL.get(plan.zone, 0)}",
        *(["demonstration = true"] if plan.demonstration else []),
        "",
        "[web]",
        f"public_url = {_quoted(plan.public_url)}",
        f"listen = {_quoted(plan.listen)}",
        "",
        "[database]",
        f"url = {_quoted(plan.database)}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # JSON leaves DEL as it is, which TOML forbids.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _prepare_database(settings: Settings, outside: Callable[[str], None]) -> None:
    """Lay the schema into the database, which has to be empty."""
    url = settings.database.url
    path = make_url(url).database if url.startswith("sqlite:") else None
    if path is None or not Path(path).is_relative_to(settings.directory):
        _require_empty(url)
        outside(url)
    migrate.upgrade(url)


def _require_empty(url: str) -> None:
    engine = open_for_migration(url)
    try:
        tables = set(inspect(engine).get_table_names()) - _OWN_TABLES
        revision = migrate.current(engine)
    finally:
        engine.dispose()
    if tables or revision is not None:
        place = make_url(url).render_as_string(hide_password=True)
        raise Trouble(
            f"The database {place} is not empty; nothing was changed.",
            "A new zone wants a database of its own: create one, and name it with --database.",
        )


def _furnish(office: Office, plan: Plan, *, actor: Actor, now: datetime) -> list[Link]:
    """The first records, rules, unit and people."""
    office.ledger.append(
        "zone.created",
        actor=actor,
        now=now,
        object=f"zone:{plan.zone}",
        details={"office": plan.office, "public_url": plan.public_url},
    )
    office.publish(baseline.load(), actor=actor, now=now, note="baseline of hangu init")
    units.create(
        office.registry,
        slug=ROOT_UNIT,
        parent=None,
        name_zh=plan.office,
        name_en=plan.office_en or plan.office,
        actor=actor,
        now=now,
    )
    return [invite(office, person, actor=actor, now=now) for person in plan.officers]


def invite(office: Office, person: NewPerson, *, actor: Actor, now: datetime) -> Link:
    """Add a person, who then enrols with the link."""
    _, token = people.create(
        office.registry,
        login=person.login,
        name=person.name,
        unit=person.unit,
        roles=person.roles,
        clearance=person.clearance,
        staff_number=person.staff_number or None,
        actor=actor,
        now=now,
    )
    return link_for(person, office.settings, token)
