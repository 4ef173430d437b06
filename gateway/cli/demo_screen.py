"""The one screen of the demonstration: where to go, who to be, what to try."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.demo_office import SERVICE, ZONES
from gateway.cli.demo_people import DemoPerson, seconds_left
from gateway.cli.demo_ports import Ports

TITLES = {"intranet": "政务内网 intranet", "extranet": "政务外网 extranet"}
_TRY = (
    ("以李娜登录,打开“财政台账”,检索合同,下载 entry 的 CSV(约 50 MB)",
     "as li.na open the finance ledger, search the contracts, download entry as CSV (50 MB)"),
    ("以张伟登录,打开同一服务:页面说明为何不可进、该找谁",
     "as zhang.wei open the same service: the page says why not, and whom to ask"),
    ("退出登录后,财政台账的窗口也随之失效", "sign out: the ledger's window is out as well"),
)  # fmt: skip


def show(console: Console, people: Iterable[DemoPerson], ports: Ports, moment: datetime) -> None:
    """Print the screen; the codes are those of `moment`."""
    people = list(people)
    console.rule("[bold]函谷 Hangu · 演示 demonstration[/]")
    for zone in ZONES:
        console.print(_people(zone, [each for each in people if each.zone == zone], ports, moment))
    left = seconds_left(moment)
    console.print(
        f"登录:姓名拼音 + 密码 + 一次性验证码(还有 {left} 秒有效,每码只用一次)。\n"
        f"Sign in with login, password and code (good for {left} s, once). "
        "Fresh codes 新码: [bold]make codes[/]",
        soft_wrap=True,
    )
    console.print("\n[bold]试一试 Try[/]")
    for chinese, english in _TRY:
        console.print(f"  · {chinese}\n    {english}", soft_wrap=True, highlight=False)
    console.print("\n停止 Stop: Ctrl-C · 数据保留 data is kept · 清除 forget: make clean-demo")


def show_codes(console: Console, people: Iterable[DemoPerson], moment: datetime) -> None:
    """Print the codes of `moment` alone."""
    grid = Table(box=None, pad_edge=False)
    for head in ("区域 zone", "登录名 login", "姓名 name", "验证码 code"):
        grid.add_column(head, header_style="dim")
    for person in people:
        grid.add_row(person.zone, person.login, person.name, f"[bold]{person.code(moment)}[/]")
    console.print(grid)
    console.print(f"还有 {seconds_left(moment)} 秒有效 · valid for {seconds_left(moment)} s")


def _people(zone: str, people: list[DemoPerson], ports: Ports, moment: datetime) -> Table:
    url, slug = ports.public_url(zone), SERVICE[zone]
    title = f"{TITLES[zone]}  {url}  →  {slug}: {url.replace('://', f'://{slug}.')}"
    grid = Table(title=f"[bold]{escape(title)}[/]", title_justify="left", box=None, pad_edge=False)
    for head in ("登录名 login", "密码 password", "码 code", "TOTP", "角色 role"):
        grid.add_column(head, header_style="dim", overflow="fold", no_wrap=head != "角色 role")
    for person in people:
        grid.add_row(
            f"[bold]{escape(person.login)}[/] {escape(person.name)}",
            escape(person.password),
            person.code(moment),
            person.totp,
            f"{escape(person.what_zh)} {escape(person.what_en)}",
        )
    return grid
