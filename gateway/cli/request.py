"""`hangu request`: requests for access and temporary grants, for operators."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import click

from gateway.access import request_views
from gateway.access.requests import Requests
from gateway.cli.console import done, table
from gateway.cli.days import Day, end_of, shown
from gateway.cli.office import opened
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.office import Office, terms_of


@click.group(short_help="Requests for access and temporary grants.")
def request() -> None:
    """List, decide and take back. What is done here is recorded as the operator's act."""


@request.command("list", cls=ZoneCommand)
@takes_zone
@click.option("--all", "everything", is_flag=True, help="Those that are over as well.")
def list_requests(directory: Path, *, everything: bool) -> None:
    """List what waits for an answer and what is granted."""
    with opened(directory) as office:
        found = request_views.everything(office.registry, waiting=not everything)
        rows = [
            (
                each.id,
                each.name,
                each.service,
                "read and write" if each.writes else "read",
                each.ended_why or each.state,
                shown(each.until, office),
                each.reason,
            )
            for each in found
        ]
    table("Requests", ("id", "who", "service", "what", "state", "until", "reason"), rows)


@request.command(cls=ZoneCommand)
@takes_zone
@click.argument("request_id", type=click.UUID)
@click.option("--until", type=Day(), help="An earlier last day than the one asked for.")
def approve(directory: Path, request_id: UUID, until: date | None) -> None:
    """Grant a request, until the day asked for or an earlier one."""
    with opened(directory) as office:
        asked = request_views.one(office.registry, request_id)
        end = asked.asked_until if until is None else end_of(until, office)
        _of(office).approve(request_id, until=end, by=None, actor=operator(), now=now())
        done(f"{asked.name} may use {asked.service} until {shown(end, office)}.")


@request.command(cls=ZoneCommand)
@takes_zone
@click.argument("request_id", type=click.UUID)
@click.option("--reason", required=True, help="10 to 500 characters; the person reads them.")
def refuse(directory: Path, request_id: UUID, reason: str) -> None:
    """Refuse a request."""
    with opened(directory) as office:
        _of(office).refuse(request_id, reason=reason, by=None, actor=operator(), now=now())
    done("The request is refused.")


@request.command(cls=ZoneCommand)
@takes_zone
@click.argument("request_id", type=click.UUID)
@click.option("--reason", required=True, help="10 to 500 characters; the person reads them.")
def revoke(directory: Path, request_id: UUID, reason: str) -> None:
    """End a grant before its day."""
    with opened(directory) as office:
        _of(office).revoke(request_id, reason=reason, by=None, actor=operator(), now=now())
    done("The grant is ended.")


def _of(office: Office) -> Requests:
    terms = terms_of(office.settings)
    return Requests(registry=office.registry, catalogue=office.catalogue, terms=terms)
