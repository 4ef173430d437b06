"""A zone's settings: read whole, or refused with every reason at once."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import addresses, rules
from config.rules import HOUSE_ROLES
from config.sections import SECTIONS, SignIn, keys
from config.settings import DEFAULTS, Settings, SettingsError, load
from gateway.web.labels import ROLES
from policies.change.lexicon import Language, by_name

MINIMAL = """
[zone]
name = "intranet"
office = "河山局"
[web]
public_url = "https://pass.example.gov.cn"
listen = "unix:run/gateway.sock"
[database]
url = "sqlite:///hangu.db"
"""


def make_zone(directory: Path, text: str = MINIMAL) -> Path:
    """Write a zone's files as `hangu init` would."""
    directory.mkdir(mode=0o700)
    (directory / "hangu.toml").write_text(text)
    (directory / "hangu.toml").chmod(0o600)
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700)
    for name, content, mode in (
        ("root-key", os.urandom(32), 0o400),
        ("proxy-key", b"k" * 43 + b"\n", 0o600),
    ):
        (secrets / name).write_bytes(content)
        (secrets / name).chmod(mode)
    return directory


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    return make_zone(tmp_path / "zone")


def problems(zone: Path) -> str:
    """Load the zone, which must fail, and return the one message."""
    with pytest.raises(SettingsError) as refusal:
        load(zone)
    return str(refusal.value)


def rewrite(zone: Path, text: str) -> None:
    (zone / "hangu.toml").write_text(text)


def test_minimal_settings_are_completed_by_the_documented_defaults(zone: Path) -> None:
    settings = load(zone)
    assert settings.zone.office == "河山局"
    assert settings.session.officer_idle == timedelta(minutes=15)
    assert settings.web.listen.path == str(zone / "run/gateway.sock")
    assert settings.web.host == "pass.example.gov.cn"
    assert settings.database.url == f"sqlite:///{zone}/hangu.db"
    assert settings.secrets.root_key == zone / "secrets" / "root-key"
    assert settings.secrets.proxy_key == b"k" * 43


def test_settings_never_show_a_secret(zone: Path) -> None:
    shown = repr(load(zone))
    assert "kkkk" not in shown
    assert "hangu.db" not in shown


def test_every_problem_is_in_the_one_message(zone: Path) -> None:
    rewrite(
        zone,
        """
        [zone]
        name = "moon"
        [web]
        public_url = "http://pass.example.gov.cn"
        listen = "0.0.0.0:80"
        proxy_addresses = ["0.0.0.0/0"]
        thread = 5
        [database]
        url = "mysql://x"
        [session]
        staff_idle = "long"
        [doors]
        """,
    )
    (zone / "secrets" / "proxy-key").unlink()
    (zone / "secrets" / "root-key").chmod(0o644)
    said = problems(zone)
    for expected in (
        'zone.name = "moon": "intranet" or "extranet"',
        "zone.office: missing; text of 1 to 60 characters",
        "http would send passwords",
        "every address at once",
        "would believe 4294967296 addresses",
        "web.thread: no such setting; threads is meant?",
        "of databases we know SQLite and PostgreSQL",
        'session.staff_idle = "long": a whole number of seconds, 60 to 3600',
        "[doors]: no such section",
        "proxy-key: missing",
        "mode 0644 lets others in; chmod 0400",
    ):
        assert expected in said


def test_broken_toml_is_reported_with_its_line(zone: Path) -> None:
    rewrite(zone, MINIMAL + "\n[zone\n")
    assert re.search(r"hangu\.toml: .*line 1[0-9]", problems(zone))


def test_a_missing_zone_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "hangu.toml: missing" in problems(tmp_path / "nowhere")


WIDE = ["*", "0.0.0.0/0", "::/0", "10.0.0.0/8", "0.0.0.0", "fd00::/32"]  # noqa: S104 - refused


@pytest.mark.parametrize("wide", WIDE)
def test_class_35_no_setting_makes_the_gateway_trust_everybody(zone: Path, wide: str) -> None:
    rewrite(zone, MINIMAL.replace("[database]", f'proxy_addresses = ["{wide}"]\n[database]'))
    assert "web.proxy_addresses" in problems(zone)


@pytest.mark.parametrize("everywhere", ["0.0.0.0:80", "[::]:80", "*:80", ":80", "localhost:80"])
def test_class_35_no_setting_makes_the_gateway_listen_everywhere(
    zone: Path, everywhere: str
) -> None:
    rewrite(zone, MINIMAL.replace("unix:run/gateway.sock", everywhere))
    assert "web.listen" in problems(zone)


@pytest.mark.parametrize("address", ["192.168.7.7:8100", "[fd00::1]:8100"])
def test_a_demonstration_refuses_any_address_but_loopback(zone: Path, address: str) -> None:
    demo = (
        MINIMAL.replace('name = "intranet"', 'name = "intranet"\ndemonstration = true')
        .replace("unix:run/gateway.sock", address)
        .replace("https://pass.example.gov.cn", "http://intranet.localhost:8100")
    )
    rewrite(zone, demo)
    assert "a demonstration listens on loopback" in problems(zone)
    rewrite(zone, demo.replace(address, "127.0.0.1:8100"))
    assert load(zone).zone.demonstration


