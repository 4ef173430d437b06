"""A week in an office, by real browsers: who forgets, loses, is attacked, and gets on with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from office_week import Hand, Week, browser_of, office_week
from playwright.sync_api import Browser, expect

from gateway.web import catalogues


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Return the office, running, on Monday morning."""
    catalogues.compile_all()
    with office_week(tmp_path_factory.mktemp("week") / "office") as running:
        yield running


def sign_in(week: Week, hand: Hand, login: str) -> None:
    """Name, password, code."""
    hand.fill("登录名", login)
    hand.fill("密码", week.people[login].password)
    hand.click("下一步")
    hand.fill("验证码", week.code(login))
    hand.click("登录")


def test_week(week: Week, chrome: Browser) -> None:
    """Monday to Friday."""
    li = browser_of(chrome)
    with week.doing("sign in and open a service", li):
        li.goto(week.service)
        sign_in(week, li, "li.na")
        expect(li.page.get_by_role("heading", name="用车申请")).to_be_visible()
    week.pass_time(timedelta(minutes=20))
