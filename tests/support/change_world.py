"""An office in which the rules can be changed: a second security administrator, a new unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
from web_office import PASSWORD, SYSTEM, Office

from gateway.identity import enrolment, people, units


def enrol(office: Office, login: str, name: str, unit: str, role: str) -> None:
    """A further person who can sign in."""
    now = datetime.now(UTC) - timedelta(days=1)
    _, token = people.create(
        office.registry, login=login, name=name, unit=unit, roles=[role], clearance=2,
        actor=SYSTEM, now=now,
    )  # fmt: skip
    offer = enrolment.begin(office.registry, token, PASSWORD, now=now)
    secret = pyotp.parse_uri(offer.uri).secret
    enrolment.finish(office.registry, token, pyotp.TOTP(secret).at(now), now=now)
    office.secrets[login] = secret


def with_new_unit(office: Office) -> None:
    """Add a second security administrator, and a new unit with one clerk."""
    now = datetime.now(UTC) - timedelta(days=1)
    units.create(
        office.registry, slug="lvyou", parent=None, name_zh="旅游处", name_en="Tourism division",
        actor=SYSTEM, now=now,
    )  # fmt: skip
    enrol(office, "linxia", "林夏", "baomi", "security_admin")
    enrol(office, "gaofei", "高飞", "lvyou", "staff")
