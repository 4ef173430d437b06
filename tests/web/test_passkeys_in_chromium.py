"""Passkeys in a real Chromium with its virtual authenticator (CDP, domain WebAuthn)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Page, expect
from real_browser import Desktop, chromium, chromium_or_skip, served_office, services_beside
from web_office import PASSWORD, Office

BUTTON = "main .actions .btn-primary"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def desktop(
    office_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desktop]:
    """One Chromium and one office, in which auditors must use a passkey."""
    folder = tmp_path_factory.mktemp("keys")
    with (
        chromium(chromium_or_skip()) as browser,
        served_office(
            office_template, folder, furnish=strict, application=services_beside
        ) as office,
    ):
        tokens = {"wangqiang": office.session("wangqiang", ago=timedelta(minutes=8))}
        yield Desktop(browser, office, tokens)


def strict(office: Office) -> None:
    """Auditors must use a passkey."""
    limits = replace(office.registry.limits, phishing_resistant_roles=frozenset({"auditor"}))
    registry = replace(office.registry, limits=limits)
    office.registry = registry
    office.desk = replace(office.desk, registry=registry)


@dataclass
class Seat:
    """A person at a browser with a device in it."""

    desktop: Desktop
    page: Page
    cdp: CDPSession
    device: str
    said: list[str]

    def press(self, selector: str = BUTTON) -> None:
        """Press and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def open(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.desktop.url + path)

    def code(self, login: str) -> None:
        """Confirm with a code, one that was not used before."""
        self.page.fill("#confirm_code", self.desktop.office.code(login))
        self.press()

    def add(self, login: str, name: str = "办公电脑") -> None:
        """Register a passkey, proving oneself by a code."""
        self.open("/account/factors/passkeys/new")
        self.page.fill("#name", name)
        self.press()
        if self.page.query_selector("#confirm_code"):
            self.code(login)
        self.press("[data-asks=passkey]")

    def sign_out(self) -> None:
        """Leave."""
        self.press("aside.me button")

    def only(self) -> None:
        """Sign in by passkey alone."""
        self.open("/sign-in")
        self.press("main a[href*=passkey]")
        self.press("[data-asks=passkey]")

    def password(self, login: str) -> None:
        """The first step."""
        self.open("/sign-in")
        self.page.fill("#login", login)
        self.page.fill("#password", PASSWORD)
        self.press()

    def keys(self) -> list[dict[str, Any]]:
        """What the device holds."""
        found: list[dict[str, Any]] = self.cdp.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.device}
        )["credentials"]
        return found


@pytest.fixture
def seat(desktop: Desktop) -> Iterator[Seat]:
    """A stranger's profile with an empty device; no page may break the content policy."""
    context = desktop.context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    device = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
    yield Seat(desktop, page, cdp, device, said)
    context.close()
    assert not [text for text in said if "Content Security Policy" in text]


def sit(seat: Seat, login: str, ago: int) -> None:
    """Put a session that was opened some minutes ago into the browser."""
    token = seat.desktop.office.session(login, ago=timedelta(minutes=ago))
    url = seat.desktop.url.replace("http:", "https:")
    cookie = {"name": "__Host-hangu-intranet", "value": token, "url": url, "sameSite": "Strict"}
    seat.page.context.add_cookies([cookie])  # type: ignore[list-item]


