"""The coverage map as SVG: a square a day, seven to a row. Its table stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from audit.review.coverage import Cover, Day
from gateway.web import labels_review
from gateway.web.charts import HAIR, INK, QUIET, SHEET

GAP = "#b3261e"
"""Red is for incident tiers; the one other use is a gap, which bears a sign and its word."""
WIDTH, CELL, MARGIN, ROW, WEEK = 860, 116, 12, 92, 7
_SIGN = {
    Cover.WHOLE: "✓",
    Cover.SECOND: "½",
    Cover.PART: "¼",
    Cover.WAITS: "…",
    Cover.OVERDUE: "!",
    Cover.EMPTY: "–",
}


def drawn(days: Sequence[Day]) -> bytes:
    """The map: filled as far as a day is reviewed; gaps that are overdue are red."""
    rows = -(-len(days) // WEEK)
    height = MARGIN * 2 + rows * ROW
    box = f"0 0 {WIDTH} {height}"
    root = Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=box, width=str(WIDTH), height=str(height)
    )
    _rect(root, 0, 0, WIDTH, height, SHEET)
    for number, day in enumerate(days):
        _cell(root, MARGIN + number % WEEK * (CELL + 4), MARGIN + number // WEEK * ROW, day)
    picture: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return picture


def _cell(root: Element, x: int, y: int, day: Day) -> None:
    is_gap = day.cover is Cover.OVERDUE
    edge = GAP if is_gap else HAIR
    _rect(root, x, y, CELL, ROW - 8, SHEET, stroke=edge, width=3 if is_gap else 1)
    share = day.reviewed / day.entries if day.entries else 0
    if share:
        _rect(root, x + 4, y + ROW - 20, round((CELL - 8) * share), 7, INK)
    if is_gap:
        left = round((CELL - 8) * (1 - share))
        _rect(root, x + CELL - 4 - left, y + ROW - 20, left, 7, GAP)
    _text(root, x + 8, y + 22, f"{day.day:%m-%d}", INK, 15)
    _text(root, x + CELL - 26, y + 24, _SIGN[day.cover], edge if is_gap else INK, 20)
    _text(root, x + 8, y + 44, labels_review.cover(day.cover), GAP if is_gap else QUIET, 12)
    if day.entries:
        _text(root, x + 8, y + 62, f"{day.reviewed:,} / {day.entries:,}", QUIET, 12)


def _rect(
    root: Element,
    x: int,
    y: int,
    w: int,
    h: int,
    fill: str,
    *,
    stroke: str = "none",
    width: int = 0,
) -> None:
    place = {"x": str(x), "y": str(y), "width": str(w), "height": str(h)}
    SubElement(root, "rect", {**place, "fill": fill, "stroke": stroke, "stroke-width": str(width)})


def _text(root: Element, x: int, y: int, said: str, fill: str, size: int) -> None:
    font = '"Noto Sans CJK SC", "Microsoft YaHei", sans-serif'
    where = {"x": str(x), "y": str(y), "fill": fill, "font-size": str(size), "font-family": font}
    SubElement(root, "text", where).text = said
