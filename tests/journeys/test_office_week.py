"""A week in an office, by real browsers: who forgets, loses, is attacked, and gets on with it."""

from __future__ import annotations

from datetime import timedelta

from office_days import PASSWORD, SECRETS, code, enrolled, invited, sign_in, signed_in
from office_hands import Hand, browser_of
from office_week import Week
from playwright.sync_api import Browser, expect

from gateway.identity.paces import GROWING
from gateway.web.cookies import cookies_of

COOKIES = cookies_of("intranet")
GUESSES = 13
"""Wrong passwords after which a stranger waits four minutes: the officer has time to look."""


def guess(hand: Hand, login: str) -> int:
    """Try a password; return the status of the answer."""
    hand.fill("登录名", login)
    hand.fill("密码", "猜测的密码，不会是真的")
    with hand.page.expect_navigation() as answered:
        hand.click("下一步")
    assert answered.value is not None
    return answered.value.status


def test_monday_somebody_new_enrols_by_a_one_time_link_and_adds_a_passkey(
    week: Week, chrome: Browser
) -> None:
    """Password, authenticator, recovery codes that are shown to be saved, a passkey; then in."""
    link = invited(week, chrome, "sun.lixin", "孙立新")
    sun = browser_of(chrome)
    with week.doing("enrol", sun):
        codes = enrolled(week, sun, "sun.lixin", link)
    assert len(codes) == 10
    sun.goto(link)
    expect(sun.page.locator("h1")).to_contain_text("链接")
    sun.goto(week.url)
    sign_in(week, sun, "sun.lixin")
    expect(sun.page.locator("h1")).to_have_text("我的系统")

    with week.doing("add a passkey", sun):
        sun.device()
        sun.goto(f"{week.url}/account/factors")
        sun.click("添加通行密钥")
        sun.fill("通行密钥名称", "办公电脑")
        sun.confirm("下一步", code(week, "sun.lixin"))
        sun.click("创建通行密钥")
        expect(sun.page.locator(".told")).to_contain_text("办公电脑")
    sun.is_sound()
    sun.click("退出登录")
    with week.doing("sign in by passkey", sun):
        sun.goto(week.url)
        sun.click("使用通行密钥登录")
        sun.click("使用通行密钥")
        expect(sun.page.locator("h1")).to_have_text("我的系统")
    sun.leave()


def test_tuesday_a_lost_telephone_is_survived_by_a_recovery_code_and_replaced(
    week: Week, chrome: Browser
) -> None:
    """No officer is needed: a code from the paper opens, and the new telephone takes over."""
    link = invited(week, chrome, "gao.yuan", "高远")
    gao = browser_of(chrome)
    codes = enrolled(week, gao, "gao.yuan", link)
    lost = SECRETS["gao.yuan"]
    with week.doing("recover", gao):
        gao.goto(week.url)
        gao.fill("登录名", "gao.yuan")
        gao.fill("密码", PASSWORD)
        gao.click("下一步")
        gao.click("手机不在身边，使用恢复码")
        gao.fill("恢复码", codes[2])
        gao.click("登录")
        expect(gao.page.locator("h1")).to_have_text("我的系统")
    with week.doing("replace", gao):
        gao.goto(f"{week.url}/account/factors")
        gao.click("更换或移除")
        gao.confirm("更换", codes[3])
        new = gao.page.locator("code.key").inner_text().replace(" ", "")
        gao.fill("动态验证码", week.code("gao.yuan", new))
        gao.click("完成")
        expect(gao.page.locator("main")).to_contain_text("新的动态验证器已启用")
    gao.is_sound()
    gao.click("退出登录")
    gao.goto(week.url)
    gao.fill("登录名", "gao.yuan")
    gao.fill("密码", PASSWORD)
    gao.click("下一步")
    gao.fill("验证码", week.code("gao.yuan", lost))
    gao.click("登录")
    expect(gao.page.locator(".summary")).to_be_visible()
    gao.fill("验证码", week.code("gao.yuan", new))
    gao.click("登录")
    expect(gao.page.locator("h1")).to_have_text("我的系统")
    gao.leave()


def test_wednesday_a_stranger_hammers_the_name_and_the_owner_signs_in_at_the_first_try(
    week: Week, chrome: Browser
) -> None:
    """From the known browser; the security administrator sees what goes on."""
    li = signed_in(week, chrome, "li.na")
    li.click("退出登录")
    left = {each.get("name") for each in li.context.cookies(week.url)}
    assert COOKIES.device.name in left
    assert COOKIES.session.name not in left
    stranger = browser_of(chrome)
    stranger.goto(f"{week.url}/sign-in")
    for number in range(GUESSES):
        week.pass_time(GROWING.wait_after(number))
        assert guess(stranger, "li.na") == 403
    assert guess(stranger, "li.na") == 429
    expect(stranger.page.locator(".summary")).to_contain_text("尝试次数过多")
    with week.doing("hammered", li):
        li.goto(week.url)
        sign_in(week, li, "li.na")
        expect(li.page.locator("h1")).to_have_text("我的系统")
    chen = signed_in(week, chrome, "chen.min")
    chen.goto(f"{week.url}/lanes/")
    expect(chen.page.locator("main")).to_contain_text("li.na")
    chen.is_sound()
    for each in (li, stranger, chen):
        each.leave()


def test_wednesday_not_me_locks_the_account_and_the_officer_decides(
    week: Week, chrome: Browser
) -> None:
    """One click and a confirmation; after a talk the officer hands out a new link."""
    link = invited(week, chrome, "ma.lin", "马琳")
    ma = browser_of(chrome)
    enrolled(week, ma, "ma.lin", link)
    thief = browser_of(chrome)
    thief.goto(week.url)
    sign_in(week, thief, "ma.lin")
    week.pass_time(timedelta(minutes=1))
    ma.goto(week.url)
    sign_in(week, ma, "ma.lin")
    with week.doing("not me", ma):
        ma.goto(f"{week.url}/account/sign-ins")
        ma.click(ma.page.locator("tbody a").first)
        ma.click("锁定我的账号并报告")
        expect(ma.page.locator("h1")).to_have_text("您的账号已锁定")
    thief.goto(f"{week.url}/account/")
    expect(thief.page.locator("h1")).to_have_text("登录")

    chen = signed_in(week, chrome, "chen.min")
    with week.doing("decide on a report", chen):
        chen.goto(f"{week.url}/reports/")
        chen.click("马琳")
        chen.tick("签发新的开户链接")
        chen.page.locator("#reason").fill("已与本人当面核实，登录并非其本人。")
        chen.confirm("处理", week.code("chen.min"))
        link = chen.page.locator(".secret").inner_text()
    SECRETS.pop("ma.lin")
    ma.goto(link)
    expect(ma.page.locator("h1")).to_contain_text("马琳")
    for each in (ma, thief, chen):
        each.leave()
