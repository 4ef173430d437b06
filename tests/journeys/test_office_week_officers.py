"""The three officers: in person with two, a staff list, an office handed over, glass broken."""

from __future__ import annotations

import subprocess
import sys

from office_days import SECRETS, code, enrolled, invited, sign_in, signed_in
from office_hands import browser_of
from office_week import Week
from playwright.sync_api import Browser, expect

LIST = "登录名,姓名,单位,工号\n{rows}"


def test_tuesday_a_lost_device_is_replaced_in_person_by_two_officers(
    week: Week, chrome: Browser
) -> None:
    """One opens, another confirms, the person scans; the password stays and the old key is dead."""
    wang, zhao_or_chen = (signed_in(week, chrome, name) for name in ("wang.jian", "chen.min"))
    with week.doing("replace in person", wang, zhao_or_chen):
        wang.goto(f"{week.url}/officers/cases/reset")
        wang.fill("该人员的登录名", "liu.yang")
        wang.tick("居民身份证")
        wang.tick("本人在场")
        wang.fill("发生了什么", "手机在抢险现场损坏，无法开机。")
        wang.confirm("发起", week.code("wang.jian"))
        zhao_or_chen.click("双人办理")
        zhao_or_chen.click("刘洋")
        zhao_or_chen.confirm("确认", week.code("chen.min"))
    link = zhao_or_chen.page.locator(".slip-link").inner_text()
    liu = browser_of(chrome)
    with week.doing("enrol a new device", liu):
        liu.goto(link)
        liu.click("下一步")
        SECRETS["liu.yang"] = liu.page.locator("code.key").inner_text().replace(" ", "")
        liu.click("已添加，下一步")
        liu.fill("动态验证码", code(week, "liu.yang"))
        liu.click("完成")
    liu.goto(week.url)
    sign_in(week, liu, "liu.yang")
    for each in (wang, zhao_or_chen, liu):
        each.is_sound()
        each.leave()


def test_thursday_a_staff_list_brings_people_and_an_office_is_handed_over(
    week: Week, chrome: Browser
) -> None:
    """A bad line stops the list; the last auditor stays until the second one is in office."""
    wang = signed_in(week, chrome, "wang.jian")
    with week.doing("import", wang):
        wang.click("人员")
        wang.click("导入人员名册")
        wang.attach("CSV 文件", "名册.csv", LIST.format(rows="qian.duo,钱多,无此单位,HS-31\n"))
        wang.click("预览")
        expect(wang.page.locator(".summary")).to_contain_text("名册不能导入")
        wang.click("上传改正后的文件")
        wang.attach("CSV 文件", "名册.csv", LIST.format(rows="qian.duo,钱多,档案科,HS-31\n"))
        wang.click("预览")
        wang.confirm("按以上内容导入", week.code("wang.jian"))
    link = wang.page.locator(".slip-link").inner_text()
    qian = browser_of(chrome)
    enrolled(week, qian, "qian.duo", link)
    chen = signed_in(week, chrome, "chen.min")
    with week.doing("hand-over", chen, wang):
        chen.click("人员权限")
        chen.click("赵磊")
        chen.page.get_by_label("安全审计员").first.uncheck()
        chen.fill("理由", "岗位轮换，赵磊调任他职。")
        chen.click("预览变更")
        chen.confirm("按此变更", week.code("chen.min"))
        expect(chen.page.locator(".summary")).to_be_visible()
        chen.goto(f"{week.url}/rights/")
        chen.click("钱多")
        chen.page.locator("#office").select_option(label="安全审计员")
        chen.page.locator("#office_reason").fill("岗位轮换，接任安全审计员。")
        chen.confirm("提议任岗", week.code("chen.min"))
        wang.click("双人办理")
        wang.click("钱多")
        wang.confirm("确认", week.code("wang.jian"))
        chen.goto(f"{week.url}/rights/")
        chen.click("赵磊")
        chen.page.get_by_label("安全审计员").first.uncheck()
        chen.fill("理由", "岗位轮换，赵磊调任他职。")
        chen.click("预览变更")
        chen.confirm("按此变更", week.code("chen.min"))
        expect(chen.page.locator(".told")).to_be_visible()
    qian.goto(week.url)
    sign_in(week, qian, "qian.duo")
    qian.goto(f"{week.url}/officers/acts")
    expect(qian.page.locator("main")).to_contain_text("陈敏")
    for each in (wang, chen, qian):
        each.is_sound()
        each.leave()


def test_saturday_glass_is_broken_by_two_officers_used_closed_and_reviewed(
    week: Week, chrome: Browser
) -> None:
    """Somebody acts for an hour; a security administrator without a part in it signs off."""
    zone = week.directory / "intranet"
    command = [sys.executable, "-m", "gateway.cli", "breakglass", "prepare", str(zone)]
    subprocess.run([*command, "yingji-1", "--unit", "duty"], check=True, capture_output=True)
    link = invited(week, chrome, "lu.ming", "陆鸣")
    lu = browser_of(chrome)
    enrolled(week, lu, "lu.ming", link)
    wang, chen = (signed_in(week, chrome, name) for name in ("wang.jian", "chen.min"))
    with week.doing("break glass", wang, chen):
        wang.click("应急账号")
        wang.fill("使用人的登录名", "lu.ming")
        wang.fill("使用多少分钟", "60")
        wang.fill("发生了什么", "机房起火，值班人员须立即关闭系统。")
        wang.confirm("提请", week.code("wang.jian"))
        chen.click("应急账号")
        chen.click(chen.page.locator("tbody a").first)
        chen.confirm("确认启封", week.code("chen.min"))
    opening = chen.page.locator("main strong").first.inner_text()
    lu.goto(week.url)
    sign_in(week, lu, "lu.ming")
    with week.doing("use the sealed account", lu):
        lu.goto(f"{week.url}/break-glass/enter")
        lu.fill("启封码", opening)
        lu.confirm("进入", code(week, "lu.ming"))
        expect(lu.page.locator("h1")).to_have_text("应急操作")
        lu.page.locator("#login-end").fill("li.na")
        lu.click("结束会话")
        lu.click("立即交还账号")
    chen.goto(f"{week.url}/break-glass/")
    chen.click(chen.page.locator("tbody a").first)
    expect(chen.page.locator("main")).to_contain_text("另一名")
    gu = signed_in(week, chrome, "gu.yan")
    with week.doing("review the opening", gu):
        gu.click("应急账号")
        gu.click(gu.page.locator("tbody a").first)
        expect(gu.page.get_by_role("table")).to_contain_text("结束会话")
        gu.is_sound()
        gu.fill("复核意见", "启封必要，操作适当，无须进一步处理。")
        gu.confirm("签署并重新封存", week.code("gu.yan"))
        expect(gu.page.locator(".told")).to_contain_text("重新封存")
    expect(gu.page.get_by_role("table").first).to_contain_text("已封存")
    for each in (lu, wang, chen, gu):
        each.is_sound()
        each.leave()
