"""Making many lasting objects without the collector of cycles walking them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's collector of cycles from running; it stops every thread while it walks.

    At 110,000 rules it would be half the time of a build, and a pause of all decisions by the
    old version meanwhile. Of two at once the first to end switches it on again, which only
    costs the other some time; whoever had it off keeps it off.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
