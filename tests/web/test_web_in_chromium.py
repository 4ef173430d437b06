"""The pages in a real browser: accessible, unbroken, and safe where only a browser can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect
from real_browser import (
    RULES,
    Desktop,
    chromium,
    chromium_or_skip,
    open_sessions,
    served_office,
    services_beside,
)
from web_office import PASSWORD

PAGES = {
    "sign in": ("/sign-in", None),
    "portal": ("/", "liwen"),
    "portal, empty": ("/", "wangqiang"),
    "service": ("/services/ledger", "liwen"),
    "service, closed": ("/services/seal", "liwen"),
    "account": ("/account/", "liwen"),
    "denied": (f"/open/council?state={'a' * 64}", "liwen"),
    "not permitted": ("/open/ledger", "wangqiang"),
    "not found": ("/nix", "liwen"),
    "search of the log": ("/audit/", "chenjing"),
    "log, to decide": ("/audit/now", "chenjing"),
    "log, activity": ("/audit/activity", "chenjing"),
    "dead link": ("/enrol/x", None),
    "signed out": ("/signed-out", None),
}
BUTTON = "main .actions .btn-primary"


@pytest.fixture(scope="module")
def desktop(
    office_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desktop]:
    """One Chromium and one office for all tests here."""
    folder = tmp_path_factory.mktemp("served")
    with (
        chromium(chromium_or_skip()) as browser,
        served_office(office_template, folder, application=services_beside) as office,
    ):
        yield Desktop(browser, office, open_sessions(office))


@pytest.fixture
def profile(desktop: Desktop) -> Iterator[BrowserContext]:
    """A stranger's fresh profile, in which no page may break the content policy."""
    context = desktop.context()
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    yield context
    context.close()
    assert not [text for text in said if "Content Security Policy" in text]


def press(page: Page, selector: str = BUTTON) -> None:
    """Press and wait for the page that follows."""
    with page.expect_navigation():
        page.click(selector)


def assert_accessible(page: Page, what: str) -> None:
    """No violation of WCAG 2.2 AA that axe knows of; nothing wider than the window."""
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, what


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_accessible(desktop: Desktop, language: str, width: int) -> None:
    """In both languages, on a desk and at 320 px (WCAG 2.2, 1.4.10)."""
    for what, (path, login) in PAGES.items():
        context = desktop.context(language=language, login=login, width=width)
        page = context.new_page()
        page.goto(desktop.url + path)
        assert_accessible(page, f"{what} {language} {width}")
        context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_step_with_its_mistakes_is_accessible(desktop: Desktop, language: str) -> None:
    """Sign-in and enrolment, each step wrong and right."""
    context = desktop.context(language=language)
    page = context.new_page()
    page.goto(f"{desktop.url}/sign-in")
    press(page)
    assert_accessible(page, "sign-in, empty")
    link = desktop.office.invite(f"sunlixin{language}")
    page.goto(f"{desktop.url}/enrol/{link}")
    assert_accessible(page, "enrolment 1")
    page.fill("#password", "short")
    press(page)
    assert_accessible(page, "enrolment 1, refused")
    page.fill("#password", PASSWORD)
    press(page)
    assert_accessible(page, "enrolment 2")
    key = re.sub(r"\s", "", page.inner_text(".key"))
    press(page)
    page.fill("#code", "000000")
    press(page)
    assert_accessible(page, "enrolment 3, refused")
    page.fill("#code", pyotp.TOTP(key).now())
    press(page)
    assert_accessible(page, "enrolment, recovery codes")
    saved = page.inner_text(".recovery-codes code >> nth=3")
    press(page)
    assert_accessible(page, "enrolment, are they saved")
    page.fill("#code", saved)
    press(page)
    assert_accessible(page, "enrolment done")
    press(page)
    page.fill("#login", f"sunlixin{language}")
    page.fill("#password", PASSWORD)
    press(page)
    assert_accessible(page, "code")
    page.fill("#code", "000000")
    press(page)
    assert_accessible(page, "code, refused")
    context.close()


def test_error_summary_takes_the_focus_and_leads_to_the_field(
    desktop: Desktop, profile: BrowserContext
) -> None:
    """GOV.UK's pattern, without a script."""
    page = profile.new_page()
    page.goto(f"{desktop.url}/sign-in")
    press(page)
    expect(page).to_have_title(re.compile("^错误："))
    expect(page.locator(".summary")).to_be_focused()
    page.click(".summary a >> nth=1")
    expect(page.locator("#password")).to_be_focused()


