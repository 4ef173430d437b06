"""An office in which the rules can be changed: a second security administrator, a new unit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
from office_log import settle
from web_office import CHROME, PASSWORD, SYSTEM, Browser, Office
from werkzeug.test import TestResponse

from audit.ledger import Ledger
from audit.record import Actor
from gateway.changes import acts, looking
from gateway.changes.room import Room
from gateway.identity import enrolment, people, units
from gateway.web.desk_values import Visit
from policies import versions
from policies.dossier.dossiers import examination
from policies.dossier.drafting import Terms

ROW = "p, unit:lvyou, intranet, svc:ledger/**, GET|HEAD, *, *, 2, *, allow\n"
REASON = "新单位在星期五前需要使用，见财办〔2026〕12号"


def enrol(office: Office, login: str, name: str, unit: str, role: str) -> None:
    """A further person who can sign in."""
    now = datetime.now(UTC) - timedelta(days=1)
    _, token = people.create(
        office.registry, login=login, name=name, unit=unit, roles=[role], clearance=2,
        actor=SYSTEM, now=now,
    )  # fmt: skip
    offer = enrolment.begin(office.registry, token, PASSWORD, now=now)
    secret = pyotp.parse_uri(offer.uri).secret
    enrolment.finish(office.registry, token, pyotp.TOTP(secret).at(now), now=now)
    office.secrets[login] = secret


def with_new_unit(office: Office) -> None:
    """Add a second security administrator, and a new unit with one clerk."""
    now = datetime.now(UTC) - timedelta(days=1)
    units.create(
        office.registry, slug="lvyou", parent=None, name_zh="旅游处", name_en="Tourism division",
        actor=SYSTEM, now=now,
    )  # fmt: skip
    enrol(office, "linxia", "林夏", "baomi", "security_admin")
    enrol(office, "gaofei", "高飞", "lvyou", "staff")


def with_service_owner(office: Office) -> None:
    """Add one who answers for the services of the finance division."""
    enrol(office, "qianhui", "钱慧", "caiwu", "staff")
    owner = people.by_login(office.registry, "qianhui")
    assert owner is not None
    people.set_roles(
        office.registry, owner.id, ["staff", "service_owner"], actor=SYSTEM,
        now=datetime.now(UTC) - timedelta(hours=12),
    )  # fmt: skip


def rules(office: Office) -> str:
    """The text of the rules in force."""
    with office.store.reading() as session:
        found = versions.current(session)
    assert found is not None
    return found.text()


def before_next_write(ledger: Ledger, act: Callable[[], object]) -> None:
    """Have something happen once, right before the next transaction begins."""

    def meanwhile(event: str | None) -> None:
        if event is None:  # nothing is written yet
            ledger.brake = None
            act()

    ledger.brake = meanwhile


def begin(author: Browser, **terms: str) -> str:
    """Open a change; return its id."""
    form = {"title": "台账给旅游处", "why": REASON, "most_people": "3", "confirm_minutes": "10"}
    answer = author.post("/policy/changes/new", form | terms, page="/policy/changes/new")
    assert answer.status_code == 303, answer.text
    return answer.location.split("/")[-2]


def edit_of(browser: Browser, ref: str) -> str:
    """The edit that the page shows."""
    found = re.search(
        r'name="edit" value="(\d+)"', browser.get(f"/policy/changes/{ref}/rules").text
    )
    assert found is not None
    return found[1]


def write(author: Browser, ref: str, sentence: str) -> TestResponse:
    """Write a rule."""
    page = f"/policy/changes/{ref}/rules"
    return author.post(page, {"sentence": sentence, "edit": edit_of(author, ref)}, page=page)


def look(author: Browser, ref: str) -> str:
    """Have the effect found out; return the page that shows it."""
    page = f"/policy/changes/{ref}"
    assert author.post(f"{page}/examine", {"days": "30"}, page=page).status_code == 303
    for _ in range(400):
        answer = author.get(page)
        if "Refresh" not in answer.headers:
            return answer.text
        time.sleep(0.05)
    raise AssertionError("the examination does not end")


def step(browser: Browser, ref: str, name: str, **form: str) -> TestResponse:
    """Take a step, confirmed with a fresh code if one is asked for."""
    page = f"/policy/changes/{ref}"
    text = browser.get(page).text
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', text)
    edit = re.search(r'name="edit" value="(\d+)"', text)
    given = {"shown": shown[1] if shown else "", "edit": edit[1] if edit else "", **form}
    return browser.post(f"{page}/{name}", given, page=page)


def ready(author: Browser, second: Browser, **terms: str) -> str:
    """A change that is approved."""
    ref = begin(author, **terms)
    assert write(author, ref, "旅游处可读取 svc:ledger/**，需双因素").status_code == 303
    look(author, ref)
    assert step(author, ref, "submit").status_code == 303
    answer = step(second, ref, "approve")
    assert answer.status_code == 303, answer.text
    return ref


def decided(office: Office, login: str, slug: str, directory: Path) -> str:
    """Have a decision made, sealed and indexed; return its number."""
    now = datetime.now(UTC)
    token = office.session(login, ago=timedelta(minutes=4))
    who = office.desk.session(token, service=None, now=now)
    assert who is not None
    visit = Visit(address="10.12.8.44", user_agent=CHROME, now=now)
    verdict = office.desk.decide(who, office.desk.any_service(slug), "/a", visit=visit)
    settle(office, directory)
    return verdict.decision_id


def who(room: Room, login: str) -> Actor:
    """The subject of a login."""
    found = people.by_login(room.registry, login)
    assert found is not None
    return Actor(subject=found.subject)


def approved(room: Room, now: datetime) -> str:
    """A change that gives the new unit the ledger for a trial of one minute; no page is asked."""
    author, approver = who(room, "zhaomin"), who(room, "linxia")
    with room.registry.store.reading() as session:
        rules = versions.current(session)
    assert rules is not None
    terms = Terms(title="台账给旅游处", why="新单位需要", most_people=3, confirm_minutes=1)
    ref = acts.begin(room, terms, actor=author, now=now, text=rules.text() + ROW)
    effect = looking.run(room, ref, actor=author, clock=lambda: now)
    assert effect is not None
    acts.submit(room, ref, edit=1, actor=author, now=now)
    with room.registry.store.reading() as session:
        shown = examination(session, ref)
    assert shown is not None
    acts.approve(room, ref, edit=1, shown=shown.hash, actor=approver, now=now)
    return ref
