"""The settings of one zone: typed, frozen, read once, every problem said at once.

`load(DIR)` lays DIR/hangu.toml over the documented defaults beside this file and adds the
secrets of DIR/secrets. It is the only reader of these files.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.addresses import is_localhost
from config.secret_files import (
    SECRETS,
    Secrets,
    UnsafeFile,
    own_directory,
    own_file,
    own_secret_directory,
    secrets_of,
)
from config.sections import (
    SECTIONS,
    Audit,
    Database,
    Keys,
    Policy,
    Requests,
    Sealing,
    Session,
    SignIn,
    Upstream,
    Web,
    Zone,
)
from config.sections import keys as keys_of

FILE_NAME = "hangu.toml"
DENGBAO3_IDLE = timedelta(minutes=30)
DEFAULTS = Path(__file__).with_name(FILE_NAME)
SHOWN = 80
"""Characters of a wrong value that a message repeats."""


class SettingsError(Exception):
    """The settings cannot be used. `problems` holds every reason, the message all of them."""

    def __init__(self, directory: Path, problems: list[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The settings of {directory} cannot be used:\n{lines}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a zone is told. `directory` is absolute; keys live in `directory/keys`."""

    directory: Path
    zone: Zone
    web: Web
    database: Database
    keys: Keys
    session: Session
    sign_in: SignIn
    requests: Requests
    policy: Policy
    upstream: Upstream
    sealing: Sealing
    audit: Audit
    secrets: Secrets


def load(directory: Path, *, keys: bool = True) -> Settings:
    """Read and check the settings of the zone in `directory`.

    Without `keys` the zone needs no key ring and no secrets but the database's password:
    that is enough for a sealer, which has a directory of its own.

    Raises:
        SettingsError: with every problem found: unknown and missing keys, wrong values,
            unsafe file modes, missing secrets, settings that contradict each other.
    """
    directory = directory.absolute()
    problems = list(_unsafe(directory, secrets=keys or (directory / SECRETS).exists()))
    tables = _tables(directory, problems)
    sections = {
        name: _section(name, kind, tables.get(name, {}), problems)
        for name, kind in SECTIONS.items()
    }
    problems += _contradictions(sections)
    secrets, password = secrets_of(
        directory / SECRETS,
        problems,
        root=_root(sections["keys"]) if keys else None,
    )
    if problems:
        raise SettingsError(directory, problems)
    sections["web"] = _with_socket(sections["web"], directory)
    sections["sealing"] = _with_places(sections["sealing"], directory)
    sections["database"] = Database(url=_complete(sections["database"].url, directory, password))
    return Settings(directory=directory, secrets=secrets, **sections)


def _unsafe(directory: Path, *, secrets: bool) -> Iterator[str]:
    """Files and directories that somebody else could have changed or read."""
    checks = [(own_directory, directory), (own_file, directory / FILE_NAME)]
    if secrets:
        checks.append((own_secret_directory, directory / SECRETS))
    for check, path in checks:
        try:
            check(path)
        except UnsafeFile as problem:
            yield str(problem)


def _tables(directory: Path, problems: list[str]) -> dict[str, dict[str, object]]:
    """The defaults under the zone's own file, unknown names reported."""
    tables: dict[str, dict[str, object]] = _parse(DEFAULTS)
    try:
        own = _parse(directory / FILE_NAME)
    except (OSError, ValueError) as error:
        if not isinstance(error, FileNotFoundError):  # that one is reported with the modes
            problems.append(f"{directory / FILE_NAME}: {error}")
        # Nothing in it is known, so every key would be called missing.
        raise SettingsError(directory, problems) from None
    for section, values in own.items():
        if section not in SECTIONS:
            problems.append(f"[{section}]: no such section{_near(section, SECTIONS)}")
        elif not isinstance(values, dict):
            problems.append(f"{section}: is a section, written [{section}]")
        else:
            tables[section] |= values
    return tables


