"""A zone put together: settings, keys, database and what works with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine, event

from audit.forwarding import Forwarding, Receiver
from audit.health import Limits as Ages
from audit.herald import Messenger
from audit.indexer import Indexer
from audit.ledger import Ledger
from audit.note import Vkey
from audit.record import Actor
from audit.review.runner import Runner
from audit.rows import SealSecret
from audit.sealer import Begin
from audit.sealing import Sealing
from audit.source import Unseal
from audit.trust import BadPolicy, Policy
from config.settings import Settings, SettingsError
from gateway.access.catalogue import Catalogue, Surroundings
from gateway.access.networks import Networks
from gateway.access.requests import Terms
from gateway.changes.room import Room
from gateway.custody.room import Custody, voucher_of
from gateway.identity import agreement, epoch
from gateway.identity.hashing import Hasher
from gateway.identity.registry import Limits, Registry
from gateway.identity.roll import Roll
from gateway.identity.rule_roles import surroundings
from gateway.store.brake import Brake
from gateway.store.engines import Store, open_store
from gateway.vault import KeyFile, Passphrase, Unopenable, Vault, install, open_keyring
from gateway.vault.roots import Root
from policies import versions
from policies.rules import RuleSet

KEYS = "keys"
POLICY_FILE = "audit-policy"
"""The office's own trust policy, in the zone's directory (c2sp.org/tlog-policy)."""
FORWARDING = "forwarding"
"""Where the one process of a zone that forwards the log has its lock."""


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


def sealing_of(office: Office, *, clock: Callable[[], datetime]) -> Sealing:
    """What seals the zone's log from inside the gateway. One process of a zone leads."""
    return sealer_of(
        office.settings,
        begin=office.ledger.for_sealer,
        read=office.store.read,
        clock=clock,
        voucher=voucher_of(office.registry.vault).vkey,
    )


def sealer_of(
    settings: Settings,
    *,
    begin: Begin,
    read: Engine,
    clock: Callable[[], datetime],
    voucher: Vkey | None = None,
) -> Sealing:
    """The sealer that the settings describe, in whatever process.

    `voucher` is the key by which the gateway gives its word, where the process knows it.
    """
    return Sealing(
        settings.sealing.directory,
        origin=log_origin(settings),
        zone=settings.zone.name,
        begin=begin,
        read=read,
        clock=clock,
        socket=settings.sealing.socket,
        voucher=voucher,
        policy=trust_policy(settings),
        waits_for_quorum=settings.audit.publish == "cosigned",
    )


def trust_policy(settings: Settings) -> Policy | None:
    """The office's own trust policy, which names the witnesses; None if it has none.

    Raises:
        SettingsError: it cannot be used.
    """
    text = policy_text(settings)
    return Policy.parse(text) if text else None


def policy_text(settings: Settings) -> str:
    """The office's own trust policy as it is handed out; empty if it has none.

    Raises:
        SettingsError: it cannot be used.
    """
    path = settings.directory / POLICY_FILE
    if not path.exists():
        return ""
    try:
        text = path.read_text(encoding="utf-8")
        Policy.parse(text)
    except (BadPolicy, UnicodeDecodeError) as error:
        raise SettingsError(settings.directory, [f"{path}: {error}"]) from None
    return text


def custody_of(office: Office) -> Custody:
    """The keeping of the zone's log."""
    keep = timedelta(days=office.settings.audit.keep_days)
    return Custody(
        ledger=office.ledger,
        read=office.store.read,
        keep=keep,
        voucher=voucher_of(office.registry.vault).vkey,
        in_office=agreement.subject_in_office,
    )


def indexer_of(office: Office) -> Indexer:
    """What copies sealed entries into the tables of the search."""

    @contextmanager
    def begin() -> Iterator[Connection]:
        with office.ledger.begin(unaudited_because="the index copies what is recorded") as tx:
            yield tx.session.connection()

    vault = office.registry.vault
    return Indexer(begin=begin, read=office.store.read, unseal=unseal_of(vault), blind=vault.blind)


def runner_of(office: Office) -> Runner:
    """What has the rules of the review look at the log."""
    around = surroundings(Roll(office.registry), office.settings.zone.timezone)
    begin = partial(office.ledger.begin, unaudited_because="the place of the rules is kept")
    return Runner(begin=begin, read=office.store.read, around=around)


def forwarding_of(office: Office, *, clock: Callable[[], datetime]) -> Forwarding | None:
    """What sends a copy of the log to the receiver that the settings name, if they do."""
    audit = office.settings.audit
    if audit.forward is None:
        return None
    receiver = Receiver(
        host=audit.forward.host,
        port=audit.forward.port,
        form=audit.forward_format,
        authorities=audit.forward_ca,
        own=audit.forward_cert,
    )
    return Forwarding(
        receiver,
        office.settings.directory / FORWARDING,
        origin=log_origin(office.settings),
        ledger=office.ledger,
        read=office.store.read,
        clock=clock,
    )


def ages_of(settings: Settings) -> Ages:
    """When the gateway closes, step by step, because the log is not being sealed."""
    sealing = settings.sealing
    return Ages(
        warn=sealing.warn_after,
        privileged=sealing.privileged_after,
        writes=sealing.writes_after,
    )


def log_origin(settings: Settings) -> str:
    """The name of a new log (c2sp.org/tlog-checkpoint); it keeps it even if the host moves."""
    return f"{settings.web.host}/audit"


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


def unseal_of(vault: Vault) -> Unseal:
    """How a personal value kept beside the log is opened; None if it does not open."""

    def unseal(eid: str, field: str, value: bytes) -> bytes | None:
        try:
            return vault.open(
                value,
                purpose="data",
                table="audit_secret",
                column=field,
                row=eid.encode(),
                version=1,
            )
        except Unopenable:
            return None

    return unseal


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
