"""Which lanes an attempt touches. A lane's key is a keyed digest, 32 bytes, and names nobody."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from gateway.vault import Vault

_NOWHERE = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """The keys, 32 bytes each, of an attempt that says no name. `device` None: not a known one."""

    address: bytes
    overall: bytes
    device: bytes | None = None

    @classmethod
    def at(cls, vault: Vault, address: str | None, *, device: str | None = None) -> Strangers:
        """Return the lanes of an address and a known device."""
        own = None if device is None else device_key(vault, device)
        return Strangers(
            address=address_key(vault, address), overall=overall_key(vault), device=own
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes(Strangers):
    """The keys that one attempt under a name may touch."""

    name: bytes
    place: bytes

    @classmethod
    def of(
        cls, vault: Vault, *, login_index: bytes, address: str | None, device: str | None = None
    ) -> Lanes:
        """Return the lanes of a login name's blind index, an address and a known device."""
        nameless = Strangers.at(vault, address, device=device)
        place = vault.blind("throttle.familiar", f"{login_index.hex()}\n{place_of(address)}")
        return cls(
            name=name_key(vault, login_index),
            place=place,
            address=nameless.address,
            overall=nameless.overall,
            device=nameless.device,
        )


def name_key(vault: Vault, login_index: bytes) -> bytes:
    """The strangers' lane of a name."""
    return vault.blind("throttle.name", login_index.hex())


def device_key(vault: Vault, device: str) -> bytes:
    """The lane of a known device, or of what else a person alone can reach."""
    return vault.blind("throttle.device", device)


def address_key(vault: Vault, address: str | None) -> bytes:
    """The strangers' lane of an address."""
    return vault.blind("throttle.address", place_of(address))


def overall_key(vault: Vault) -> bytes:
    """The lane of all strangers."""
    return vault.blind("throttle.overall", "")


def place_of(address: str | None) -> str:
    """Return what counts as one place: an IPv4 address, an IPv6 /64, or all that is neither."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return _NOWHERE
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
