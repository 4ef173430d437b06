"""A zone put together: settings, keys, database and what works with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from audit.health import Limits as Ages
from audit.herald import Messenger
from audit.ledger import Ledger
from audit.record import Actor
from audit.rows import SealSecret
from config.settings import Settings
from gateway.access.catalogue import Catalogue, Surroundings
from gateway.access.networks import Networks
from gateway.access.requests import Terms
from gateway.changes.room import Room
from gateway.custody.room import voucher_of
from gateway.identity import epoch
from gateway.identity.hashing import Hasher
from gateway.identity.registry import Limits, Registry
from gateway.store.brake import Brake
from gateway.store.engines import Store, open_store
from gateway.vault import KeyFile, Passphrase, Vault, install, open_keyring
from gateway.vault.roots import Root
from policies import versions
from policies.rules import RuleSet

KEYS = "keys"


def utc_now() -> datetime:
    """The clock of a zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One open zone, made by `compose`."""

    settings: Settings
    store: Store
    ledger: Ledger
    registry: Registry
    catalogue: Catalogue
    brake: Brake
    """Knows how well the log is being sealed; a running zone's ledger asks it before it writes."""

    @property
    def room(self) -> Room:
        """What changes of the rules are made with."""
        networks = Networks.of(self.settings.policy.networks).kinds
        return Room(registry=self.registry, catalogue=self.catalogue, networks=networks)

    def rules(self) -> RuleSet:
        """The rules in force."""
        with self.store.reading() as session:
            return versions.current(session) or RuleSet()

    def publish(self, rules: RuleSet, *, actor: Actor, now: datetime, note: str) -> str:
        """Put `rules` in force in every process of the zone; return their version."""
        with self.ledger.begin() as tx:
            versions.publish(tx, rules, actor=actor, now=now, note=note)
            epoch.bump(tx)
        return rules.version


def compose(
    settings: Settings, *, clock: Callable[[], datetime] = utc_now, running: bool = False
) -> tuple[Store, Office]:
    """Put a zone's parts together; the caller closes the store.

    In a `running` zone writes are held while the log is not being sealed. At the terminal
    they are not: commands serve zones that stand still, and are what mends a sealer.
    """
    vault = open_keyring(settings.directory / KEYS, zone=settings.zone.name, root=root_of(settings))
    info = {"vault": vault}
    store = open_store(settings.database.url, info=info)
    voucher = voucher_of(vault)
    messenger = Messenger(settings.sealing.socket, voucher=voucher.vkey)
    event.listen(store.write, "engine_disposed", lambda _engine: messenger.close())
    brake = Brake(store.read, clock=clock, limits=ages_of(settings))
    ledger = Ledger(
        store.write,
        zone=settings.zone.name,
        seal=seal_of(vault),
        info=info,
        herald=messenger,
        brake=brake if running else None,
        voucher=voucher,
    )
    install(ledger.sessions)
    registry = Registry(
        store=store,
        ledger=ledger,
        vault=vault,
        limits=limits_of(settings),
        hasher=hasher_of(settings),
        zone=settings.zone.name,
        issuer=settings.zone.office,
    )
    catalogue = Catalogue(store=store, ledger=ledger, around=surroundings_of(settings))
    return store, Office(
        settings=settings,
        store=store,
        ledger=ledger,
        registry=registry,
        catalogue=catalogue,
        brake=brake,
    )


def ages_of(settings: Settings) -> Ages:
    """When the gateway closes, step by step, because the log is not being sealed."""
    sealing = settings.sealing
    return Ages(
        warn=sealing.warn_after,
        privileged=sealing.privileged_after,
        writes=sealing.writes_after,
    )


def root_of(settings: Settings) -> Root:
    """What opens the zone's key ring."""
    if settings.secrets.passphrase is not None:
        return Passphrase(settings.secrets.passphrase)
    assert settings.secrets.root_key is not None
    return KeyFile(settings.secrets.root_key)


def seal_of(vault: Vault) -> SealSecret:
    """How personal values of audit entries are sealed: bound to entry and field."""

    def seal(eid: str, field: str, value: bytes) -> bytes:
        return vault.seal(
            value, purpose="data", table="audit_secret", column=field, row=eid.encode(), version=1
        )

    return seal


def limits_of(settings: Settings) -> Limits:
    """The identity room's limits."""
    session, sign_in = settings.session, settings.sign_in
    return Limits(
        staff_idle=session.staff_idle,
        staff_life=session.staff_life,
        officer_idle=session.officer_idle,
        officer_life=session.officer_life,
        enrolment_life=sign_in.enrolment_life,
        totp_back_steps=sign_in.totp_back_steps,
        password_min=sign_in.password_min,
        password_profile=sign_in.password_profile,
        context_words=(
            settings.zone.office,
            *filter(None, (settings.zone.office_en,)),
            *sign_in.context_words,
        ),
        step_life=session.step_life,
        fresh_life=session.fresh_life,
        kept_form_bytes=settings.web.kept_form_bytes,
        phishing_resistant_roles=sign_in.phishing_resistant_roles,
    )


def terms_of(settings: Settings) -> Terms:
    """How long temporary grants may last."""
    requests = settings.requests
    return Terms(longest=timedelta(days=requests.longest), usual=timedelta(days=requests.usual))


def hasher_of(settings: Settings) -> Hasher:
    """The password hasher, as costly as the settings say."""
    sign_in = settings.sign_in
    return Hasher(
        memory=sign_in.argon2_memory, passes=sign_in.argon2_passes, at_once=sign_in.hashes_at_once
    )


def surroundings_of(settings: Settings) -> Surroundings:
    """What no service of the catalogue may collide with."""
    listen = settings.web.listen
    own = frozenset() if listen.path is not None else frozenset({(listen.host, listen.port)})
    return Surroundings(
        zone=settings.zone.name,
        gateway_host=settings.web.host,
        own=own,
        highest_label=settings.zone.highest_label,
    )
