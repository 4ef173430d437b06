"""The composition root of a running zone: every part, made once and handed to the next."""

from __future__ import annotations

import functools
import logging
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from audit.indexing import Indexing
from config.settings import Settings, load
from gateway.access.assertion import SEED_PURPOSE, Signer
from gateway.access.channel import Channel
from gateway.access.decide import Access
from gateway.access.forms import Forms
from gateway.access.forward_auth import ForwardAuth
from gateway.access.gate import Gate
from gateway.access.networks import Networks
from gateway.access.policy_point import Lease, PolicyPoint
from gateway.access.proxy import ReverseProxy, Timing
from gateway.access.pulse import Pulse, this_worker
from gateway.access.second_look import SecondLook
from gateway.access.slots import Slots
from gateway.changes import campaigns, sweep
from gateway.chores import Chores
from gateway.custody import carrying
from gateway.door import Door, denied_page, refuse
from gateway.identity import proofs, sessions
from gateway.logkeeping import (
    custody_of,
    forwarding_of,
    indexer_of,
    policy_text,
    runner_of,
    sealing_of,
    unseal_of,
)
from gateway.office import Office, compose, terms_of, utc_now
from gateway.refusals import Refused
from gateway.serve import Bridge
from gateway.serve.run import ZONE_DIRECTORY
from gateway.web import WebSettings, create_web
from gateway.web.front_desk import front_desk

OF_ONE_SESSION = 12
"""Answers of services that one session may have running at once."""


def application() -> Bridge:
    """Build the zone that HANGU_ZONE_DIR names; each worker of the server calls this once.

    Raises:
        SettingsError: the settings cannot be used.
        Refused: the key ring does not open, or no policy is in force.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = load(Path(os.environ[ZONE_DIRECTORY]))
    store, office = compose(settings, running=True)
    sealing = sealing_of(office, clock=utc_now) if settings.sealing.process == "embedded" else None
    if sealing is not None:
        sealing.start()
    worker = this_worker(utc_now())
    lease = Lease(settings.policy.worker_age)
    look = SecondLook(
        share=settings.policy.shadow_share, ledger=office.ledger, worker=worker.id, clock=utc_now
    )
    policy = PolicyPoint(store, lease=lease, shadow=look.shadow)
    policy.refresh()  # a zone without rules or with broken ones must not start serving
    door = create_door(office, policy)
    pulse = Pulse(
        worker, store=store, ledger=office.ledger, policy=policy, lease=lease, clock=utc_now
    )
    pulse.start()
    look.start()
    custody, indexer, runner = custody_of(office), indexer_of(office), runner_of(office)
    chores = Chores(
        office.registry,
        clock=utc_now,
        soon=(("changes of the rules", lambda now: sweep.sweep(office.room, now=now)),),
        more=(
            ("keeping of the log", lambda now: carrying.sweep(custody, indexer, now=now)),
            ("reviews of the rules", lambda now: campaigns.sweep(office.room, now=now)),
            ("rules of the review", lambda now: runner.catch_up(now=now)),
        ),
    )
    chores.start()
    forwarding = forwarding_of(office, clock=utc_now)
    if forwarding is not None:
        forwarding.start()
    indexing = Indexing(indexer)
    indexing.start()

    def stop() -> None:
        pulse.stop()
        look.stop()
        chores.stop()
        if forwarding is not None:
            forwarding.stop()
        with suppress(Refused):  # while the log takes nothing, counts are what is lost
            office.registry.tally.flush(office.ledger, now=utc_now(), everything=True)
        if sealing is not None:  # last, so that what was just said is sealed, too
            sealing.stop()
        indexing.stop()
        door.gate.proxy.close()
        store.close()

    return Bridge(door, threads=settings.web.threads, on_stop=stop)


def create_door(office: Office, policy: PolicyPoint) -> Door:
    """Put the pages, the gate and the decision endpoint of an open zone behind one door."""
    settings, registry, catalogue = office.settings, office.registry, office.catalogue
    zone, origin = registry.zone, settings.web.public_url
    access = Access(
        ledger=office.ledger,
        policy=policy,
        catalogue=catalogue,
        zone=zone,
        networks=Networks.of(settings.policy.networks),
        proved=functools.partial(proofs.proved_for_service, registry),
    )
    signer = Signer(registry.vault.derive(SEED_PURPOSE), issuer=origin, zone=zone)
    channel = Channel(key=settings.secrets.proxy_key, addresses=settings.web.proxy_addresses)
    find_session = functools.partial(sessions.present, registry)
    peek_session = functools.partial(sessions.find, registry)
    told = web_settings(settings)
    desk = front_desk(
        registry=registry,
        catalogue=catalogue,
        policy=policy,
        access=access,
        signer=signer,
        settings=told,
        brake=office.brake,
        unseal=unseal_of(registry.vault),
    )
    pages = create_web(desk, told)
    authorities = settings.upstream.ca_file
    forms = Forms(registry=registry, gateway_origin=origin)
    gate = Gate(
        access=access,
        find_session=find_session,
        peek_session=peek_session,
        forms=forms,
        signer=signer,
        proxy=ReverseProxy(
            failure_page=functools.partial(refuse, pages),
            timing=timing(settings),
            max_streams=max(1, settings.web.threads // 2),
        ),
        zone=zone,
        gateway_origin=origin,
        clock=utc_now,
        slots=Slots(settings.web.threads * 3 // 4, each=OF_ONE_SESSION),
        ca_file=None if authorities is None else str(authorities),
    )
    forward_auth = ForwardAuth(
        channel=channel,
        catalogue=catalogue,
        access=access,
        find_session=find_session,
        peek_session=peek_session,
        signer=signer,
        zone=zone,
        gateway_origin=origin,
        clock=utc_now,
        denied_page=functools.partial(denied_page, pages),
    )
    return Door(
        pages=pages,
        forward_auth=forward_auth,
        gate=gate,
        forms=forms,
        catalogue=catalogue,
        channel=channel,
        ledger=office.ledger,
        scheme=origin.partition(":")[0],
        gateway_host=settings.web.host,
        clock=utc_now,
        tally=registry.tally,
    )


def web_settings(settings: Settings) -> WebSettings:
    """What the pages are told of the settings."""
    zone, web = settings.zone, settings.web
    return WebSettings(
        zone=zone.name,
        public_url=web.public_url,
        office=zone.office,
        office_en=zone.office_en,
        highest_label=zone.highest_label,
        demonstration=zone.demonstration,
        language=zone.language,
        timezone=zone.timezone,
        form_max_bytes=web.form_max_bytes,
        kept_form_bytes=web.kept_form_bytes,
        requests=terms_of(settings),
        password_min=settings.sign_in.password_min,
        windows=settings.policy.windows,
        places=web.places,
        keep=timedelta(days=settings.audit.keep_days),
        forwards=settings.audit.forward is not None,
        audit_policy=policy_text(settings),
    )


def timing(settings: Settings) -> Timing:
    """How long the built-in proxy waits for a service."""
    upstream = settings.upstream
    return Timing(
        connect=upstream.connect_timeout.total_seconds(),
        read=upstream.read_timeout.total_seconds(),
    )
