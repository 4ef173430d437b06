"""Charts as SVG in the house's ink, without script. Whoever shows one shows its table, too."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import pygal
from pygal import PluginImportFixer
from pygal.style import Style

# For its plugins, of which we have none, pygal hooks an importer of an old kind into every later
# import of the process; Python warns of it each time.
sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, PluginImportFixer)]

INK, ACCENT, QUIET, HAIR, SHEET = "#1b1f24", "#8a5a2b", "#4f4b43", "#cdc3ac", "#fdfaf2"
_FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif'
_STYLE = Style(
    background=SHEET,
    plot_background=SHEET,
    foreground=QUIET,
    foreground_strong=INK,
    foreground_subtle=HAIR,
    opacity="1",
    opacity_hover="1",
    transition="0s",
    colors=("#1f4247", ACCENT),
    font_family=_FONT,
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=14,
    value_font_size=13,
    value_colors=(SHEET, SHEET),
    no_data_font_size=20,
)
WIDTH, HEIGHT, ROW = 860, 260, 34
_LATIN = 0x2E80


@dataclass(frozen=True, slots=True)
class Series:
    """A row of figures with its name."""

    name: str
    values: Sequence[int]


def lines(title: str, labels: Sequence[str], series: Sequence[Series], *, every: int) -> bytes:
    """Columns over time; every so manieth is named below."""
    chart = pygal.Bar(
        **_common(title, HEIGHT),
        x_labels_major_every=every,
        show_minor_x_labels=False,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
    )
    chart.x_labels = list(labels)
    return _drawn(chart, series)


def bars(title: str, labels: Sequence[str], series: Sequence[Series]) -> bytes:
    """A bar for each name, the first on top."""
    # pygal reckons labels by Latin letters; Chinese characters are nearly twice as wide.
    wide = max((sum(ord(c) > _LATIN for c in label) for label in labels), default=0)
    chart = pygal.HorizontalBar(
        **_common(title, 60 + ROW * max(2, len(labels)) * len(series)),
        show_legend=len(series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        print_values=True,
        margin_left=12 + 7 * wide,
    )
    chart.x_labels = list(reversed(labels))
    return _drawn(chart, [Series(each.name, list(reversed(each.values))) for each in series])


def _common(title: str, height: int) -> dict[str, object]:
    return {
        "style": _STYLE,
        "width": WIDTH,
        "height": height,
        "js": [],
        "pretty_print": False,
        "disable_xml_declaration": False,
        "title": None,
        "x_title": None,
        "margin": 12,
        "truncate_label": -1,
        "show_y_guides": True,
        "max_scale": 6,  # guides; more than that is a fence
        "order_min": 0,  # people and refusals are not cut in halves
        "value_formatter": lambda value: f"{value:,.0f}",
        "no_data_text": title,
    }


def _drawn(chart: pygal.Graph, series: Sequence[Series]) -> bytes:
    for each in series:
        chart.add(each.name, list(each.values))
    chart.add_xml_filter(_without_script)
    drawn: bytes = chart.render()
    return drawn


def _without_script(root: Element) -> Element:
    """Pygal writes its settings for a script that we do not serve."""
    for parent in root.iter():
        for child in [each for each in parent if str(each.tag).endswith("script")]:
            parent.remove(child)
    return root