def test_a_demonstration_has_a_localhost_name_alone(zone: Path) -> None:
    rewrite(zone, MINIMAL.replace("[web]", "demonstration = true\n[web]"))
    assert "localhost name alone" in problems(zone)


@pytest.mark.parametrize(
    ("path", "mode", "said"),
    [
        ("secrets/root-key", 0o440, "root-key: mode 0440"),
        ("secrets/root-key", 0o600, "root-key: mode 0600"),
        ("secrets/proxy-key", 0o640, "proxy-key: mode 0640"),
        ("secrets", 0o750, "secrets: mode 0750"),
        ("hangu.toml", 0o666, "hangu.toml: mode 0666"),
        (".", 0o777, "mode 0777"),
    ],
)
def test_files_open_to_others_are_refused(zone: Path, path: str, mode: int, said: str) -> None:
    (zone / path).chmod(mode)
    assert said in problems(zone)


def test_a_secret_behind_a_link_is_refused(zone: Path, tmp_path: Path) -> None:
    key = zone / "secrets" / "proxy-key"
    key.rename(tmp_path / "elsewhere")
    key.symlink_to(tmp_path / "elsewhere")
    assert "proxy-key" in problems(zone)


def test_a_pipe_in_place_of_a_secret_is_refused_and_does_not_hang(zone: Path) -> None:
    key = zone / "secrets" / "proxy-key"
    key.unlink()
    os.mkfifo(key, 0o600)
    assert "not a plain file" in problems(zone)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_secret_that_belongs_to_somebody_else_is_refused(zone: Path) -> None:
    os.chown(zone / "secrets" / "root-key", 65534, 65534)
    assert "belongs to user number 65534" in problems(zone)


def test_the_passphrase_takes_the_place_of_the_root_key(zone: Path) -> None:
    (zone / "secrets" / "root-key").unlink()
    rewrite(zone, MINIMAL + '[keys]\nroot = "passphrase"\n')
    assert "root-passphrase: missing" in problems(zone)
    passphrase = zone / "secrets" / "root-passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("short\n")
    assert "at least 12 characters" in problems(zone)
    passphrase.write_text("函谷关外四海一家共太平天下\n")
    assert load(zone).secrets.passphrase == "函谷关外四海一家共太平天下"


def test_the_database_password_comes_from_its_own_file_alone(zone: Path) -> None:
    rewrite(zone, MINIMAL.replace("sqlite:///hangu.db", "postgresql://gw:hunter2@db/hangu"))
    assert "secrets/database-password" in problems(zone)
    rewrite(zone, MINIMAL.replace("sqlite:///hangu.db", "postgresql://gw@db:5433/hangu"))
    assert load(zone).database.url == "postgresql+psycopg://gw@db:5433/hangu"
    password = zone / "secrets" / "database-password"
    password.touch(mode=0o600)
    password.write_text("p@ss/word\n")
    assert load(zone).database.url == "postgresql+psycopg://gw:p%40ss%2Fword@db:5433/hangu"


def test_idle_limits_longer_than_the_session_are_refused(zone: Path) -> None:
    rewrite(zone, MINIMAL + "[session]\nstaff_idle = 3600\nstaff_life = 300\n")
    assert "session.staff_idle: longer than session.staff_life" in problems(zone)


ALL_KEYS = [
    (section, key, rule) for section, kind in SECTIONS.items() for key, rule in keys(kind).items()
]
NAMES = [f"{section}.{key}" for section, key, _ in ALL_KEYS]


@pytest.mark.parametrize(("section", "key", "rule"), ALL_KEYS, ids=NAMES)
def test_every_key_stands_in_the_defaults_file_with_its_range(
    section: str, key: str, rule: rules.Rule
) -> None:
    """The file is the reference: each key with a comment, and every number of its rule in it."""
    text = DEFAULTS.read_text(encoding="utf-8")
    part = text.split(f"\n[{section}]\n")[1].split("\n[")[0]
    line = re.search(rf"^(# )?{key} = .*?#(?P<comment>.*)$", part, re.MULTILINE)
    assert line is not None
    for number in re.findall(r"\d+", rule.allowed.split(", as ")[0]):
        assert number in line["comment"]


def test_the_defaults_file_names_nothing_unknown_and_only_allowed_values() -> None:
    for section, values in tomllib.loads(DEFAULTS.read_text(encoding="utf-8")).items():
        known = keys(SECTIONS[section])
        for key, value in values.items():
            known[key].parse(value)


ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.one_of(st.text(), st.integers()), max_size=3),
    st.from_regex(r"[a-z]{1,8}://[-a-z0-9.:@/?#\[\]]{0,20}", fullmatch=True),
    st.from_regex(r"[0-9.:\[\]a-f*/]{0,12}(:[0-9]{1,6})?", fullmatch=True),
)