def test_back_past_a_mistake_shows_no_browser_question(
    desktop: Desktop, profile: BrowserContext
) -> None:
    """After a wrong password, "Back" and "Reload" ask for the form and do not send it again."""
    page = profile.new_page()
    page.goto(f"{desktop.url}/sign-in?next=/account/")
    expect(page.locator("#login")).to_be_focused()
    page.fill("#login", "nobody")
    page.fill("#password", "wrong")
    press(page)
    expect(page).to_have_url(f"{desktop.url}/sign-in?next=%2Faccount%2F")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.reload()
    page.goto(f"{desktop.url}/signed-out")
    page.go_back()
    expect(page.locator("h1")).to_have_text("登录")
    assert "POST" not in sent


@pytest.mark.parametrize("path", ["/account/", f"/open/council?state={'a' * 64}", "/nix"])
def test_labels_and_values_keep_apart_on_a_phone(desktop: Desktop, path: str) -> None:
    """In English, whose labels are the longer ones, none runs into its value."""
    context = desktop.context(language="en", login="liwen", width=390)
    page = context.new_page()
    page.goto(desktop.url + path)
    collide = page.evaluate(
        """() => {
          const words = element => {
            const range = document.createRange();
            range.selectNodeContents(element);
            return range.getBoundingClientRect();
          };
          return [...document.querySelectorAll("dt")].filter(
            dt => words(dt).right + 4 > words(dt.nextElementSibling).left).map(dt => dt.innerText);
        }"""
    )
    assert collide == []
    context.close()


