"""Attacks on the place that kept forms take: a captured cookie destroys nobody's work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from identity_world import ADMIN, build_world
from sqlalchemy import func, select
from web_fixtures import compiled_catalogues, office_template
from web_office import TOKEN, Office
from whole_office import SYSTEM, Tabs, events, let_expire, now, whole_office

from gateway.access import kept, kept_bounds
from gateway.access.kept import Claimant
from gateway.access.kept_content import Posted
from gateway.access.kept_refusals import FormOfAnother, FormOver
from gateway.access.tables_kept import KeptForm
from gateway.identity import past, sessions, tickets, tokens
from gateway.identity.ending import Why

__all__ = ["compiled_catalogues", "office_template"]

SERVICE = "http://forms.intranet.localhost"
OWN = "http://intranet.localhost"
PAGE = "/requests/new/payroll"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FLOOD = kept_bounds.MOST_OF_ONE + 2
FORM_IN_ROW = Posted(target="/save", media_type="text/plain", body=b"x")
INTERRUPTED = {Why.IDLE, Why.LIFE, Why.REPLACED}


@pytest.fixture
def office(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """The whole office on a port."""
    with whole_office(office_template, tmp_path) as opened:
        yield opened


def stolen(tabs: Tabs) -> Tabs:
    """Another browser, with a copy of the cookies."""
    return Tabs(tabs.office, {host: dict(jar) for host, jar in tabs.jars.items()})


def own_form(tabs: Tabs, reason: str) -> bytes:
    """A form of the gateway's own page, filled in."""
    token = TOKEN.findall(tabs.ask("GET", f"{OWN}{PAGE}").text)[-1]
    return f"csrf_token={token}&reason={reason}&until=2099-01-01".encode()


def outcomes(office: Office) -> list[object]:
    return [each.get("out") for each in events(office) if each["ev"] == "form.kept"]


@pytest.mark.parametrize("why", [Why.SIGNED_OUT, Why.CHOSEN, Why.GUESSED])
def test_attack_a_captured_cookie_that_was_ended_has_nothing_kept_at_a_service(
    office: Office, why: Why
) -> None:
    owner = Tabs(office)
    token = owner.sign_in("liwen", ago=timedelta(minutes=9))
    owner.enter("forms", token)
    thief = stolen(owner)
    sessions.end(office.registry, token, actor=SYSTEM, now=now(), why=why)
    for n in range(FLOOD):
        seen = thief.ask("POST", f"{SERVICE}/save", body=b"x=junk%d" % n, headers=FORM)
        assert (seen.status, seen.location) == (401, "")
    assert outcomes(office) == []

    owner.enter("forms", owner.sign_in("liwen", ago=timedelta(minutes=5)))
    let_expire(office)
    kept_one = owner.ask("POST", f"{SERVICE}/save", body=b"x=an+hour+of+work", headers=FORM)
    assert kept_one.status == 303
    owner.sign_in("liwen", ago=timedelta(minutes=1))
    assert "an hour of work" in owner.go(kept_one.location).text


def test_attack_a_captured_cookie_that_was_signed_out_has_nothing_kept_at_the_gateway(
    office: Office,
) -> None:
    owner = Tabs(office)
    token = owner.sign_in("liwen", ago=timedelta(minutes=9))
    junk = own_form(owner, "junk")
    thief = stolen(owner)
    sessions.end(office.registry, token, actor=SYSTEM, now=now())
    for _ in range(FLOOD):
        seen = thief.ask("POST", f"{OWN}{PAGE}", body=junk, headers=FORM)
        assert (seen.status, seen.location) == (403, "")
    assert outcomes(office) == []

    owner.sign_in("liwen", ago=timedelta(minutes=5))
    work = own_form(owner, "an hour of work")
    let_expire(office)
    refused = owner.ask("POST", f"{OWN}{PAGE}", body=work, headers=FORM)
    assert refused.status == 303
    owner.sign_in("liwen", ago=timedelta(minutes=1))
    form = re.search(r"next=(%2F\.hangu%2Fkept%2F[0-9a-f-]+)", refused.location)
    assert form is not None
    assert "an hour of work" in owner.go(form[1].replace("%2F", "/")).text


@pytest.mark.parametrize("place", ["service", "gateway"])
def test_attack_a_flood_with_the_cookie_of_an_idle_session_takes_no_place_of_its_owners(
    office: Office, place: str
) -> None:
    owner = Tabs(office)
    owner.enter("forms", owner.sign_in("liwen", ago=timedelta(minutes=9)))
    body = own_form(owner, "an hour of work")
    let_expire(office)
    thief = stolen(owner)
    address = f"{SERVICE}/save" if place == "service" else f"{OWN}{PAGE}"
    for _ in range(FLOOD):
        seen = thief.ask("POST", address, body=body, headers=FORM)
    assert seen.status == 429
    assert outcomes(office).count("success") == kept_bounds.MOST_OF_ONE

    assert owner.ask("POST", address, body=body, headers=FORM).status == 303


