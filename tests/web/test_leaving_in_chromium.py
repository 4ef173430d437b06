"""What a browser still shows of a service after signing out: nothing that is opened anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from real_browser import Desktop, chromium, chromium_or_skip
from web_office import Office
from whole_office import whole_office

SIGN_IN = re.compile(r"/sign-in\?next=")
FETCH = "address => fetch(address).then(answer => answer.text())"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium."""
    with chromium(chromium_or_skip()) as found:
        yield found


@pytest.fixture
def office(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """The whole office on a port."""
    with whole_office(office_template, tmp_path) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, office: Office) -> Iterator[Page]:
    """A tab of liwen, in the service."""
    tokens = {"liwen": office.session("liwen", ago=timedelta(minutes=9))}
    context = Desktop(browser, office, tokens).context(login="liwen")
    made = context.new_page()
    made.goto(service(office))
    expect(made).to_have_url(service(office))
    yield made
    context.close()


def service(office: Office, path: str = "/") -> str:
    return f"http://forms.intranet.localhost:{office.port}{path}"


def says(*lines: str) -> str:
    """An address of the service whose answer bears these headers, and `own` as its text."""
    return "/says/head/" + "".join(f"{line}\r\n" for line in lines).encode().hex()


def sign_out_at_the_gateway(page: Page, office: Office) -> None:
    page.goto(f"{office.settings.public_url}/account/")
    page.evaluate("""document.querySelector('form[action$="/sign-out"]').submit()""")
    page.wait_for_url("**/signed-out")


@pytest.mark.parametrize("kept", [[], ["Cache-Control: max-age=3600"]])
def test_attack_what_a_script_fetched_is_not_shown_from_the_cache_after_signing_out(
    page: Page, office: Office, kept: list[str]
) -> None:
    old = "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT"
    address = says("Content-Type: application/json", old, *kept)
    assert page.evaluate(FETCH, address) == "own"
    sign_out_at_the_gateway(page, office)
    page.goto(service(office, address))

    expect(page).to_have_url(SIGN_IN)


@pytest.mark.parametrize("kept", [[], ["Cache-Control: max-age=3600"]])
def test_attack_a_page_is_not_shown_by_going_back_after_signing_out_at_its_own_host(
    page: Page, office: Office, kept: list[str]
) -> None:
    page.goto(service(office, says("Content-Type: text/html", *kept)))
    expect(page.locator("body")).to_have_text("own")
    seen = page.evaluate("history.length")
    page.goto(service(office, "/.hangu/sign-out"))
    page.click("main form button")
    expect(page.locator("h1")).to_have_text("您已退出登录")
    page.evaluate("seen => history.go(seen - history.length)", seen)

    expect(page).to_have_url(SIGN_IN)