@given(st.sampled_from(ALL_KEYS), ODD)
def test_no_value_makes_a_rule_fail_otherwise_than_with_a_reason(
    key: tuple[str, str, rules.Rule], value: object
) -> None:
    """A rule returns a value or raises ValueError: TypeError and friends would be a traceback."""
    try:
        key[2].parse(value)
    except ValueError:
        return


@given(st.from_regex(r"[-a-z0-9.:@/?#\[\]%A-Z ]{0,30}", fullmatch=True))
def test_an_accepted_origin_is_exactly_scheme_host_and_port(rest: str) -> None:
    url = f"https://{rest}"
    try:
        accepted = addresses.origin().parse(url)
    except ValueError:
        return
    assert accepted == url
    assert re.fullmatch(r"https://[a-z0-9.-]+(:[1-9][0-9]{0,4})?", url)


@given(st.ip_addresses(), st.integers(0, 128))
def test_an_accepted_network_is_never_wide(address: IPv4Address | IPv6Address, length: int) -> None:
    text = f"{address}/{length}"
    try:
        (network,) = addresses.networks().parse([text])  # type: ignore[misc]
    except ValueError:
        return
    assert network.num_addresses <= 2 ** (8 if network.version == 4 else 64)


def test_times_are_named_in_both_languages(zone: Path) -> None:
    """The working hours of most offices stand in the defaults."""
    (working,) = load(zone).policy.windows
    assert working[:2] == ("工作时间", "working hours")
    assert by_name([working], Language.EN) == {"working hours": working[2]}
    rewrite(zone, f'{MINIMAL}[policy]\nwindows = ["夜班|night shift week:7@20:00-24:00+08:00"]')
    assert load(zone).policy.windows == (("夜班", "night shift", "week:7@20:00-24:00+08:00"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '["工作时间 week:1@08:00-09:00+08:00"]',
            "does not begin with a Chinese and an English name",
        ),
        ('["夜|班|shift week:1@08:00-09:00+08:00"]', "does not begin with"),
        ('["，|shift week:1@08:00-09:00+08:00"]', "does not begin with"),
        ('["夜班|shift week:5-1@08:00-09:00+08:00"]', '"week:5-1@08:00-09:00+08:00" is no window'),
        ('["夜班|shift week:1@22:00-06:00+08:00"]', "over midnight two of them"),
        ('["夜班|shift"]', "does not begin with"),
        ("[1]", "does not begin with"),
        ('["夜班|shift 1~2", "夜班|night 3~4"]', 'two are called "夜班" in Chinese'),
        ('["夜班|shift 1~2", "晚班|shift 3~4"]', 'two are called "shift" in English'),
    ],
)
def test_a_bad_named_time_is_refused_with_the_fix(zone: Path, text: str, said: str) -> None:
    rewrite(zone, f"{MINIMAL}[policy]\nwindows = {text}")
    assert said in problems(zone)


@given(st.integers(-10, 10_000))
def test_a_number_is_taken_exactly_within_its_range(number: int) -> None:
    rule = rules.seconds(60, 3600)
    if 60 <= number <= 3600:
        assert rule.parse(number) == timedelta(seconds=number)
    else:
        with pytest.raises(ValueError):  # noqa: PT011 - the rule has one reason
            rule.parse(number)


def test_settings_are_frozen(zone: Path) -> None:
    settings: Settings = load(zone)
    with pytest.raises(AttributeError):
        settings.zone.name = "extranet"  # type: ignore[misc]


@pytest.mark.asvs("V6.3.3")
def test_roles_that_must_use_a_passkey_are_names_of_roles_with_factors() -> None:
    """A misspelt list is refused, and so is the role that never has a factor."""
    rule = keys(SignIn)["phishing_resistant_roles"]
    assert rule.parse(["system_admin", "auditor"]) == {"system_admin", "auditor"}
    assert rule.parse([]) == frozenset()
    for wrong in ("auditor", ["Auditor"], [""], [7], ["break_glass"], ["a" * 41]):
        with pytest.raises(ValueError):  # noqa: PT011 - a rule may say no without words
            rule.parse(wrong)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("system-admin", "system_admin"),
        ("secuirty_admin", "security_admin"),
        ("security_administrator", "security_admin"),
        ("auditors", "auditor"),
        ("staffs", "staff"),
    ],
)
def test_misspelt_role_is_refused_with_the_role_that_is_meant(
    zone: Path, misspelt: str, meant: str
) -> None:
    """Else nobody would have to use a passkey, and nobody would know."""
    assert HOUSE_ROLES | {"break_glass"} == set(ROLES)
    rewrite(zone, MINIMAL + f'[sign_in]\nphishing_resistant_roles = ["{misspelt}"]\n')
    assert f"no role is called {misspelt}; {meant} is meant?" in problems(zone)


def test_roles_of_the_zones_own_may_need_a_passkey_too() -> None:
    rule = keys(SignIn)["phishing_resistant_roles"]
    assert rule.parse(["archivist", "clerk"]) == {"archivist", "clerk"}