def test_person_signs_in_and_opens_a_service_by_keyboard(
    desktop: Desktop, profile: BrowserContext
) -> None:
    """No mouse; the first click on the service asks to sign in and leads there afterwards."""
    office, page = desktop.office, profile.new_page()
    where = f"http://archive.intranet.localhost:{office.port}/papers"
    page.goto(where)
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.focus("#login")
    page.keyboard.type("zhouhang")
    page.keyboard.press("Tab")
    page.keyboard.insert_text(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code**")
    page.focus("#code")
    page.keyboard.type(office.code("zhouhang"))
    with page.expect_navigation(url=re.compile("/open/archive")):
        page.keyboard.press("Enter")
    # zhouhang is of the duty office, which no rule lets in: the page says so.
    expect(page.locator("h1")).to_contain_text("公文档案检索")
    expect(page.locator("main")).to_contain_text("没有允许您的角色")


def test_service_opens_across_hosts_and_sign_out_there_ends_it_all(desktop: Desktop) -> None:
    """Cookies of two hosts, redirects past form-action, and the end of the whole sign-in."""
    context = desktop.context()
    page = context.new_page()
    page.goto(f"http://ledger.intranet.localhost:{desktop.office.port}/books")
    page.fill("#login", "liwen")
    page.fill("#password", PASSWORD)
    press(page)
    page.fill("#code", desktop.office.code("liwen"))
    page.click(BUTTON)
    page.wait_for_url("**/books")
    expect(page.locator("h1")).to_have_text("The service")
    page.goto(f"http://ledger.intranet.localhost:{desktop.office.port}/.hangu/sign-out")
    assert_accessible(page, "leave")
    press(page)
    expect(page.locator("h1")).to_have_text("您已退出登录")
    assert_accessible(page, "signed out, on the service's host")
    page.goto(f"{desktop.url}/")
    expect(page).to_have_url(re.compile(r"/sign-in"))
    context.close()


def test_clerk_opens_a_service_from_the_portal(desktop: Desktop) -> None:
    """One click, three hops, one page; signed out from there, the portal is shut."""
    context = desktop.context(login="liwen")
    page = context.new_page()
    page.goto(f"{desktop.url}/")
    with page.expect_navigation(url=re.compile("ledger.intranet.localhost")):
        page.click('a[href="/open/ledger"]')
    expect(page.locator("h1")).to_have_text("The service")
    names = {cookie["name"] for cookie in context.cookies(page.url)}
    assert "__Host-hangu-intranet-svc" in names
    assert "__Host-hangu-intranet" not in names
    context.close()


def test_link_from_another_site_finds_the_person_signed_in(desktop: Desktop) -> None:
    """The Strict cookie stays at home on the first request; the bounce brings it."""
    context = desktop.context(login="liwen")
    page = context.new_page()
    link = f'<a href="{desktop.url}/account/">x</a>'
    page.route(
        "http://elsewhere.example/",
        lambda route: route.fulfill(body=link, content_type="text/html"),
    )
    page.goto("http://elsewhere.example/")
    with page.expect_navigation(url=f"{desktop.url}/account/"):
        page.click("a")
    expect(page.locator("h1")).to_have_text("我的账号")
    context.close()


def test_form_on_another_site_changes_nothing(desktop: Desktop) -> None:
    """A real browser's cross-site POST is refused, cookie or not."""
    context = desktop.context(login="liwen")
    page = context.new_page()
    form = f'<form method="post" action="{desktop.url}/sign-out"><button>x</button></form>'
    page.route(
        "http://elsewhere.example/",
        lambda route: route.fulfill(body=form, content_type="text/html"),
    )
    page.goto("http://elsewhere.example/")
    with page.expect_response(f"{desktop.url}/sign-out") as answered:
        page.click("button")
    assert answered.value.status == 403
    page.goto(f"{desktop.url}/")
    expect(page.locator("h1")).to_have_text("我的系统")
    context.close()


def test_everything_works_without_javascript(desktop: Desktop) -> None:
    """The same pages, the language switch included; the toggle is simply not there."""
    context = desktop.context(javascript=False)
    page = context.new_page()
    page.goto(f"{desktop.url}/sign-in")
    expect(page.locator("[data-shows]")).to_be_hidden()
    page.click("text=English")
    page.wait_for_load_state()
    expect(page.locator("h1")).to_have_text("Sign in")
    page.fill("#login", "zhaomin")
    page.fill("#password", PASSWORD)
    page.click(BUTTON)
    page.fill("#code", desktop.office.code("zhaomin"))
    page.click(BUTTON)
    expect(page.locator("h1")).to_have_text("My services")
    page.click("text=Sign out")
    page.wait_for_url("**/signed-out**")
    expect(page.locator("h1")).to_have_text("You are signed out")
    context.close()


@pytest.mark.asvs("V6.2.6")
def test_password_can_be_shown_and_is_hidden_again_before_it_is_sent(
    desktop: Desktop, profile: BrowserContext
) -> None:
    """The one small script of the house."""
    page = profile.new_page()
    page.goto(f"{desktop.url}/sign-in")
    page.fill("#password", "visible")
    toggle = page.locator("[data-shows]")
    toggle.click()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    expect(page.locator("#password")).to_have_attribute("type", "password")


def test_end_of_the_session_is_announced_and_can_be_put_off(desktop: Desktop) -> None:
    """Two minutes before, with a button (WCAG 2.2, 2.2.1)."""
    context = desktop.context(login="liwen")
    page = context.new_page()
    page.clock.install()
    page.goto(f"{desktop.url}/")
    expect(page.locator("#ending")).to_be_hidden()
    page.clock.run_for(29 * 60 * 1000)
    expect(page.locator("#ending")).to_be_visible()
    assert_accessible(page, "ending")
    with page.expect_response("**/account/stay") as answered:
        page.click("#ending button")
    assert answered.value.status == 204
    page.clock.run_for(20_000)
    expect(page.locator("#ending")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_long_menu_is_folded_on_a_telephone_and_open_without_a_script(
    desktop: Desktop, *, javascript: bool
) -> None:
    """An officer's page begins with the page, and every entry is one press away."""
    context = desktop.context(login="chenjing", width=390, javascript=javascript)
    page = context.new_page()
    page.goto(f"{desktop.url}/audit/now")
    menu, entry = page.locator(".menu > summary"), page.locator("nav a[href='/audit/findings']")
    expect(menu).to_contain_text("待办研判")
    if javascript:
        expect(entry).to_be_hidden()
        expect(page.locator("h1")).to_be_in_viewport()
        assert_accessible(page, "folded menu")
        menu.click()
    entry.click()
    expect(page.locator("h1")).to_have_text("审计发现")
    page.set_viewport_size({"width": 1280, "height": 860})
    expect(menu).to_be_hidden()
    expect(entry).to_be_visible()
    context.close()


@pytest.mark.parametrize("path", ["/", "/account/", "/services/ledger"])
def test_targets_are_large_enough(desktop: Desktop, path: str) -> None:
    """24 by 24 px for everything but links in running text (WCAG 2.2, 2.5.8)."""
    context = desktop.context(login="liwen", width=390)
    page = context.new_page()
    page.goto(desktop.url + path)
    small = page.evaluate(
        """[...document.querySelectorAll("button, .btn, nav a, .seal")]
        .filter(e => e.checkVisibility())
        .map(e => [e.outerHTML, e.getBoundingClientRect()])
        .filter(([, r]) => r.width < 24 || r.height < 24).map(([h]) => h)"""
    )
    assert small == []
    context.close()


def test_forced_colours_keep_every_frame(desktop: Desktop) -> None:
    """In high contrast the pages still show where fields and buttons are."""
    context = desktop.context(forced_colors=True)
    page = context.new_page()
    page.goto(f"{desktop.url}/sign-in")
    for selector in (".sheet", "#login", BUTTON):
        width = page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).borderWidth")
        assert width not in {"", "0px"}
    assert_accessible(page, "forced colours")
    context.close()
