"""An administrator's day in a real browser: a new unit needs a service until Friday."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from change_world import decided, with_new_unit
from playwright.sync_api import Page, Route, expect
from real_browser import Desktop, chromium, chromium_or_skip, confirmed, seen, served_office
from web_office import PASSWORD

SENTENCES = {
    "zh": "旅游处可在今天至星期五读取 预算执行台账/**，需双因素",
    "en": "Tourism division may until Friday read Budget ledger/** with two factors",
}
BEGUN = {
    "zh": ("旅游处可读", "旅游处可读取"),
    "en": ("Tourism division may", "Tourism division may read"),
}
"""What is typed, and what is taken of the offers."""
ASKED = {"zh": ("高飞", "预算执行台账/a"), "en": ("高飞", "Budget ledger/a")}


@pytest.fixture
def desktop(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Desktop]:
    """One Chromium and an office with two security administrators and a new unit."""
    with (
        chromium(chromium_or_skip()) as browser,
        served_office(office_template, tmp_path, furnish=with_new_unit) as office,
    ):
        tokens = {
            login: office.session(login, ago=timedelta(minutes=3))
            for login in ("zhaomin", "linxia")
        }
        yield Desktop(browser, office, tokens)


@pytest.mark.parametrize(
    ("language", "width", "script"), [("zh", 1280, True), ("en", 390, True), ("zh", 1280, False)]
)
def test_a_new_unit_gets_a_service_until_friday_and_loses_it_again(
    desktop: Desktop, tmp_path: Path, language: str, width: int, *, script: bool
) -> None:
    """Written, tested, seen, approved, published, rolled back; without a script as well."""
    author = desktop.context(login="zhaomin", language=language, width=width, javascript=script)
    page = author.new_page()
    day = Day(desktop, tmp_path, looks=script)
    ref = day.draft(page, language)
    day.test(page, language)
    day.effect(page)
    page.locator("form[action$='/submit'] button").click()
    expect(page.locator("form[action$='/submit']")).to_have_count(0)

    other = desktop.context(login="linxia", language=language, width=width, javascript=script)
    second = other.new_page()
    second.goto(f"{desktop.url}/")
    expect(second.locator("nav .waiting")).to_contain_text("1")
    day.seen(second, "6-waiting")
    second.locator("main .notices a").first.click()
    expect(second.locator("form[action$='/approve'] button")).to_be_visible()
    day.seen(second, "7-to-approve")
    second.locator("form[action$='/approve'] button").click()
    confirmed(second, desktop.office, "linxia")
    expect(second.locator("form[action$='/approve']")).to_have_count(0)

    page.goto(ref)
    page.locator("form[action$='/publish'] button").click()
    confirmed(page, desktop.office, "zhaomin")
    expect(page.locator("form[action$='/confirm'] button")).to_be_visible()
    day.seen(page, "8-trial")
    page.locator("form[action$='/roll-back'] button").click()
    expect(page.locator("form[action$='/roll-back']")).to_have_count(0)
    day.seen(page, "9-rolled-back")
    day.afterwards(page, ref)


def test_a_version_is_confirmed_from_a_new_sign_in_without_another_code(
    desktop: Desktop, tmp_path: Path
) -> None:
    """The sign-in under the new version is itself the proof that one can be made."""
    day = Day(desktop, tmp_path)
    page = desktop.context(login="zhaomin").new_page()
    ref = day.draft(page, "zh")
    day.effect(page)
    page.locator("form[action$='/submit'] button").click()
    expect(page.locator("form[action$='/submit']")).to_have_count(0)
    second = desktop.context(login="linxia").new_page()
    second.goto(ref)
    second.locator("form[action$='/approve'] button").click()
    confirmed(second, desktop.office, "linxia")
    expect(second.locator("form[action$='/publish'] button")).to_be_visible()
    second.locator("form[action$='/publish'] button").click()
    confirmed(second, desktop.office, "linxia")
    expect(second.locator("form[action$='/confirm'] button")).to_be_visible()

    page.locator(".me form button").click()
    page.goto(f"{desktop.url}/sign-in")
    page.fill("#login", "zhaomin")
    page.fill("#password", PASSWORD)
    page.locator("main form .btn-primary").click()
    page.fill("#code", desktop.office.next_code("zhaomin"))
    page.locator("main form .btn-primary").click()
    expect(page.locator(".me .name")).to_be_visible()
    page.goto(ref)
    page.locator("form[action$='/confirm'] button").click()
    expect(page.locator(".told")).to_contain_text("已确认")
    expect(page.locator("form[action$='/confirm']")).to_have_count(0)


@pytest.mark.parametrize(("language", "width"), [("zh", 1280), ("en", 390)])
def test_a_row_of_the_replay_leads_to_the_decision_and_the_decision_to_a_test(
    desktop: Desktop, tmp_path: Path, language: str, width: int
) -> None:
    """Whom it meets, what was asked, why it fell so, and the test made of it."""
    decided(desktop.office, "gaofei", "ledger", tmp_path / "sealer")
    day = Day(desktop, tmp_path)
    page = desktop.context(login="zhaomin", language=language, width=width).new_page()
    day.draft(page, language)
    day.effect(page)
    page.locator("a[href$='/effect/people/0']").click()
    expect(page.locator("a[href*='/policy/decisions/']")).to_have_count(1)
    day.seen(page, "6-records")
    page.locator("a[href*='/policy/decisions/']").click()
    page.locator("main details summary").first.click()
    expect(page.locator("#keep-draft")).to_be_visible()
    day.seen(page, "7-decision")
    page.locator("form[action$='/policy/tests'] .btn-primary").click()
    expect(page.locator("main table .row-acts")).to_have_count(1)


def test_an_offer_takes_no_letter_of_what_stands_around_it(
    desktop: Desktop, tmp_path: Path
) -> None:
    """The cursor in the midst, an answer that comes late, and leaving the field."""
    page = desktop.context(login="zhaomin").new_page()
    ref = Day(desktop, tmp_path).draft(page, "zh")
    page.goto(f"{ref}/rules")
    field, offers = page.locator("#sentence"), page.locator("#words [role='option']")
    field.click()
    expect(offers.first).to_be_visible()  # an empty field says how to begin
    field.press_sequentially("旅游处可读")
    expect(offers).to_have_text(["读取"])
    field.press("Home")
    expect(offers).to_have_count(0)
    field.press("ArrowDown")
    expect(offers.filter(has_text="旅游处")).to_have_count(1)
    offers.filter(has_text="旅游处").click()
    expect(field).to_have_value("旅游处旅游处可读")

    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/policy/changes/words?*", hold)
    with page.expect_request("**/policy/changes/words?*"):
        field.fill("旅")
    field.press("Escape")
    late[0].continue_()
    with page.expect_request("**/policy/changes/words?*"):
        field.fill("旅游处")
    expect(offers).to_have_count(0)
    late[1].continue_()
    expect(offers.first).to_be_visible()
    field.press("Tab")
    expect(offers).to_have_count(0)
    expect(page.locator("form#write .btn-primary")).to_be_focused()

    page.unroute("**/policy/changes/words?*")
    with page.expect_response("**/policy/changes/words?*"):
        field.fill(SENTENCES["zh"])
    expect(offers).to_have_count(0)  # a whole sentence is for the button
    field.press("ArrowDown")
    expect(offers.first).to_be_visible()


class Day:
    """The steps of an administrator's day; with `looks` each page is pictured and checked."""

    def __init__(self, desktop: Desktop, pictures: Path, *, looks: bool = True) -> None:
        self.desktop, self.pictures, self.looks = desktop, pictures, looks

    def seen(self, page: Page, name: str) -> None:
        """Look at a page."""
        if self.looks:
            seen(page, self.pictures, name)

    def draft(self, page: Page, language: str) -> str:
        """Write the change and its rule; return its address."""
        page.goto(f"{self.desktop.url}/policy/changes/new")
        page.fill("#title", "台账给旅游处，至星期五")
        page.fill("#why", "财办〔2026〕12号")
        page.fill("#most_people", "3")
        self.seen(page, "1-terms")
        page.click("main .actions .btn-primary")
        expect(page.locator("#sentence")).to_be_visible()
        self.seen(page, "2-nothing-yet")
        page.fill("#sentence", "月球可读取")
        page.press("#sentence", "Enter")  # offers may cover the button
        expect(page.locator("#problem-1")).to_be_visible()
        self.seen(page, "2-wrong")
        self.suggested(page, language)
        page.fill("#sentence", SENTENCES[language])
        page.click("main .actions .btn-primary")
        expect(page.locator("main table .row-acts")).to_have_count(1)
        self.seen(page, "3-rules")
        page.locator(".choices a").nth(2).click()
        expect(page.locator("main table .row-acts").nth(5)).to_be_visible()
        return page.url.partition("/rules")[0]

    def suggested(self, page: Page, language: str) -> None:
        """Begin a sentence, and take what the page offers."""
        begun, whole = BEGUN[language]
        if self.looks:
            self.typed(page, begun, whole)
            return
        page.fill("#sentence", begun)
        page.locator("button[name='suggest']").click()
        offer = page.locator(f".offers a[aria-label='{whole}']")
        expect(offer).to_be_visible()
        self.seen(page, "2-suggested")
        offer.click()
        expect(page.locator("#sentence")).to_have_value(whole)

    def typed(self, page: Page, begun: str, whole: str) -> None:
        """With a script the offers come while one types, for keys and for the pointer."""
        field, offers = page.locator("#sentence"), page.locator("#words [role='option']")
        field.fill("")
        field.press_sequentially(begun)
        expect(offers.first).to_be_visible()
        self.seen(page, "2-offered")
        field.press("Escape")
        expect(offers).to_have_count(0)
        expect(field).to_have_value(begun)
        field.press("ArrowDown")
        expect(offers.first).to_be_visible()
        at = next(i for i, each in enumerate(offers.all_inner_texts()) if whole.endswith(each))
        for _ in range(at + 1):
            field.press("ArrowDown")
        expect(offers.nth(at)).to_have_attribute("aria-selected", "true")
        expect(field).to_have_attribute("aria-activedescendant", f"words-{at}")
        field.press("Enter")
        expect(field).to_have_value(whole)
        expect(offers.first).to_be_visible()
        offers.first.click()
        expect(field).to_be_focused()
        expect(field).not_to_have_value(whole)
        field.press("Escape")

    def test(self, page: Page, language: str) -> None:
        """Ask who may, keep the answer as a test that fails, and correct it."""
        who, place = ASKED[language]
        page.goto(f"{self.desktop.url}/policy/ask")
        page.fill("#who", who)
        page.fill("#place", place)
        page.select_option("#strength", "2")
        page.locator("main form.questions .btn-primary").first.click()
        expect(page.locator("#keep-draft")).to_be_visible()
        self.seen(page, "4-asked")
        page.locator("form[action$='/policy/tests'] .btn-primary").click()
        expect(page.locator(".problem-list")).to_be_visible()
        self.seen(page, "4-failing-test")
        page.locator("main table .row-acts a").first.click()
        page.locator("input[name='expect'][value='allow']").check()
        page.locator("main form.questions .btn-primary").click()
        expect(page.locator(".told")).to_be_visible()
        expect(page.locator(".problem-list")).to_have_count(0)
        self.seen(page, "4-tests")

    def effect(self, page: Page) -> None:
        """Find out what it does."""
        page.click(".title .btn-primary")
        page.click(".inline-form button")
        # Without a script the page asks again by its own header; a phone shows no picture.
        expect(page.locator(".chart").first).to_be_visible()
        expect(page.locator("form[action$='/submit'] button")).to_be_visible()
        self.seen(page, "5-effect")

    def afterwards(self, page: Page, ref: str) -> None:
        """Look at what is left: the list, the version, its tests, the text."""
        for name, path in (
            ("10-list", "/policy/changes"),
            ("11-version", "/policy/changes/versions/2"),
            ("12-version-tests", "/policy/changes/versions/2/tests"),
        ):
            page.goto(f"{self.desktop.url}{path}")
            expect(page.locator("main h1")).to_be_visible()
            self.seen(page, name)
        page.goto(f"{ref}/rules/text")
        expect(page.locator("textarea#text")).to_be_visible()
        self.seen(page, "13-text")
