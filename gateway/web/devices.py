"""What a browser says of itself, in a few words."""

from __future__ import annotations

from gateway.identity.attempts import TERMINAL
from gateway.web.i18n import _

_BROWSERS = (
    ("Edg/", "Microsoft Edge"),
    ("QIHU", "360"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """A short reading of a User-Agent, e.g. `Chrome · Windows`. It is a claim, not a proof.

    Of an act at a terminal the machine: `Terminal · gate-1`.
    """
    if user_agent.startswith(TERMINAL):
        return " · ".join(filter(None, (_("Terminal"), user_agent.removeprefix(TERMINAL).strip())))
    found = [
        next((name for mark, name in marks if mark in user_agent), "")
        for marks in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(filter(None, found)) or _("Unknown device")
