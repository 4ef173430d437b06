"""No lost work in a real browser: a service's form, two tabs, and codes asked for on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium_office import service
from playwright.sync_api import BrowserContext, Page, expect
from real_browser import RULES
from web_office import Office
from whole_office import events, let_expire

MAIN = "main .actions .btn-primary"
FORM = """kind => {
  document.body.innerHTML = '<form method="post" action="/save?draft=1"></form>';
  const form = document.forms[0];
  form.enctype = kind;
  for (const [name, value] of [["title", "预算调整"], ["text", "第一行\\n第二行 & 100%"]]) {
    const input = document.createElement("textarea");
    input.name = name;
    input.value = value;
    form.append(input);
  }
  const file = document.createElement("input");
  file.type = "file";
  file.name = "plan";
  form.append(file);
}"""


def sign_in(page: Page, office: Office, login: str = "liwen") -> None:
    """Fill in both pages of the sign-in."""
    page.fill("#login", login)
    page.fill("#password", "三更灯火五更鸡，正是男儿读书时")
    page.click("main .actions .btn-primary")
    page.fill("#code", office.next_code(login))
    page.click("main .actions .btn-primary")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_outlives_its_session_files_and_all(
    whole: Office, context: BrowserContext, kind: str, tmp_path: Path
) -> None:
    page = context.new_page()
    page.goto(service(whole))
    expect(page).to_have_url(service(whole))
    page.evaluate(FORM, kind)
    if kind.startswith("multipart"):
        (tmp_path / "方案.bin").write_bytes(bytes(range(256)) * 200)
        page.set_input_files("input[type=file]", tmp_path / "方案.bin")
    let_expire(whole)
    page.evaluate("document.forms[0].submit()")
    page.wait_for_url("**/sign-in?next=*")
    sign_in(page, whole)
    page.wait_for_url("**/.hangu/kept/*")
    expect(page.locator("main")).to_contain_text("预算调整")
    expect(page.locator("main")).to_contain_text("第二行 & 100%")
    assert Axe().run(page, options=RULES).response["violations"] == []
    with page.expect_navigation():
        page.click(MAIN)

    expect(page).to_have_url(service(whole, "/save?draft=1"))
    shown = page.inner_text("body")
    assert "POST /save?draft=1" in shown
    assert "hangu_kept" not in shown
    names = [each["ev"] for each in events(whole) if each["ev"].startswith("form.")]
    assert names == ["form.kept", "form.offered", "form.sent"]
    page.reload()
    expect(page.locator("h1")).to_have_text(re.compile("不再保存"))


def test_two_tabs_keep_their_own_forms(whole: Office, context: BrowserContext) -> None:
    tabs = []
    for number in range(2):
        page = context.new_page()
        page.goto(service(whole))
        page.evaluate(FORM, "application/x-www-form-urlencoded")
        page.evaluate(f"document.querySelector('textarea').value = 'tab {number}'")
        tabs.append(page)
    let_expire(whole)
    for page in tabs:
        page.evaluate("document.forms[0].submit()")
        page.wait_for_url("**/sign-in?next=*")
    sign_in(tabs[0], whole)
    tabs[0].wait_for_url("**/.hangu/kept/*")
    tabs[1].reload()
    tabs[1].wait_for_url("**/.hangu/kept/*")

    for number, page in enumerate(tabs):
        expect(page.locator("main")).to_contain_text(f"tab {number}")


def test_a_heavy_act_asks_for_its_code_on_the_same_page_and_other_tabs_live_on(
    whole: Office, context: BrowserContext
) -> None:
    page, other = context.new_page(), context.new_page()
    url = whole.settings.public_url
    page.goto(f"{url}/account/password")
    other.goto(f"{url}/requests/new/payroll")
    page.fill("#current", "三更灯火五更鸡，正是男儿读书时")
    page.fill("#new", "黑发不知勤学早，白首方悔读书迟")
    page.fill("#confirm_code", whole.next_code("liwen"))
    page.click(MAIN)
    page.wait_for_url("**/account/")
    other.fill("#reason", "临时查阅工资表")
    other.click(MAIN)

    expect(other.locator("main")).not_to_contain_text("登录名")
    assert "/sign-in" not in other.url
    other.goto(f"{url}/account/")
    expect(other.locator("h1")).to_have_text("我的账号")


def test_a_wrong_code_is_said_at_its_field_and_no_password_stands_on_the_page(
    whole: Office, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{whole.settings.public_url}/account/password")
    page.fill("#current", "三更灯火五更鸡，正是男儿读书时")
    page.fill("#new", "黑发不知勤学早，白首方悔读书迟")
    page.fill("#confirm_code", "000000")
    page.click(MAIN)

    expect(page.locator("#problem-confirm_code")).to_be_visible()
    assert "黑发" not in page.content()


def test_a_service_asks_for_a_fresh_proof_and_the_way_leads_back(
    whole: Office, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(service(whole))
    page.goto(service(whole, "/pay/7"))
    expect(page.locator("h1")).to_have_text("请确认是您本人")
    assert Axe().run(page, options=RULES).response["violations"] == []
    page.fill("#confirm_code", whole.next_code("liwen"))
    page.click(MAIN)
    page.wait_for_url(service(whole, "/pay/7"))

    expect(page.locator("body")).to_contain_text("GET /pay/7")
