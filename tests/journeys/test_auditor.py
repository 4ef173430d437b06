"""An auditor's morning with the running demonstration: find the denied burst, and follow it."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Browser, Page, expect
from real_browser import charts_drawn
from running_demo import Demo

BURST = 24
WAIT = 30.0  # seconds; sealing and indexing take about one


def refused_many_times(demo: Demo, chrome: Browser) -> None:
    """A colleague of another unit tries one path of the ledger after the other."""
    context = chrome.new_context()
    page = context.new_page()
    page.goto(demo.gateway())
    demo.sign_in(page, "zhang.wei")
    for number in range(BURST):
        answer = page.goto(f"{demo.service()}/ledger/contract?n={number}")
        assert answer is not None
        assert answer.status == 403
    context.close()


def allowed_once(demo: Demo, chrome: Browser) -> None:
    context = chrome.new_context()
    page = context.new_page()
    page.goto(f"{demo.service()}/ledger/contract")
    demo.sign_in(page, "li.na")
    context.close()


def until_there(page: Page, address: str, text: str) -> None:
    """Open an address until the log shows what was done a moment ago."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        page.goto(address)
        if page.get_by_text(text).count():
            return
        time.sleep(0.5)
    raise AssertionError(f"{text} did not appear at {address}:\n{page.inner_text('main')}")


def test_an_auditor_finds_the_denied_burst_and_follows_it(
    demo: Demo, chrome: Browser, page: Page
) -> None:
    refused_many_times(demo, chrome)
    allowed_once(demo, chrome)
    page.goto(demo.gateway())
    demo.sign_in(page, "zhao.lei")

    # What needs my decision? The burst, with the way to it.
    until_there(page, f"{demo.gateway()}/audit/now", "远超平时水平")
    page.get_by_role("link", name="近两小时的拒绝").click()
    rows = page.locator("table.log tbody tr")
    expect(rows.nth(BURST - 1)).to_be_visible()
    expect(rows.first).to_contain_text("张伟")

    # One of them: in words, proved, with what happened around it.
    rows.filter(has_text="拒绝访问服务").first.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("张伟：拒绝访问服务")
    expect(page.get_by_text("已重新计算")).to_be_visible()
    page.get_by_role("link", name="调阅（将留痕）").click()
    expect(page.locator("main")).to_contain_text("127.0.0.1")
    page.get_by_role("link", name="前后 15 分钟").click()
    expect(rows.nth(BURST)).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="其全部活动").click()
    expect(page.locator(".chips")).to_contain_text("张伟")

    # The same search at another time is the same address.
    address = page.url
    first = rows.first.inner_text()
    page.goto(f"{demo.gateway()}/audit/")
    page.goto(address)
    expect(rows.first).to_have_text(first, use_inner_text=True)

    # By the form, without JavaScript's help: a colleague who was let in, and the rule behind it.
    page.goto(f"{demo.gateway()}/audit/")
    page.fill("#actor", "李娜")
    page.select_option("#event", "decision.allowed")
    page.get_by_role("button", name="查询", exact=True).click()
    rows.first.get_by_role("link").click()
    page.locator('dd a[href*="/audit/rules/"]').first.click()
    expect(page.locator("h1")).to_contain_text(re.compile("规则 r-"))
    expect(page.get_by_text("发布情况")).to_be_visible()

    # And every look has left its trace.
    until_there(page, f"{demo.gateway()}/audit/?event=audit.value_opened", "调阅记录中的个人信息")


def test_the_charts_draw_under_the_strict_policy(demo: Demo, page: Page) -> None:
    page.goto(demo.gateway())
    demo.sign_in(page, "zhao.lei")
    page.goto(f"{demo.gateway()}/audit/activity")
    charts_drawn(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