def _parse(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _section(name: str, kind: type[Any], values: dict[str, object], problems: list[str]) -> Any:  # noqa: ANN401 - one of SECTIONS
    """One section, or None after reporting what is wrong with it."""
    keys = keys_of(kind)
    before = len(problems)
    unknown = sorted(values.keys() - keys.keys())
    problems += [f"{name}.{key}: no such setting{_near(key, keys)}" for key in unknown]
    parsed: dict[str, object] = {}
    for key, rule in keys.items():
        if key not in values:
            problems.append(f"{name}.{key}: missing; {rule.allowed}")
            continue
        try:
            parsed[key] = rule.parse(values[key])
        except ValueError as why:
            reason = f" ({why})" if str(why) else ""
            problems.append(f"{name}.{key} = {_shown(values[key])}: {rule.allowed}{reason}")
    return None if len(problems) > before else kind(**parsed)


def _near(name: str, known: dict[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; {close[0]} is meant?" if close else f"; there are {', '.join(known)}"


def _shown(value: object) -> str:
    """A value as the file writes it, short enough for a line."""
    if isinstance(value, bool):
        return str(value).lower()
    plain = f'"{value}"' if isinstance(value, str) else str(value)
    return plain if len(plain) <= SHOWN else plain[:SHOWN] + "…"


def _contradictions(sections: dict[str, Any]) -> Iterator[str]:
    """What is wrong between settings that are right by themselves."""
    session: Session | None = sections["session"]
    if session is not None:
        if session.staff_idle > session.staff_life:
            yield "session.staff_idle: longer than session.staff_life"
        if session.officer_idle > session.officer_life:
            yield "session.officer_idle: longer than session.officer_life"
    yield from _out_of_order(sections["sealing"])
    sign_in: SignIn | None = sections["sign_in"]
    if session is not None and sign_in is not None and sign_in.password_profile == "dengbao3":  # noqa: S105 - the name of a profile
        yield from _beyond_dengbao3(session)
    zone: Zone | None = sections["zone"]
    web: Web | None = sections["web"]
    if zone is None or web is None or not zone.demonstration:
        return
    if not web.listen.loopback:
        yield (
            f"web.listen = {web.listen.host}:{web.listen.port}: a demonstration listens on "
            "loopback (127.0.0.1 or ::1) or a Unix socket alone"
        )
    if not is_localhost(web.host):
        yield f"web.public_url = {web.public_url}: a demonstration has a localhost name alone"


def _out_of_order(sealing: Sealing | None) -> Iterator[str]:
    if sealing is not None and not (
        sealing.warn_after < sealing.privileged_after < sealing.writes_after
    ):
        yield "sealing: warn_after, privileged_after and writes_after must ascend"


def _beyond_dengbao3(session: Session) -> Iterator[str]:
    """GB/T 22239-2019, 8.1.4.1 b: signed out after 30 minutes of silence."""
    if session.staff_idle > DENGBAO3_IDLE:
        yield 'session.staff_idle: longer than 1800 seconds, which "dengbao3" does not allow'


def _root(keys: Keys | None) -> str:
    return "file" if keys is None else keys.root


def _with_socket(web: Web, directory: Path) -> Web:
    if web.listen.path is None:
        return web
    path = str(directory / web.listen.path)
    return dataclasses.replace(web, listen=dataclasses.replace(web.listen, path=path))


def _with_places(sealing: Sealing, directory: Path) -> Sealing:
    return dataclasses.replace(
        sealing, directory=directory / sealing.directory, socket=directory / sealing.socket
    )


def _complete(url: str, directory: Path, password: str | None) -> str:
    """The URL with an absolute SQLite path, or with the password of its file."""
    scheme, rest = url.split("://", 1)
    if scheme == "sqlite":
        return f"sqlite:///{directory / rest.removeprefix('/')}"
    if password is None:
        return url
    account, at, place = rest.partition("@")
    if not at:  # no account named: the server takes the operating system's
        return url
    return f"{scheme}://{account.rstrip(':')}:{quote(password, safe='')}@{place}"
