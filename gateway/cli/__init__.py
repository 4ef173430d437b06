"""The `hangu` command: what operators do to a zone, and the demonstration."""

from gateway.cli.command import main

__all__ = ["main"]
