"""What a database hands back, whoever wrote it."""

from __future__ import annotations


def stored_bytes(value: object) -> bytes:
    """A stored value as bytes. SQLite keeps whatever type was written, ours or an attacker's."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return str(value).encode("utf-8", "surrogatepass")