def accessible(page: Page, what: str) -> None:
    """No violation that axe knows of."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag22aa"]})
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"


def test_register_then_second_step_then_only_step_then_removed_is_refused(seat: Seat) -> None:
    """The life of a passkey, with nothing but the pages and the device."""
    sit(seat, "liwen", 9)
    seat.add("liwen")
    expect(seat.page.locator("main table")).to_contain_text("办公电脑")
    accessible(seat.page, "factors")
    (held,) = seat.keys()
    assert held["isResidentCredential"]
    assert held["rpId"] == "intranet.localhost"

    seat.sign_out()
    seat.password("liwen")
    accessible(seat.page, "second step")
    seat.press("[data-asks=passkey]")
    expect(seat.page).to_have_url(f"{seat.desktop.url}/")
    seat.open("/account/")
    expect(seat.page.locator("#sessions")).to_contain_text("密码 + 通行密钥")

    seat.sign_out()
    seat.only()
    expect(seat.page).to_have_url(f"{seat.desktop.url}/")

    seat.open("/account/factors")
    seat.press("main a[href*='passkeys/'] >> nth=-1")
    accessible(seat.page, "one passkey")
    seat.press("section[aria-labelledby=remove] [data-asks=confirm_passkey]")
    expect(seat.page.locator("main table")).not_to_contain_text("办公电脑")
    seat.sign_out()
    seat.open("/sign-in/passkey")
    seat.press("[data-asks=passkey]")
    expect(seat.page).to_have_url(re.compile(r"/sign-in/passkey"))
    expect(seat.page.locator("main")).to_contain_text("提交有误")


def test_a_role_that_asks_for_a_passkey_opens_nothing_until_it_was_used(seat: Seat) -> None:
    """Signed in with a code: only the way to a passkey is open, and then only the passkey."""
    sit(seat, "chenjing", 8)
    for path in ("/", "/account/", "/account/password", "/break-glass/", "/sign-in-rules"):
        seat.open(path)
        expect(seat.page).to_have_url(re.compile("/account/factors/passkeys/new$"))
    seat.add("chenjing", "蓝色安全密钥")
    expect(seat.page).to_have_url(re.compile(r"/sign-in/passkey"))
    seat.press("[data-asks=passkey]")
    expect(seat.page).to_have_url(f"{seat.desktop.url}/audit/now")
    seat.sign_out()
    seat.password("chenjing")
    assert seat.page.query_selector("#code") is None
    seat.press("[data-asks=passkey]")
    expect(seat.page).to_have_url(f"{seat.desktop.url}/audit/now")


def test_attack_a_page_of_another_origin_gets_no_answer(seat: Seat) -> None:
    """The browser itself refuses to ask the device for our name there."""
    sit(seat, "zhouhang", 7)
    seat.add("zhouhang")
    seat.page.goto(seat.desktop.url.replace("intranet.localhost", "evil.localhost"))
    refused = seat.page.evaluate(
        """async () => {
          const publicKey = {challenge: new Uint8Array(32), rpId: "intranet.localhost"};
          try { await navigator.credentials.get({publicKey}); return "answered"; }
          catch (error) { return error.name; }
        }"""
    )
    assert refused == "SecurityError"


def test_attack_an_answer_that_was_sent_once_is_refused_the_second_time(seat: Seat) -> None:
    """Whoever recorded the form cannot send it again, not even from the same browser."""
    sit(seat, "zhaomin", 6)
    seat.add("zhaomin")
    seat.sign_out()
    sent: list[str] = []
    seat.page.on(
        "request",
        lambda request: (
            sent.append(request.post_data or "")
            if request.method == "POST" and request.url.endswith("/sign-in/passkey")
            else None
        ),
    )
    seat.only()
    expect(seat.page).to_have_url(f"{seat.desktop.url}/")
    (body,) = sent
    seat.sign_out()
    seat.open("/sign-in/passkey")
    token = seat.page.get_attribute("main input[name=csrf_token]", "value") or ""
    status = seat.page.evaluate(
        """async ([body, token]) => {
          const form = new URLSearchParams(body);
          form.set("csrf_token", token);
          const answer = await fetch("/sign-in/passkey", {method: "POST", body: form});
          return answer.status;
        }""",
        [body, token],
    )
    assert status == 403
    seat.open("/")
    expect(seat.page).to_have_url(re.compile(r"/sign-in"))


def test_without_a_script_the_other_ways_are_named(desktop: Desktop) -> None:
    context = desktop.context(javascript=False)
    page = context.new_page()
    page.goto(f"{desktop.url}/sign-in/passkey")
    expect(page.locator("[data-asks]")).to_be_hidden()
    expect(page.locator("[data-without-passkeys]")).to_be_visible()
    expect(page.locator("main a[href='/sign-in?next=/']")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_of_factors_are_accessible_and_fit(
    desktop: Desktop, language: str, width: int
) -> None:
    """Both languages, on a desk and on a phone; nothing is wider than the window."""
    context = desktop.context(language=language, width=width, login="wangqiang")
    page = context.new_page()
    for path in ("", "/passkeys/new", "/authenticator", "/recovery", "/recovery/saved"):
        page.goto(f"{desktop.url}/account/factors{path}")
        accessible(page, path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        if language == "en":
            assert not re.search(r"[\u4e00-\u9fff]", page.inner_text("main h1"))
    context.close()
