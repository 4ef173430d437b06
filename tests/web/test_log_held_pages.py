"""What people and monitors see while the log is not being sealed."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from web_office import Browser, Office

from audit.health import LIMITS
from audit.tables import audit_event
from gateway.store.brake import Brake


def held(office: Office, age: int) -> Browser:
    """A browser before an office whose oldest unsealed entry is so many seconds old."""
    with office.store.reading() as session:
        oldest = session.execute(select(func.min(audit_event.c.created))).scalar_one()
    brake = Brake(office.store.read, clock=lambda: oldest + timedelta(seconds=age), limits=LIMITS)
    office.registry.ledger.brake = brake
    office.desk = dataclasses.replace(office.desk, brake=brake)
    return Browser(office.app(), office)


@pytest.mark.parametrize(
    ("age", "health", "serving"),
    [
        (5, "ok 200", "ok 200"),
        (30, "ok 200", "ok 200"),
        (90, "unsealed 503", "unsealed 200"),
        (400, "unavailable 503", "unavailable 503"),
    ],
)
def test_vault_11949_health_turns_red_and_the_balancer_stays_while_something_works(
    office: Office, age: int, health: str, serving: str
) -> None:
    browser = held(office, age)
    for path, said in (("/health", health), ("/health/serving", serving)):
        answer = browser.get(path)
        assert f"{answer.text.strip()} {answer.status_code}" == said


def test_a_right_is_not_given_after_a_minute_and_the_page_says_why(office: Office) -> None:
    browser = held(office, 90)
    browser.sign_in("wangqiang")
    form = {"login": "sun.lixin", "name": "孙立新", "unit": "caiwu", "staff_number": "cz100"}
    answer = browser.post("/people/new", form, page="/people/new")
    assert answer.status_code == 503
    assert "锁定账号和收回权限不受影响" in answer.text
    assert 'value="孙立新"' in answer.text  # nothing typed is lost


def test_nobody_signs_in_after_five_minutes_and_the_page_says_why(office: Office) -> None:
    answer = held(office, 400).password("liwen")
    assert answer.status_code == 503
    assert "恢复封存后自动放行" in answer.text
