"""The desk made of the real rooms. The composition root makes one for each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from audit import witnessing
from audit.beside import Unseal
from audit.health import Health, Step
from gateway.access.assertion import Signer
from gateway.access.catalogue import Catalogue
from gateway.access.decide import Access
from gateway.access.policy_point import PolicyPoint
from gateway.access.refusals import PolicyUnavailable
from gateway.identity.registry import Registry
from gateway.identity.roll import Roll
from gateway.store.brake import Brake
from gateway.web.desk import WebSettings
from gateway.web.desk_notices import NoticesFront
from gateway.web.desk_values import Condition
from gateway.web.front_accounts import AccountsFront
from gateway.web.front_break_glass import BreakGlassFront
from gateway.web.front_campaigns import CampaignsFront
from gateway.web.front_custody import CustodyFront
from gateway.web.front_factors import FactorsFront
from gateway.web.front_findings import FindingsFront
from gateway.web.front_fresh import FreshFront
from gateway.web.front_guards import GuardsFront
from gateway.web.front_kept import KeptFront
from gateway.web.front_officers import OfficersFront
from gateway.web.front_people import PeopleDesk
from gateway.web.front_proofs import ProofsFront
from gateway.web.front_requests import RequestsFront
from gateway.web.front_review import ReviewFront
from gateway.web.front_services import ServiceDesk
from gateway.web.front_tree import TreeFront
from gateway.web.front_units import UnitNames
from gateway.web.front_written import WrittenDesk
from policies.dossier import hindrance

FORMS_PURPOSE = "web/forms"
"""What the forms' key is derived for; every worker of the zone derives the same one."""


@dataclass(frozen=True, kw_only=True)
class FrontDesk(
    ProofsFront,
    BreakGlassFront,
    CustodyFront,
    AccountsFront,
    OfficersFront,
    CampaignsFront,
    TreeFront,
    FactorsFront,
    GuardsFront,
    NoticesFront,
    FreshFront,
    KeptFront,
    RequestsFront,
    FindingsFront,
    ReviewFront,
    PeopleDesk,
    ServiceDesk,
    WrittenDesk,
):
    """Fulfils `gateway.web.desk.Desk`."""

    signer: Signer
    brake: Brake | None = None
    csrf_key: bytes = field(repr=False)

    def jwks(self, *, now: datetime) -> Mapping[str, object]:  # noqa: ARG002 - keys may rotate
        """The public keys of the assertions."""
        return self.signer.jwks()

    def condition(self, *, now: datetime) -> Condition:
        """How the zone is."""
        policy = self.settings.audit_policy
        try:
            self.policy.now()
        except PolicyUnavailable:
            return Condition.UNAVAILABLE
        found = Condition.OK if self.brake is None else _condition(self.brake.health())
        if found is Condition.OK and self.disagreements_open():
            return Condition.DISAGREES
        if found is Condition.OK and self._is_hindered():
            return Condition.HINDERED
        if found is Condition.OK and witnessing.overdue(self.registry.store.read, policy, now=now):
            return Condition.UNWITNESSED
        return found

    def _is_hindered(self) -> bool:
        with self.registry.store.reading() as session:
            return bool(hindrance.hindered(session))


def _condition(health: Health) -> Condition:
    if health.step is Step.NO_WRITES:
        return Condition.UNAVAILABLE
    if health.alarms:
        return Condition.ALARM
    return Condition.UNSEALED if health.step is Step.NO_PRIVILEGED else Condition.OK


def front_desk(
    *,
    registry: Registry,
    catalogue: Catalogue,
    policy: PolicyPoint,
    access: Access,
    signer: Signer,
    settings: WebSettings,
    unseal: Unseal,
    brake: Brake | None = None,
) -> FrontDesk:
    """Put the desk together."""
    return FrontDesk(
        registry=registry,
        units=UnitNames(registry),
        roll=Roll(registry),
        catalogue=catalogue,
        policy=policy,
        access=access,
        settings=settings,
        signer=signer,
        brake=brake,
        unseal=unseal,
        csrf_key=registry.vault.derive(FORMS_PURPOSE),
    )
