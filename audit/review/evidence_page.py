"""The page of an evidence package that people read: one file, no script, no address in it.

What entries say in words is handed in by the gateway, which knows names and languages. What
was sealed stands under the words, small, as the log writes it: whoever checks can find it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
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
        "partial_finding": "不完整：该审计发现共 %(of)s 条记录，本包含其中 %(entries)s 条。",
        "whole_finding": "该审计发现的 %(entries)s 条记录全部在内；本包不是整个日志。",
        "finding": "审计发现",
        "rule": "规则",
        "version": "%(rule)s，第 %(version)s 版",
        "shipped": "%(rule)s，出厂版本",
        "to": "提供给",
        "why": "事由",
        "by": "制作人",
        "made": "制作时间",
        "query": "查询条件",
        "tree": "日志规模与根哈希",
        "how": "校验方法：在任意装有 Python 3.11 的离线计算机上运行 "
        "python3 -I verify.py --package 本文件.zip --key 纸面首密钥",
        "everything": "全部记录",
        "columns": ("编号", "时间（%s）", "主体", "事件", "对象", "结果"),
    },
    "en": {
        "title": "Evidence from the audit log",
        "partial": "INCOMPLETE: %(of)s entries fit; these are the newest %(entries)s.",
        "whole": "All %(entries)s entries that fit are in it.",
        "partial_finding": "INCOMPLETE: the finding has %(of)s entries; this holds %(entries)s.",
        "whole_finding": "All %(entries)s entries of the finding are in it; not the whole log.",
        "finding": "Finding",
        "rule": "Rule",
        "version": "%(rule)s, version %(version)s",
        "shipped": "%(rule)s, as shipped",
        "to": "Handed to",
        "why": "Reason",
        "by": "Made by",
        "made": "Made at",
        "query": "Query",
        "tree": "Size and root of the log",
        "how": "To verify it, run on any offline machine with Python 3.11: "
        "python3 -I verify.py --package FILE.zip --key FIRST-KEY-FROM-PAPER",
        "everything": "Everything",
        "columns": ("Number", "Time (%s)", "Who", "What", "About", "Outcome"),
    },
}
_STYLE = """
body{font:15px/1.5 "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:#1b1f24;
background:#fdfaf2;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.5rem}table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{padding:.3rem .5rem;text-align:left;vertical-align:top}thead th{border-bottom:2px solid}
tbody{border-bottom:1px solid #cdc3ac;break-inside:avoid}thead th,tbody th,.when{white-space:nowrap;
font-variant-numeric:tabular-nums}.when,tbody th{width:1%}.more td{padding-top:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dd{margin:0;
overflow-wrap:anywhere}
.said,.marked{font-weight:700}code{overflow-wrap:anywhere;font-size:.75rem;color:#57534a}
@media(max-width:40rem){thead{position:absolute;clip-path:inset(50%)}
tr,th,td{display:block}td,th{padding:.1rem 0}dl{display:block}dd{margin-bottom:.4rem}}
@media print{body{background:#fff;margin:0}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an entry says in the words of a language; `details` are names and what they hold."""

    who: str
    what: str
    about: str
    outcome: str
    details: Sequence[tuple[str, str]] = ()


Wording = Callable[[Language, str, Sequence[Entry]], tuple[str, Sequence[Told]]]
"""The query (its text; empty means everything) and the entries, each in words."""


def as_sealed(_language: Language, query: str, entries: Sequence[Entry]) -> tuple[str, list[Told]]:
    """The wording of whoever has no words: what the log writes."""
    told = [
        Told(
            who=each.row.actor,
            what=each.row.event,
            about=each.row.object or each.row.service or "",
            outcome=" ".join(filter(None, (each.row.outcome, each.row.reason))),
        )
        for each in entries
    ]
    return query, told


def page(
    language: Language,
    about: Mapping[str, Json],
    entries: Sequence[Entry],
    *,
    by: str,
    wording: Wording = as_sealed,
) -> bytes:
    """The page in Chinese or English. Whatever entries hold is text and nothing else."""
    words, zone = _WORDS[language], ZoneInfo(str(about["time_zone"]))
    finding = about.get("finding")
    query, told = wording(language, "" if finding else str(about["query"]), entries)
    counts = {"entries": about["entries"], "of": about["of"]}
    made = datetime.fromisoformat(str(about["made"])).astimezone(zone)
    zone_named = f"{about['time_zone']}, UTC{made.isoformat()[-6:]}"
    facts = (
        ("to", about["to"]),
        ("why", about["why"]),
        ("by", by),
        ("made", f"{made:%Y-%m-%d %H:%M:%S} ({zone_named})"),
        *(_found(language, finding) if isinstance(finding, Mapping) else ()),
        *(() if finding else (("query", query or words["everything"]),)),
        ("tree", f"{about['size']} · {about['root']}"),
    )
    kind = ("partial" if about["partial"] else "whole") + ("_finding" if finding else "")
    said = str(words[kind]) % counts
    heads = "".join(
        f'<th scope="col">{escape(each.replace("%s", str(about["time_zone"])))}</th>'
        for each in words["columns"]
    )
    listed = "".join(f"<dt>{words[name]}</dt><dd>{escape(str(text))}</dd>" for name, text in facts)
    colon = "：" if language == "zh" else ": "
    rows = "\n".join(_row(*each, zone, colon) for each in zip(entries, told, strict=True))
    html = f"""<!doctype html>
<html lang="{"zh-Hans" if language == "zh" else "en"}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>{words["title"]}</title>
<style>{_STYLE}</style></head><body>
<p class="said">{escape(said)}</p><h1>{words["title"]}</h1><dl>{listed}</dl>
<p><code>{escape(str(words["how"]))}</code></p>
<table><thead><tr>{heads}</tr></thead>
{rows}
</table></body></html>
"""
    return html.encode()


def _found(language: Language, finding: Mapping[str, Json]) -> Sequence[tuple[str, str]]:
    """The finding that a package is of, and what its rule looked for."""
    words, end = _WORDS[language], "_zh" if language == "zh" else ""
    title, sentence = (str(finding[name + end] or finding[name]) for name in ("title", "sentence"))
    named = {"rule": finding["rule"], "version": finding["rule_version"]}
    version = str(words["version" if finding["rule_version"] else "shipped"]) % named
    bracketed = f"（{version}）" if language == "zh" else f" ({version})"
    return [("finding", f"{title} · {finding['id']}"), ("rule", f"{sentence}{bracketed}")]


def _row(entry: Entry, told: Told, zone: tzinfo, colon: str) -> str:
    when = entry.at.astimezone(zone)
    marked = ' class="marked"' if entry.row.outcome == "denied" else ""
    details = " · ".join(f"{name}{colon}{value}" for name, value in told.details)
    return (
        f'<tbody><tr><th scope="row">{entry.seq}</th>'
        f'<td class="when">{when:%Y-%m-%d %H:%M:%S}</td><td>{escape(told.who)}</td>'
        f"<td>{escape(told.what)}</td><td>{escape(told.about)}</td>"
        f"<td{marked}>{escape(told.outcome)}</td></tr>"
        f'<tr class="more"><td></td><td colspan="5">{escape(details)}{"<br>" if details else ""}'
        f"<code>{escape(_sealed(entry))}</code></td></tr></tbody>"
    )


def _sealed(entry: Entry) -> str:
    """What the log itself writes of it, to be found by whoever compares."""
    row = entry.row
    facts = (row.event, row.outcome, row.reason, row.actor, row.unit, row.object, row.service)
    kept = json.dumps(entry.details, ensure_ascii=False, sort_keys=True) if entry.details else ""
    return " · ".join(filter(None, (*facts, entry.at.isoformat(timespec="milliseconds"), kept)))
