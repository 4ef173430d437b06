"""The same week at work: forms that outlive a session, and access that is asked for and ends."""

from __future__ import annotations

from datetime import timedelta

from office_days import sign_in, signed_in
from office_hands import browser_of
from office_week import Week
from playwright.sync_api import Browser, expect

REASON = "本周五到市里开会，带材料三箱"


def test_thursday_a_form_with_a_file_outlives_its_session(week: Week, chrome: Browser) -> None:
    """The telephone rang for 40 minutes; nothing is typed twice."""
    li = browser_of(chrome)
    with week.doing("sign in and open a service", li):
        li.goto(week.service)
        sign_in(week, li, "li.na")
        expect(li.page.locator("h1")).to_have_text("用车申请")
    li.fill("事由", REASON)
    li.attach("附件", "行程.txt", "八点出发，五点返回")
    week.pass_time(timedelta(minutes=40))
    before = len(week.trips.sent)
    with week.doing("expire", li):
        li.click("提交申请")
        sign_in(week, li, "li.na")
        expect(li.page.locator("h1")).to_have_text("以下内容尚未发送")
        expect(li.page.locator("main")).to_contain_text(REASON)
        expect(li.page.locator("main")).to_contain_text("行程.txt")
        li.is_sound()
        li.click("立即发送")
        expect(li.page.locator("h1")).to_have_text("已收到申请")
    assert week.trips.sent[before:] == [
        {"reason": REASON, "paper": "八点出发，五点返回", "who": "li.na"}
    ]
    li.leave()


def test_thursday_a_heavy_act_asks_for_a_code_and_forgets_nothing(
    week: Week, chrome: Browser
) -> None:
    """Wrong code first: the form is still there, and so is what was typed."""
    wang = signed_in(week, chrome, "wang.jian")
    week.pass_time(timedelta(minutes=6))
    with week.doing("step up", wang):
        wang.goto(f"{week.url}/officers/cases/reset")
        wang.fill("该人员的登录名", "zhang.wei")
        wang.tick("居民身份证")
        wang.tick("本人在场")
        wang.fill("发生了什么", "手机昨日在出租车上遗失。")
        wang.confirm("发起", "000000")
        expect(wang.page.locator(".summary")).to_be_visible()
        expect(wang.page.locator("[name=reason]")).to_have_value("手机昨日在出租车上遗失。")
        wang.is_sound()
        wang.confirm("确认并继续", week.code("wang.jian"))
        expect(wang.page.locator("h1")).to_contain_text("张伟")
    wang.click("撤回")
    wang.leave()


def test_friday_a_closed_door_is_asked_for_opened_by_the_owner_and_shuts_on_its_day(
    week: Week, chrome: Browser
) -> None:
    """From the 403 page to the service, and out again without anybody's doing."""
    zhang = browser_of(chrome)
    zhang.goto(week.service)
    sign_in(week, zhang, "zhang.wei")
    expect(zhang.page.locator("h1")).to_contain_text("无权")
    zhang.is_sound()
    until = (week.now() + timedelta(days=2)).date().isoformat()
    with week.doing("request", zhang):
        zhang.click("申请使用")
        zhang.fill("因何需要使用", "核对档案科三月份的会议支出。")
        zhang.page.locator("#until").fill(until)
        zhang.click("提交申请")
        expect(zhang.page.locator("main")).to_contain_text("财政科")
    he = signed_in(week, chrome, "he.qing")
    with week.doing("approve", he):
        he.click("审批申请")
        he.click("张伟")
        he.is_sound()
        he.confirm("批准", week.code("he.qing"))
        expect(he.page.locator("main")).to_contain_text("张伟")
    he.leave()
    zhang.goto(week.service)
    expect(zhang.page.locator("h1")).to_have_text("用车申请")
    week.pass_time(timedelta(days=3))
    zhang.goto(week.service)
    sign_in(week, zhang, "zhang.wei")
    expect(zhang.page.locator("h1")).to_contain_text("无权")
    zhang.leave()


def test_friday_in_english(week: Week, chrome: Browser) -> None:
    """One click at the head of the page: sign-in, closed door and recovery codes in English."""
    zhang = browser_of(chrome)
    zhang.goto(week.service)
    zhang.click("English")
    zhang.fill("Sign-in name", "zhang.wei")
    zhang.fill("Password", week.people["zhang.wei"].password)
    zhang.click("Continue")
    zhang.fill("One-time code", week.code("zhang.wei"))
    zhang.click("Sign in")
    expect(zhang.page.locator("h1")).to_contain_text("You may not open Finance ledger")
    zhang.goto(f"{week.url}/account/factors")
    expect(zhang.page.locator("h1")).to_have_text("How I sign in")
    zhang.click("Make recovery codes")
    zhang.page.locator("#confirm_code").fill(week.code("zhang.wei"))
    zhang.click(zhang.page.locator("main .btn-primary"))
    codes = zhang.page.locator(".recovery-codes code").all_inner_texts()
    zhang.click("I have saved them")
    zhang.fill("Recovery code", codes[9])
    zhang.click("Check")
    expect(zhang.page.locator("main")).to_contain_text("10 of 10 left, saved")
    zhang.is_sound()
    zhang.leave()
