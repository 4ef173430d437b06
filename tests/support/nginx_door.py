"""The whole gateway, pages and all, for an office that an nginx stands in front of."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from access_world import GATEWAY_HOST, ZONE, World

from gateway.access.channel import Channel
from gateway.access.forms import Forms
from gateway.access.gate import Gate
from gateway.access.proxy import ReverseProxy
from gateway.access.slots import Slots
from gateway.door import Door, denied_page, refuse
from gateway.identity import sessions
from gateway.identity.hashing import Hasher
from gateway.identity.registry import Registry
from gateway.web import WebSettings, create_web
from gateway.web.front_desk import front_desk


def door_of(world: World, channel: Channel | None = None) -> Door:
    """Return the door of the office, whose proxy is proved by its Unix socket at least."""
    registry = Registry(
        store=world.store,
        ledger=world.ledger,
        vault=world.vault,
        limits=world.limits,
        hasher=Hasher(memory=8192, passes=1, at_once=1),
        zone=ZONE,
        issuer="测试单位",
    )
    told = WebSettings(zone=ZONE, public_url=world.gateway, office="测试单位", highest_label=2)
    desk = front_desk(
        registry=registry,
        catalogue=world.catalogue,
        policy=world.policy,
        access=world.access,
        signer=world.signer,
        settings=told,
        unseal=lambda _e, _f, value: value,
    )
    pages = create_web(desk, told)
    channel = channel or Channel()
    forms = Forms(registry=registry, gateway_origin=world.gateway)
    gate = Gate(
        access=world.access,
        find_session=partial(sessions.present, registry),
        peek_session=partial(sessions.find, registry),
        forms=forms,
        signer=world.signer,
        proxy=ReverseProxy(failure_page=partial(refuse, pages)),
        zone=ZONE,
        gateway_origin=world.gateway,
        clock=world.now,
        slots=Slots(12, each=6),
    )
    return Door(
        pages=pages,
        forward_auth=replace(world.forward_auth(channel), denied_page=partial(denied_page, pages)),
        gate=gate,
        forms=forms,
        catalogue=world.catalogue,
        channel=channel,
        ledger=world.ledger,
        scheme="http",
        gateway_host=GATEWAY_HOST,
        clock=world.now,
    )
