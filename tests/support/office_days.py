"""What happens in the office on many days: signing in, inviting somebody, enrolling."""

from __future__ import annotations

from office_hands import Hand, browser_of
from office_week import Week
from playwright.sync_api import Browser, expect

PASSWORD = "黑发不知勤学早，白首方悔读书迟，莫等闲"
SECRETS: dict[str, str] = {}
"""The authenticators' keys of those who enrol in the course of the week."""


def sign_in(week: Week, hand: Hand, login: str) -> None:
    """Name, password, code."""
    known = week.people.get(login)
    hand.fill("登录名", login)
    hand.fill("密码", known.password if known else PASSWORD)
    hand.click("下一步")
    hand.fill("验证码", code(week, login))
    hand.click("登录")
    hand.page.wait_for_url(lambda address: "/sign-in" not in address)


def code(week: Week, login: str) -> str:
    """A fresh code of the person's authenticator."""
    return week.code(login, SECRETS.get(login))


def signed_in(week: Week, chrome: Browser, login: str) -> Hand:
    """Somebody at their start page."""
    hand = browser_of(chrome)
    hand.goto(week.url)
    sign_in(week, hand, login)
    expect(hand.page.locator("h1")).to_have_text("我的系统")
    return hand


def invited(week: Week, chrome: Browser, login: str, name: str) -> str:
    """The system administrator adds somebody, and the security administrator lets them work."""
    wang = signed_in(week, chrome, "wang.jian")
    with week.doing("invite", wang):
        wang.click("人员")
        wang.click("新增人员")
        wang.fill("姓名", name)
        wang.fill("登录名", login)
        wang.choose("所在单位", "　档案科")
        wang.confirm("新增并生成链接", week.code("wang.jian"))
    link = wang.page.locator(".slip-link").inner_text()
    wang.leave()
    chen = signed_in(week, chrome, "chen.min")
    with week.doing("give rights", chen):
        chen.click("人员权限")
        chen.click(name)
        chen.tick("工作人员")
        chen.fill("理由", "档案科新到岗人员，承担日常工作。")
        chen.click("预览变更")
        chen.confirm("按此变更", week.code("chen.min"))
        expect(chen.page.locator("main")).to_contain_text(name)
    chen.leave()
    return link


def enrolled(week: Week, hand: Hand, login: str, link: str) -> list[str]:
    """Use the link: password, authenticator, recovery codes; return these."""
    hand.goto(link)
    hand.fill("新密码", PASSWORD)
    hand.click("下一步")
    SECRETS[login] = hand.page.locator("code.key").inner_text().replace(" ", "")
    hand.click("已添加，下一步")
    hand.fill("动态验证码", code(week, login))
    hand.click("完成")
    codes = hand.page.locator(".recovery-codes code").all_inner_texts()
    hand.click("我已保存")
    hand.fill("恢复码", codes[0])
    hand.click("验证")
    expect(hand.page.locator("h1")).to_have_text("账号已启用")
    return codes
