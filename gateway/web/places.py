"""Addresses as people know them: by the name of the network that the settings give."""

from __future__ import annotations

import ipaddress

from flask import Flask

from gateway.web.session import House, house


def place(address: str) -> str:
    """`一楼办公网 (10.12.8.44)`, or the bare address where no network has a name."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    named = (name for network, name in house().settings.places if found in network)
    name = next(named, "")
    return f"{name} ({address})" if name else address


def install(app: Flask, here: House) -> None:  # noqa: ARG001 - every part is installed alike
    """Give the templates `place`."""
    app.jinja_env.filters["place"] = place
