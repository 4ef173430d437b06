"""The one screen of the demonstration: where to go, who to be, what to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

from gateway.cli.demo_office import SERVICE, ZONES
from gateway.cli.demo_people import DemoPerson, seconds_left

TITLES = {"intranet": "政务内网 intranet", "extranet": "政务外网 extranet"}
MAX_WIDTH = 100
"""Characters of a line across the screen, even where there is room for more."""


def show(
    console: Console, people: Iterable[DemoPerson], addresses: Mapping[str, str], moment: datetime
) -> None:
    """Print the screen; the codes are those of `moment`, `addresses` those of the zones."""
    people = list(people)
    title = Rule("[bold]函谷 Hangu · 演示 demonstration[/]")
    console.print(title, width=min(console.width, MAX_WIDTH))
    for zone in ZONES:
        console.print(f"[bold]{TITLES[zone]}[/]  {addresses[zone]}", soft_wrap=True)
        console.print(f"  {SERVICE[zone]}: {service_at(addresses, zone)}", soft_wrap=True)
        console.print(_people([each for each in people if each.zone == zone], moment))
    left = seconds_left(moment)
    console.print(
        f"登录：登录名 + 密码 + 一次性验证码（还有 {left} 秒有效，每码只用一次）。\n"
        f"Sign in with login, password and code (good for {left} s, once).\n"
        "Fresh codes 新码: [bold]make codes[/]",
        soft_wrap=True,
    )
    console.print("\n[bold]试一试 Try[/]")
    for line in _things_to_try(service_at(addresses, "intranet")):
        console.print(f"  {line}", soft_wrap=True, highlight=False)
    console.print("\n停止 Stop: Ctrl-C · 数据保留 data is kept · 清除 forget: make clean-demo")


def service_at(addresses: Mapping[str, str], zone: str) -> str:
    """Where people find the service of `zone`."""
    return addresses[zone].replace("://", f"://{SERVICE[zone]}.")


def _things_to_try(ledger: str) -> Iterator[str]:
    """Lines of at most 78 columns; addresses have a line of their own, so that they stay whole."""
    yield "· 以李娜登录，打开“财政台账”，检索合同，下载 entry 的 CSV（约 50 MB）"
    yield "  as li.na open the finance ledger, search the contracts,"
    yield "  download entry as CSV (50 MB)"
    yield "· 以张伟登录，打开同一地址：页面说明为何不可进、该找谁"
    yield "  as zhang.wei open the same address: the page says why not, and whom to ask"
    yield f"  {ledger}"
    yield "· 以赵磊登录，打开“待办研判”：刚才的拒绝已在日志中，逐条可证"
    yield "  as zhao.lei open “To decide now”: the refusal is in the log, with its proof"
    yield "· 以陈敏登录，用一句话起草规则变更：看清影响何人，再由顾妍批准"
    yield "  as chen.min draft a rule in a sentence, see whom it hits; gu.yan approves"
    yield "· 退出登录后，财政台账的窗口也随之失效"
    yield "  sign out: the ledger's window is out as well"


def show_codes(console: Console, people: Iterable[DemoPerson], moment: datetime) -> None:
    """Print the codes of `moment` alone."""
    grid = Table(box=None, pad_edge=False)
    for head in ("区域 zone", "登录名 login", "姓名 name", "验证码 code"):
        grid.add_column(head, header_style="dim")
    for person in people:
        grid.add_row(person.zone, person.login, person.name, f"[bold]{person.code(moment)}[/]")
    console.print(grid)
    console.print(f"还有 {seconds_left(moment)} 秒有效 · valid for {seconds_left(moment)} s")


def _people(people: list[DemoPerson], moment: datetime) -> Table:
    """Two lines a person: at 80 columns nothing that is copied is broken."""
    grid = Table(box=None, pad_edge=False)
    for head in ("登录名 login / 角色 role", "码 code", "密码 password / TOTP"):
        grid.add_column(head, header_style="dim", overflow="fold", no_wrap=head[0] != "登")
    for person in people:
        who = f"[bold]{escape(person.login)}[/] {escape(person.name)}"
        grid.add_row(
            f"{who} [dim]{escape(person.what_en)}[/]\n{escape(person.what_zh)}",
            person.code(moment),
            f"{escape(person.password)}\n{person.totp}",
        )
    return grid
