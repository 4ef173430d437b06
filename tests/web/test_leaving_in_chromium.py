"""What a browser still shows of a service after signing out: nothing that is opened anew."""

from __future__ import annotations

import re

import pytest
from chromium_office import service
from playwright.sync_api import BrowserContext, Page, expect
from web_office import Office

SIGN_IN = re.compile(r"/sign-in\?next=")
FETCH = "address => fetch(address).then(answer => answer.text())"


@pytest.fixture
def page(context: BrowserContext, whole: Office) -> Page:
    """A tab of liwen, in the service."""
    made = context.new_page()
    made.goto(service(whole))
    expect(made).to_have_url(service(whole))
    return made


def says(*lines: str) -> str:
    """An address of the service whose answer bears these headers, and `own` as its text."""
    return "/says/head/" + "".join(f"{line}\r\n" for line in lines).encode().hex()


def sign_out_at_the_gateway(page: Page, whole: Office) -> None:
    page.goto(f"{whole.settings.public_url}/account/")
    page.evaluate("""document.querySelector('form[action$="/sign-out"]').submit()""")
    page.wait_for_url("**/signed-out")


@pytest.mark.parametrize("kept", [[], ["Cache-Control: max-age=3600"]])
def test_attack_what_a_script_fetched_is_not_shown_from_the_cache_after_signing_out(
    page: Page, whole: Office, kept: list[str]
) -> None:
    old = "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT"
    address = says("Content-Type: application/json", old, *kept)
    assert page.evaluate(FETCH, address) == "own"
    sign_out_at_the_gateway(page, whole)
    page.goto(service(whole, address))

    expect(page).to_have_url(SIGN_IN)


@pytest.mark.parametrize("kept", [[], ["Cache-Control: max-age=3600"]])
def test_attack_a_page_is_not_shown_by_going_back_after_signing_out_at_its_own_host(
    page: Page, whole: Office, kept: list[str]
) -> None:
    page.goto(service(whole, says("Content-Type: text/html", *kept)))
    expect(page.locator("body")).to_have_text("own")
    seen = page.evaluate("history.length")
    page.goto(service(whole, "/.hangu/sign-out"))
    page.click("main form button")
    expect(page.locator("h1")).to_have_text("您已退出登录")
    page.evaluate("seen => history.go(seen - history.length)", seen)

    expect(page).to_have_url(SIGN_IN)
