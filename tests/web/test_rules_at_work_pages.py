"""The rules at work through the pages: workers, the alarm of a disagreement, and its settling."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from web_office import Browser, Office, officer

from audit.tables import audit_event
from gateway.access.second_look import MOST, SecondLook
from gateway.identity import people
from policies import workers
from policies.compiled import CompiledEngine
from policies.decision import Decision, Request
from policies.rules import RuleSet
from policies.workers import Acknowledgement, Worker

WORKER = "ab" * 16


class Generous(CompiledEngine):
    """A planted defect: an engine for which no rule denies and every sign-in is strong enough."""

    def decide(self, request: Request) -> Decision:
        """Decide as if everything were allowed that is allowed to anybody."""
        open_to_all = RuleSet.parse("p, *, *, svc:ledger/**, GET, *, *, *, *, allow")
        found = CompiledEngine(open_to_all, self.memberships).decide(request)
        return found.named(version=self.version, grants="")


def plant(office: Office, times: int = 1) -> None:
    """Let a broken engine decide, and the second look find it out."""
    sound = office.desk.policy.now()
    nobody = people.by_login(office.registry, "wangqiang")
    assert nobody is not None
    broken = Generous(sound.published, sound.memberships)
    look = SecondLook(
        share=1, ledger=office.registry.ledger, worker=WORKER, clock=lambda: datetime.now(UTC)
    )
    asked = Request(
        subject=nobody.subject,
        zone="intranet",
        object="svc:ledger/secret",
        action="GET",
        strength=1,
        now=5,
    )
    for _ in range(times):
        look.shadow.offer(broken, asked, broken.decide(asked))
    assert look.shadow.check(at_most=times) == times


def beat(office: Office, said: Acknowledgement, *, ago: int = -600) -> None:
    """A worker is heard; by default so late that no slow machine makes it silent meanwhile."""
    now = datetime.now(UTC) - timedelta(seconds=ago)
    worker = Worker(id=WORKER, node="gate-1", pid=4711, started_at=now)
    with office.registry.ledger.begin(unaudited_because="a beat of the test") as tx:
        workers.beat(tx, worker, said, now=now)


def entries(office: Office, name: str) -> list[dict[str, object]]:
    with office.store.reading() as session:
        bodies = session.scalars(select(audit_event.c.body).order_by(audit_event.c.id))
        found = [json.loads(body) for body in bodies]
    return [entry for entry in found if entry["ev"] == name]


def in_force(office: Office) -> Acknowledgement:
    version = office.desk.published()[0]
    return Acknowledgement(seq=version.seq, hash=version.hash, build_ms=12)


def test_an_officer_sees_which_worker_decides_by_which_version(app: Flask, office: Office) -> None:
    beat(office, in_force(office))
    page = officer(app, office, "zhaomin").get("/policy/workers").text
    assert "现行规则为第 1 版" in page
    assert "全部工作进程均按此判定" in page
    assert "gate-1" in page
    assert "4711" in page
    assert "有效" in page


@pytest.mark.parametrize(
    ("said", "ago", "words"),
    [
        (Acknowledgement(seq=0, hash="0" * 64), -600, "尚未确认现行版本"),
        (Acknowledgement(trouble=workers.Trouble.RULES_UNUSABLE), -600, "与签名发布的版本不符"),
        (Acknowledgement(seq=1, hash="0" * 64), 60, "失联，不作任何判定"),
    ],
)
def test_a_worker_that_is_behind_refusing_or_silent_is_shown_as_such(
    app: Flask, office: Office, said: Acknowledgement, ago: int, words: str
) -> None:
    beat(office, said, ago=ago)
    page = officer(app, office, "wangqiang").get("/policy/workers").text
    assert words in page
    assert "尚有工作进程未按此判定" in page


def test_staff_do_not_come_here(clerk: Browser) -> None:
    assert clerk.get("/policy/workers").status_code == 403


def test_a_disagreement_alarms_every_officer_and_the_load_balancer(
    app: Flask, office: Office, stranger: Browser
) -> None:
    """Recorded with its evidence; red until it is settled."""
    assert stranger.get("/health").status_code == 200
    plant(office)
    assert stranger.get("/health").status_code == 503
    for login in ("wangqiang", "zhaomin", "chenjing"):
        assert "判定引擎结果不一致" in officer(app, office, login).get("/account/").text
    assert "判定引擎结果不一致" not in officer(app, office, "liwen").get("/account/").text
    (entry,) = entries(office, "policy.disagreement")
    details = entry["d"]
    assert isinstance(details, dict)
    assert details["decided"]["outcome"] == "allow"
    assert details["expected"]["outcome"] == "deny"
    assert details["request"]["obj"] == "svc:ledger/secret"


def test_one_defect_that_meets_every_request_does_not_flood_the_log(
    app: Flask, office: Office
) -> None:
    plant(office, times=MOST + 30)
    assert len(entries(office, "policy.disagreement")) == MOST
    assert officer(app, office, "zhaomin").get("/policy/workers").text.count("svc:ledger/") == MOST


def test_a_security_administrator_settles_it_with_a_reason(
    app: Flask, office: Office, stranger: Browser
) -> None:
    plant(office)
    browser = officer(app, office, "zhaomin")
    ref = office.desk.disagreements()[0].id
    address = f"/policy/disagreements/{ref}"
    page = browser.get(address).text
    assert "svc:ledger/secret" in page
    assert re.search(r"引擎判定.*准许.*按规则应为.*拒绝", page, re.DOTALL)
    empty = browser.post(address, {"why": ""}, page=address)
    assert empty.status_code == 422
    assert "请说明原因及处理措施" in empty.text
    done = browser.post(address, {"why": "引擎缺陷，已更换版本"}, page=address)
    assert done.status_code == 303
    assert stranger.get("/health").status_code == 200
    (entry,) = entries(office, "policy.disagreement_closed")
    assert entry["d"] == {"id": ref, "why": "引擎缺陷，已更换版本"}
    assert "由 赵敏 办结" in browser.get("/policy/workers").text
    again = browser.post(address, {"why": "再来一次"}, page="/policy/workers")
    assert again.status_code == 409


@pytest.mark.parametrize("login", ["wangqiang", "chenjing"])
def test_attack_the_other_officers_cannot_settle_it(app: Flask, office: Office, login: str) -> None:
    plant(office)
    browser = officer(app, office, login)
    address = f"/policy/disagreements/{office.desk.disagreements()[0].id}"
    assert "<textarea" not in browser.get(address).text
    assert browser.post(address, {"why": "无"}, page="/account/").status_code == 403
    assert office.desk.disagreements_open() == 1


def test_a_disagreement_nobody_found_is_no_page(app: Flask, office: Office) -> None:
    assert (
        officer(app, office, "zhaomin").get(f"/policy/disagreements/{'0' * 32}").status_code == 404
    )
