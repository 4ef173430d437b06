"""A review of the rules in a real browser: begun, decided by the owner, approved, published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from change_world import with_new_unit, with_service_owner
from playwright.sync_api import Page, expect
from real_browser import Desktop, chromium, chromium_or_skip, confirmed, seen, served_office
from web_office import Office

from gateway.access.canonical import RawRequest, canonicalise
from gateway.identity import sessions
from policies import versions

GRANT = "svc:archive/**"


@pytest.fixture
def desktop(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Desktop]:
    """One Chromium and an office with two security administrators and an owner of services."""
    with (
        chromium(chromium_or_skip()) as browser,
        served_office(office_template, tmp_path, furnish=furnished) as office,
    ):
        tokens = {
            login: office.session(login, ago=timedelta(minutes=3))
            for login in ("zhaomin", "linxia", "qianhui")
        }
        yield Desktop(browser, office, tokens)


def furnished(office: Office) -> None:
    with_new_unit(office)
    with_service_owner(office)
    work(office)


def work(office: Office) -> None:
    """A clerk reads the ledger three times, so that the log has something to prove with."""
    token = office.session("liwen", ago=timedelta(minutes=9))
    current = sessions.find(office.registry, token, now=datetime.now(UTC) - timedelta(minutes=9))
    entry = office.desk.catalogue.by_slug("ledger")
    assert current is not None
    assert entry is not None
    for number in range(3):
        asked = RawRequest(
            method="GET", scheme="http", host=entry.host, target=f"/books/{number}".encode()
        )
        verdict = office.desk.access.check(
            current, entry, canonicalise(asked), datetime.now(UTC), address="10.12.8.44"
        )
        assert verdict.allowed


@pytest.mark.parametrize(("language", "width"), [("zh", 1280), ("en", 390)])
def test_a_review_goes_from_its_first_question_to_the_published_removal(
    desktop: Desktop, tmp_path: Path, language: str, width: int
) -> None:
    page, owner, second = (
        desktop.context(login=login, language=language, width=width).new_page()
        for login in ("zhaomin", "qianhui", "linxia")
    )
    address = begin(page, desktop, tmp_path)
    answer(owner, desktop, tmp_path, "公文档案检索" if language == "zh" else "Archive")
    page.goto(address)
    seen(page, tmp_path, "7-to-close")
    page.locator("form[action$='/close'] button").click()
    expect(page.locator(".told")).to_be_visible()
    publish(page, second, desktop, tmp_path)

    with desktop.office.store.reading() as session:
        rules = versions.current(session)
    assert rules is not None
    assert GRANT not in rules.text()
    assert "svc:ledger/**" in rules.text()
    page.goto(address)
    seen(page, tmp_path, "9-closed")


def begin(page: Page, desktop: Desktop, pictures: Path) -> str:
    """Begin a review as the security administrator; return its address."""
    page.goto(f"{desktop.url}/policy/campaigns")
    seen(page, pictures, "1-none")
    page.click(".title .btn-primary")
    page.fill("#title", "2026 年度权限复核")
    page.fill("#days", "1")
    seen(page, pictures, "2-begin")
    page.click("main .actions .btn-primary")
    expect(page.locator("#rules")).to_be_visible(timeout=30_000)
    seen(page, pictures, "3-officer")
    return page.url


def answer(owner: Page, desktop: Desktop, pictures: Path, unneeded: str) -> None:
    """Decide on every rule, one of them to go, as the owner of the services."""
    owner.goto(f"{desktop.url}/policy/campaigns")
    seen(owner, pictures, "4-asked")
    owner.click("table.ledger a")
    owner.locator("tr", has_text=unneeded).locator("input[type=checkbox]").check()
    owner.check("#verdict-remove")
    owner.click("#decide .btn-primary")
    expect(owner.locator(".summary")).to_be_visible()
    seen(owner, pictures, "5-no-reason")
    owner.fill("#reason", "档案检索已迁至新系统，一年无人使用")
    owner.click("#decide .btn-primary")
    expect(owner.locator(".told")).to_be_visible()
    undecided = owner.locator("tr:has(td:last-child:text-is('—')) input[type=checkbox]")
    expect(undecided).to_have_count(4)
    for box in undecided.all():
        box.check()
    owner.check("#verdict-keep")
    owner.fill("#reason", "日常工作需要")
    owner.click("#decide .btn-primary")
    expect(undecided).to_have_count(0)
    seen(owner, pictures, "6-decided")


def publish(page: Page, second: Page, desktop: Desktop, pictures: Path) -> None:
    """Take the draft that came of it the way of two people."""
    change = page.url
    page.click(".inline-form button")
    expect(page.locator("form[action$='/submit'] button")).to_be_visible(timeout=30_000)
    seen(page, pictures, "8-draft")
    page.locator("form[action$='/submit'] button").click()
    expect(page.locator("form[action$='/submit']")).to_have_count(0)
    second.goto(change)
    second.locator("form[action$='/approve'] button").click()
    confirmed(second, desktop.office, "linxia")
    expect(second.locator(".told")).to_be_visible()
    page.goto(change)
    page.locator("form[action$='/publish'] button").click()
    confirmed(page, desktop.office, "zhaomin")
    expect(page.locator("form[action$='/roll-back']")).to_have_count(1)


@pytest.mark.parametrize(("language", "width"), [("zh", 1280), ("en", 390)])
def test_uses_and_duties_are_readable_for_everybody(
    desktop: Desktop, tmp_path: Path, language: str, width: int
) -> None:
    page = desktop.context(login="zhaomin", language=language, width=width).new_page()
    page.goto(f"{desktop.url}/policy/uses")
    seen(page, tmp_path, "1-uses")
    page.goto(f"{desktop.url}/policy/uses?only=unused")
    seen(page, tmp_path, "2-unused")
    page.goto(f"{desktop.url}/policy/changes/new")
    page.fill("#title", "凭证的职责分离")
    page.fill("#why", "内控要求")
    page.fill("#most_people", "0")
    page.click("main .actions .btn-primary")
    page.wait_for_url("**/rules")
    page.goto(page.url.removesuffix("rules") + "duties")
    page.check("#way-record")
    page.fill("#one", "create, edit")
    page.fill("#other", "create")
    page.fill("#scope", "svc:ledger/vouchers/**")
    page.click("main .actions .btn-primary")
    expect(page.locator(".summary")).to_be_visible()
    seen(page, tmp_path, "3-both-sides")
    page.fill("#other", "approve")
    page.click("main .actions .btn-primary")
    expect(page.locator(".told")).to_be_visible()
    seen(page, tmp_path, "4-duty")
    page.goto(f"{desktop.url}/policy/duties")
    seen(page, tmp_path, "5-duties")
