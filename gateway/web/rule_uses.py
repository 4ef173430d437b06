"""How often each rule decided, and when last: sorted, filtered, each with its records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, g, render_template, request

from gateway.web.access import requires
from gateway.web.desk_campaigns import UsedRule
from gateway.web.i18n import html_lang
from gateway.web.session import house, person
from policies.permissions import Permission

pages = Blueprint("rule_uses", __name__, url_prefix="/policy/uses")
LONG = timedelta(days=90)
PAGE = 100
_NEVER = datetime.min.replace(tzinfo=UTC)


def _last(each: UsedRule) -> datetime:
    return _NEVER if each.use is None else each.use.last_used


ORDERS: dict[str, Callable[[UsedRule], Any]] = {
    "fewest": lambda each: 0 if each.use is None else each.use.uses,
    "most": lambda each: 0 if each.use is None else -each.use.uses,
    "oldest": _last,
    "newest": lambda each: -_last(each).timestamp() if each.use else 0,
    "rule": lambda each: each.rule,
}


@pages.get("")
@requires(Permission.POLICY_READ)
def show() -> str:
    """Every rule in force about services."""
    desk = house().desk
    found = desk.used_rules(language=html_lang(), now=g.now)
    asked = request.args
    order = asked.get("by", "fewest") if asked.get("by", "fewest") in ORDERS else "fewest"
    is_unused = asked.get("only") == "unused"
    sought = asked.get("q", "").strip()[:200]
    chosen = [each for each in found if _fits(each, sought, is_unused=is_unused)]
    chosen.sort(key=ORDERS[order])
    typed = asked.get("page", "")
    page = min(max(1, int(typed) if typed.isdecimal() and len(typed) < 7 else 1), _pages(chosen))  # noqa: PLR2004 - digits
    return render_template(
        "rule_uses.html",
        rows=chosen[PAGE * (page - 1) : PAGE * page],
        found=len(chosen),
        all=len(found),
        page=page,
        pages=_pages(chosen),
        order=order,
        is_unused=is_unused,
        sought=sought,
        days=LONG.days,
        may_search=desk.may(person(), Permission.AUDIT_VIEW, now=g.now),
        may_begin=desk.may(person(), Permission.POLICY_CAMPAIGN, now=g.now),
    )


def _pages(chosen: Sequence[UsedRule]) -> int:
    return max(1, -(-len(chosen) // PAGE))


def _fits(each: UsedRule, sought: str, *, is_unused: bool) -> bool:
    if is_unused and not _is_unused(each):
        return False
    text = f"{each.sentence} {each.rule.line} {each.rule.id}".casefold()
    return all(word in text for word in sought.casefold().split())


def _is_unused(each: UsedRule) -> bool:
    """In force for so long, and not used in all that time."""
    edge = g.now - LONG
    is_old = each.since is not None and each.since <= edge
    return is_old and (each.use is None or each.use.last_used < edge)
