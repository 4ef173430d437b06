"""Between a catalogue entry as a value and as a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from gateway.access.service import NamedAct, PathRule, Service
from gateway.access.tables import ServiceRow

APPROVAL = ("evaluated_at", "evaluated_by", "approved_by", "approved_at", "valid_until")
UNAPPROVED: Mapping[str, Any] = MappingProxyType(dict.fromkeys(APPROVAL))
WORDS = frozenset({"name_zh", "name_en", "about_zh", "about_en"})
"""The fields that may change without a new evaluation."""

_KEPT = tuple(field.name for field in fields(Service) if field.name != "row_version")
_BOOKKEEPING = frozenset({*APPROVAL, "changed_by"})


def to_columns(service: Service) -> dict[str, Any]:
    """Return the row's values, but for `row_version`, which the database session counts."""
    columns = {name: getattr(service, name) for name in _KEPT}
    columns["user_units"] = list(service.user_units)
    columns["headers"] = {name: str(claim) for name, claim in service.headers.items()}
    columns["path_rules"] = [_rule_to_json(rule) for rule in service.path_rules]
    columns["acts"] = [_act_to_json(act) for act in service.acts]
    return columns


def from_row(row: ServiceRow) -> Service:
    """Return the row as a value."""
    values = {name: getattr(row, name) for name in _KEPT}
    values["user_units"] = tuple(row.user_units)
    values["headers"] = MappingProxyType(dict(row.headers))
    values["path_rules"] = tuple(_rule_from_json(rule) for rule in row.path_rules)
    values["acts"] = tuple(_act_from_json(act) for act in row.acts)
    return Service(**values, row_version=row.row_version)


def approval_of(service: Service) -> dict[str, Any]:
    """Return the fields that say that the service was evaluated and approved."""
    return {name: getattr(service, name) for name in APPROVAL}


def changes(before: Service, after: Service) -> dict[str, dict[str, Any]]:
    """Return what differs, approval aside: field to `{"from": …, "to": …}`, fit for the log."""
    old, new = to_columns(before), to_columns(after)
    return {
        name: {"from": old[name], "to": new[name]}
        for name in sorted(old.keys() - _BOOKKEEPING)
        if old[name] != new[name]
    }


def _rule_to_json(rule: PathRule) -> dict[str, Any]:
    return {
        "pattern": rule.pattern,
        "methods": sorted(rule.methods),
        "classification": rule.classification,
        "category": rule.category,
        "fresh_minutes": rule.fresh_minutes,
    }


def _rule_from_json(rule: Mapping[str, Any]) -> PathRule:
    return PathRule(**{**rule, "methods": frozenset(rule["methods"])})


def _act_to_json(act: NamedAct) -> dict[str, Any]:
    return {"name": act.name, "methods": sorted(act.methods), "path": act.path}


def _act_from_json(act: Mapping[str, Any]) -> NamedAct:
    return NamedAct(**{**act, "methods": frozenset(act["methods"])})
