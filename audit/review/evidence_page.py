"""The page of an evidence package that people read: one file, no script, no address in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

from audit.entry import Entry
from audit.record import Json

_WORDS = {
    "zh": {
        "title": "审计证据包",
        "partial": "不完整：符合条件的共 %(of)s 条，本包含最新的 %(entries)s 条。",
        "whole": "符合条件的 %(entries)s 条记录全部在内。",
        "to": "提供给",
        "why": "事由",
        "by": "制作人",
        "made": "制作时间",
        "zone": "时区",
        "query": "查询条件",
        "tree": "日志规模与根哈希",
        "how": "核验方法：在任意装有 Python 3.11 的离线计算机上运行 "
        "python3 -I verify.py --package 本文件.zip --key 纸面首密钥",
        "columns": ("编号", "时间", "主体", "事件", "对象", "结果", "其他内容"),
    },
    "en": {
        "title": "Evidence from the audit log",
        "partial": "INCOMPLETE: %(of)s entries fit; these are the newest %(entries)s.",
        "whole": "All %(entries)s entries that fit are in it.",
        "to": "Handed to",
        "why": "Reason",
        "by": "Made by",
        "made": "Made at",
        "zone": "Time zone",
        "query": "Query",
        "tree": "Size and root of the log",
        "how": "To verify it, run on any offline machine with Python 3.11: "
        "python3 -I verify.py --package FILE.zip --key FIRST-KEY-FROM-PAPER",
        "columns": ("Number", "Time", "Who", "What", "About", "Outcome", "Details"),
    },
}
_STYLE = """
body{font:15px/1.5 "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:#1b1f24;
background:#fdfaf2;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.5rem}table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{border-bottom:1px solid #cdc3ac;padding:.3rem .5rem;text-align:left;vertical-align:top;
overflow-wrap:anywhere}thead th{border-bottom:2px solid #1b1f24}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dd{margin:0;
overflow-wrap:anywhere}
.said{font-weight:700}code{overflow-wrap:anywhere}@media print{body{background:#fff;margin:0}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(
    language: Literal["zh", "en"],
    about: Mapping[str, Json],
    entries: Sequence[Entry],
    *,
    by: str,
) -> bytes:
    """The page in Chinese or English. Whatever entries hold is text and nothing else."""
    words, zone = _WORDS[language], ZoneInfo(str(about["time_zone"]))
    counts = {"entries": about["entries"], "of": about["of"]}
    facts = (
        ("to", about["to"]),
        ("why", about["why"]),
        ("by", by),
        ("made", about["made"]),
        ("zone", about["time_zone"]),
        ("query", about["query"] or "*"),
        ("tree", f"{about['size']} · {about['root']}"),
    )
    said = str(words["partial" if about["partial"] else "whole"]) % counts
    heads = "".join(f'<th scope="col">{escape(each)}</th>' for each in words["columns"])
    listed = "".join(f"<dt>{words[name]}</dt><dd>{escape(str(text))}</dd>" for name, text in facts)
    rows = "\n".join(_row(each, zone) for each in entries)
    html = f"""<!doctype html>
<html lang="{"zh-Hans" if language == "zh" else "en"}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>{words["title"]}</title>
<style>{_STYLE}</style></head><body>
<p class="said">{escape(said)}</p><h1>{words["title"]}</h1><dl>{listed}</dl>
<p><code>{escape(str(words["how"]))}</code></p>
<table><thead><tr>{heads}</tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""
    return html.encode()


def _row(entry: Entry, zone: tzinfo) -> str:
    row = entry.row
    cells = (
        entry.at.astimezone(zone).isoformat(sep=" ", timespec="seconds"),
        " ".join(filter(None, (row.actor, row.unit))),
        row.event,
        " ".join(filter(None, (row.object, row.service))),
        " ".join(filter(None, (row.outcome, row.reason))),
        json.dumps(entry.details, ensure_ascii=False, sort_keys=True) if entry.details else "",
    )
    shown = "".join(f"<td>{escape(each)}</td>" for each in cells)
    return f'<tr><th scope="row">{entry.seq}</th>{shown}</tr>'
