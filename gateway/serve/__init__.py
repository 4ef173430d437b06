"""The server: Granian, and the bridge from its events to the gateway's WSGI callable."""

from gateway.serve.bridge import Bridge
from gateway.serve.environ import Malformed
from gateway.serve.exchange import ClientGone
from gateway.serve.run import run

__all__ = ["Bridge", "ClientGone", "Malformed", "run"]
