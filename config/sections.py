"""The sections of a zone's settings: one frozen class each, one rule beside each key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from urllib.parse import urlsplit

from config import addresses, rules
from config.addresses import Listen, Network
from config.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Which side of the pass this is, and whose."""

    name: Annotated[str, rules.choice("intranet", "extranet")]
    office: Annotated[str, rules.text(1, 60)]
    office_en: Annotated[str, rules.text(0, 60)]
    demonstration: Annotated[bool, rules.flag()]
    language: Annotated[str, rules.choice("zh_Hans_CN", "en")]
    highest_label: Annotated[int, rules.whole(0, 4, "level")]
    timezone: Annotated[str, rules.timezone()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """How browsers and proxies reach the zone. `listen.path` is absolute after loading."""

    public_url: Annotated[str, addresses.origin()]
    listen: Annotated[Listen, addresses.listen()]
    proxy_addresses: Annotated[tuple[Network, ...], addresses.networks()]
    workers: Annotated[int, rules.whole(1, 64, "processes")]
    threads: Annotated[int, rules.whole(1, 256, "threads")]
    form_max_bytes: Annotated[int, rules.whole(1024, 1 << 24, "bytes")]
    kept_form_bytes: Annotated[int, rules.whole(0, 1 << 24, "bytes")]
    places: Annotated[tuple[tuple[Network, str], ...], addresses.places()]

    @property
    def host(self) -> str:
        """The gateway's host name, without the port."""
        return urlsplit(self.public_url).hostname or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The zone's own database; the URL is complete (absolute path, password) after loading."""

    url: Annotated[str, rules.database_url()] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What opens the key ring."""

    root: Annotated[str, rules.choice("file", "passphrase")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How long a sign-in lasts (NIST SP 800-63B-4, 2.2.3 and 2.3.3)."""

    staff_idle: Annotated[timedelta, rules.seconds(60, 3600)]
    staff_life: Annotated[timedelta, rules.seconds(300, 43200)]
    officer_idle: Annotated[timedelta, rules.seconds(60, 900)]
    officer_life: Annotated[timedelta, rules.seconds(300, 43200)]
    step_life: Annotated[timedelta, rules.seconds(60, 600)]
    fresh_life: Annotated[timedelta, rules.seconds(60, 900)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Passwords, one-time codes and enrolment. `argon2_memory` is in KiB."""

    password_profile: Annotated[str, rules.choice("nist", "dengbao3")]
    password_min: Annotated[int, rules.whole(8, 64, "characters")]
    context_words: Annotated[tuple[str, ...], rules.words()]
    phishing_resistant_roles: Annotated[frozenset[str], rules.roles()]
    totp_back_steps: Annotated[int, rules.whole(0, 1, "steps of 30 s")]
    enrolment_life: Annotated[timedelta, rules.seconds(600, 86400)]
    argon2_memory: Annotated[int, rules.whole(8192, 1 << 20, "KiB")]
    argon2_passes: Annotated[int, rules.whole(1, 16, "passes")]
    hashes_at_once: Annotated[int, rules.whole(1, 64, "hashes")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """How the services behind the gate are reached. No `ca_file`: the system's authorities."""

    connect_timeout: Annotated[timedelta, rules.seconds(1, 60)]
    read_timeout: Annotated[timedelta, rules.seconds(1, 3600)]
    ca_file: Annotated[Path | None, rules.authorities()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Temporary grants of services, on request."""

    longest: Annotated[int, rules.whole(1, 90, "days")]
    usual: Annotated[int, rules.whole(1, 90, "days")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the rules are applied by several workers, and checked while they are."""

    worker_age: Annotated[timedelta, rules.seconds(2, 300)]
    shadow_every: Annotated[int, rules.whole(0, 1_000_000, "decisions")]
    networks: Annotated[tuple[tuple[Network, str], ...], addresses.network_classes()]
    windows: Annotated[tuple[tuple[str, str, str], ...], rules.named_windows()]

    @property
    def shadow_share(self) -> float:
        """The part of all decisions that is decided again, 0 to 1."""
        return 1 / self.shadow_every if self.shadow_every else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Who seals the audit log, and what stops if nobody does. Paths are absolute after loading."""

    process: Annotated[str, rules.choice("embedded", "own")]
    directory: Annotated[Path, rules.place()]
    socket: Annotated[Path, rules.place()]
    warn_after: Annotated[timedelta, rules.seconds(5, 600)]
    privileged_after: Annotated[timedelta, rules.seconds(10, 3600)]
    writes_after: Annotated[timedelta, rules.seconds(30, 86400)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How long the log is kept, when a checkpoint is published, where a copy goes."""

    keep_days: Annotated[int, rules.whole(184, 36500, "days")]
    publish: Annotated[str, rules.choice("at_once", "cosigned")]
    forward: Annotated[addresses.Address | None, addresses.syslog_receiver()]
    forward_format: Annotated[str, rules.choice("ocsf", "cef")]
    forward_ca: Annotated[Path | None, rules.authorities()]
    forward_cert: Annotated[Path | None, rules.authorities()]


SECTIONS: dict[str, type[Any]] = {
    "zone": Zone,
    "web": Web,
    "database": Database,
    "keys": Keys,
    "session": Session,
    "sign_in": SignIn,
    "requests": Requests,
    "policy": Policy,
    "upstream": Upstream,
    "sealing": Sealing,
    "audit": Audit,
}


def keys(section: type[Any]) -> dict[str, Rule]:
    """The rule of every key of `section`, in the order of the class."""
    hints = get_type_hints(section, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}
