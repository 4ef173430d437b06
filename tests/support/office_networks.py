"""The networks of the made-up offices."""

from __future__ import annotations

from ipaddress import ip_network

from gateway.access.networks import Networks

OFFICE = Networks.of(
    [
        (ip_network("10.0.0.0/8"), "lan"),
        (ip_network("127.0.0.0/8"), "lan"),
        (ip_network("10.99.0.0/16"), "vpn"),
        (ip_network("172.20.0.0/16"), "government"),
    ]
)