def test_a_person_discards_from_another_browser_what_they_cannot_see_there(office: Office) -> None:
    one = Tabs(office)
    one.enter("forms", one.sign_in("liwen", ago=timedelta(minutes=9)))
    own = own_form(one, "secret-of-the-form")
    let_expire(office)
    one.ask("POST", f"{SERVICE}/save", body=b"x=secret-of-the-form", headers=FORM)
    one.ask("POST", f"{OWN}{PAGE}", body=own, headers=FORM)
    other = Tabs(office)
    other.sign_in("liwen", ago=timedelta(minutes=1))
    for left in (2, 1):
        shown = other.ask("GET", f"{OWN}/account/").text
        places = re.findall(r'action="(/\.hangu/kept/[^"]+)/discard"', shown)
        assert len(places) == left
        assert other.ask("GET", OWN + places[0]).status == 403
        body = f"csrf_token={TOKEN.findall(shown)[-1]}".encode()
        gone = other.ask("POST", f"{OWN}{places[0]}/discard", body=body, headers=FORM)
        assert gone.status == 303
    assert "/discard" not in other.ask("GET", f"{OWN}/account/").text
    stranger = Tabs(office)
    stranger.sign_in("zhouhang", ago=timedelta(minutes=1))
    assert "/discard" not in stranger.ask("GET", f"{OWN}/account/").text


@pytest.mark.parametrize("why", list(Why))
def test_a_token_has_an_owner_only_while_it_lives_or_was_interrupted(
    sqlite_url: str, tmp_path: Path, now: datetime, why: Why
) -> None:
    world = build_world(sqlite_url, tmp_path, now)
    token = world.sign_in(world.enrol())
    ticket = tickets.issue(world.registry, token, "ledger", now=world.clock)
    child = tickets.redeem(world.registry, ticket, "ledger", now=world.clock)

    def owners() -> list[bool]:
        asked = ((token, None), (child, "ledger"))
        found = [
            past.owner_of(world.registry, each, service=service, now=world.clock)
            for each, service in asked
        ]
        return [each is not None for each in found]

    assert owners() == [True, True]
    sessions.end(world.registry, token, actor=ADMIN, now=world.clock, why=why)
    assert owners() == [why in INTERRUPTED] * 2
    world.registry.store.close()


def test_attack_a_flood_from_ever_new_browsers_stays_bounded_and_the_oldest_gives_way(
    database_url: str, tmp_path: Path, now: datetime
) -> None:
    world = build_world(database_url, tmp_path, now)
    clerk = world.enrol()
    owner = past.owner_of(world.registry, world.sign_in(clerk), service=None, now=now)
    assert owner is not None
    mine = tokens.new()

    def keep(browser: str, moment: datetime) -> Claimant:
        form_id = kept.keep(
            world.registry,
            FORM_IN_ROW,
            owner=owner,
            service="ledger",
            browser=browser,
            address=None,
            now=moment,
        )
        ids.append(form_id)
        return Claimant(
            person_id=clerk.id, service="ledger", browser=browser, actor=owner.acting(None)
        )

    ids: list[object] = []
    whos = [
        keep(tokens.new(), now + timedelta(milliseconds=n))
        for n in range(kept_bounds.MOST_OF_PERSON)
    ]
    later = now + timedelta(seconds=1)
    own = keep(mine, later)

    with world.registry.store.reading() as session:
        live = select(func.count()).where(KeptForm.ended_at.is_(None))
        assert session.execute(live).scalar_one() == kept_bounds.MOST_OF_PERSON
        sealed = select(func.count()).where(KeptForm.content_sealed.is_not(None))
        assert session.execute(sealed).scalar_one() == kept_bounds.MOST_OF_PERSON
    waiting = [each.id for each in kept.waiting(world.registry, now=later)]
    assert waiting == ids[1:]
    with pytest.raises(FormOver):
        kept.look(world.registry, ids[0], whos[0], now=later)
    assert kept.look(world.registry, waiting[-1], own, now=later).posted == FORM_IN_ROW
    gave_way = [each for each in world.events() if each["ev"] == "form.discarded"]
    assert [each["why"] for each in gave_way] == ["gave_way"]
    with pytest.raises(FormOfAnother):
        kept.look(world.registry, waiting[-1], whos[1], now=later)
    world.registry.store.close()
