"""The root of every refusal: what the gateway declines to do, as opposed to what breaks."""

from __future__ import annotations

from typing import ClassVar


class Refused(Exception):
    """Something was asked that the rules do not permit.

    `code` is stable and safe to show; the pages turn it into words in the reader's
    language. The exception's arguments are for the log only and may name internals.
    """

    code: ClassVar[str] = "refused"
