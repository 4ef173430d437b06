"""What works on the zone's log, put together: sealer, index, rules of the review, copy, keeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine

from audit.beside import Unseal
from audit.forwarding import Forwarding, Receiver
from audit.indexer import Indexer
from audit.note import Vkey
from audit.review.matching import Surroundings
from audit.review.runner import Runner
from audit.sealer import Begin
from audit.sealing import Sealing
from audit.trust import BadPolicy, Policy
from audit.vouching import Vouched
from config.settings import Settings, SettingsError
from gateway.custody.room import Custody, voucher_of
from gateway.identity import agreement
from gateway.identity.roll import Roll
from gateway.identity.rule_roles import surroundings
from gateway.office import Office
from gateway.vault import Unopenable, Vault
from policies.acts_agreement import Agreement

POLICY_FILE = "audit-policy"
"""The office's own trust policy, in the zone's directory (c2sp.org/tlog-policy)."""
FORWARDING = "forwarding"
"""Where the one process of a zone that forwards the log has its lock."""


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
        forwards=office.settings.audit.forward is not None,
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
    return Runner(
        begin=partial(office.ledger.begin, unaudited_because="the place of the rules is kept"),
        read=office.store.read,
        around=surroundings_of(office),
        mac=office.registry.vault.mac,
    )


def surroundings_of(office: Office) -> Surroundings:
    """What the rules know beside the log: who has which role today, and the office's clock."""
    return surroundings(Roll(office.registry), office.settings.zone.timezone)


def acts_agreement_of(office: Office) -> Agreement:
    """What holds the acts on records, as the decisions look them up, against the log."""
    vault = office.registry.vault
    return Agreement(mac=vault.mac, vouched=Vouched(voucher_of(vault).vkey))


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


def log_origin(settings: Settings) -> str:
    """The name of a new log (c2sp.org/tlog-checkpoint); it keeps it even if the host moves."""
    return f"{settings.web.host}/audit"


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
