"""An administrator's day in a real browser: a new unit needs a service until Friday."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from change_world import with_new_unit
from playwright.sync_api import Page, expect
from real_browser import Desktop, chromium, chromium_or_skip, serving
from web_office import Office, open_office

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SENTENCE = "旅游处可在今天至星期五读取 预算执行台账/**，需双因素"


@pytest.fixture
def desktop(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Desktop]:
    """One Chromium and an office with two security administrators and a new unit."""
    path = chromium_or_skip()
    template, secrets = office_template
    directory = tmp_path / "office"
    shutil.copytree(template, directory)
    held: list[Office] = []

    def make(port: int) -> object:
        office = open_office(directory, port=port)
        office.secrets = dict(secrets)
        with_new_unit(office)
        held.append(office)
        return office.app()

    with serving(make), chromium(path) as browser:  # type: ignore[arg-type]
        office = held[0]
        tokens = {
            login: office.session(login, ago=timedelta(minutes=3))
            for login in ("zhaomin", "linxia")
        }
        yield Desktop(browser, office, tokens)
    held[0].store.close()


def confirmed(page: Page, desktop: Desktop, login: str) -> None:
    """Give the fresh code that the page asks for."""
    page.fill("#confirm_code", desktop.office.next_code(login))
    page.click("main .actions .btn-primary")


def seen(page: Page, pictures: Path, name: str) -> None:
    """Keep a picture; nothing is unreachable for anybody, nothing wider than the window."""
    page.screenshot(path=pictures / f"{name}.png", full_page=True)
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


@pytest.mark.parametrize(("language", "width"), [("zh", 1280), ("en", 390)])
def test_a_new_unit_gets_a_service_until_friday_and_loses_it_again(
    desktop: Desktop, tmp_path: Path, language: str, width: int
) -> None:
    """Written, seen, approved, published, rolled back."""
    author = desktop.context(login="zhaomin", language=language, width=width)
    page = author.new_page()
    page.goto(f"{desktop.url}/policy/changes/new")
    page.fill("#title", "台账给旅游处，至星期五")
    page.fill("#why", "财办〔2026〕12号")
    page.fill("#most_people", "3")
    seen(page, tmp_path, "1-terms")
    page.click("main .actions .btn-primary")
    sentence = SENTENCE
    if language == "en":
        sentence = "Tourism division may until Friday read svc:ledger/** with two factors"
    page.fill("#sentence", "月球可读取")
    page.click("main .actions .btn-primary")
    expect(page.locator("#problem-1")).to_be_visible()
    seen(page, tmp_path, "2-wrong")
    page.fill("#sentence", sentence)
    page.click("main .actions .btn-primary")
    seen(page, tmp_path, "3-rules")
    page.click(".title .btn-primary")
    page.click(".inline-form button")
    page.wait_for_selector("caption")
    seen(page, tmp_path, "4-effect")
    page.locator("form[action$='/submit'] button").click()
    address = page.url

    other = desktop.context(login="linxia", language=language, width=width)
    second = other.new_page()
    second.goto(address)
    seen(second, tmp_path, "5-to-approve")
    second.locator("form[action$='/approve'] button").click()
    confirmed(second, desktop, "linxia")

    page.goto(address)
    page.locator("form[action$='/publish'] button").click()
    confirmed(page, desktop, "zhaomin")
    seen(page, tmp_path, "6-trial")
    page.locator("form[action$='/roll-back'] button").click()
    expect(page.locator("form[action$='/roll-back']")).to_have_count(0)
    seen(page, tmp_path, "7-rolled-back")
    page.goto(f"{desktop.url}/policy/changes")
    seen(page, tmp_path, "8-list")
    page.goto(f"{desktop.url}/policy/changes/versions/2")
    seen(page, tmp_path, "9-version")
    page.goto(f"{address}/rules/text")
    seen(page, tmp_path, "10-text")
