"""Who did one side of a duty to a record does not do the other, in whatever spelling or hurry."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from access_questions import PAGE, Answer, answer, question, svc
from access_world import AUTHOR, KEY, RULES, World, canonical, service
from acts_office import APART, APPROVE, check, entries, opened
from nginx_door import door_of
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from gateway.access.catalogue import InvalidService
from gateway.access.channel import Channel
from gateway.access.refusals import StoreUnavailable
from gateway.access.service_file import EXAMPLE, service_from_toml
from gateway.identity import natural_persons
from gateway.identity.tables import State
from gateway.web import catalogues
from policies import recorded, recorded_acts
from policies.acts_kept import KeptActs
from policies.decision import Outcome
from policies.rules import RuleSet
from policies.tables_running import record_act


def test_who_created_a_record_may_not_approve_it_and_a_colleague_may(world: World) -> None:
    entry = opened(world)
    world.person("li")

    created = check(world, entry, "PUT", "/docs/17")
    own = check(world, entry, "POST", "/docs/17/approve")

    assert created.allowed
    assert (own.outcome, own.reason) == (Outcome.DENY, "duties_apart")
    assert own.barred is not None
    assert (own.barred.decision, own.barred.at) == (created.decision_id, world.clock)
    assert own.barred.breach.later.record == "svc:ledger/docs/17"
    assert check(world, entry, "POST", "/docs/18/approve").allowed
    assert check(world, entry, "POST", "/docs/17/approve", who="li").allowed
    assert check(world, entry, "PUT", "/docs/17").allowed
    # The other way round as well: who approved it does not change it any more.
    assert not check(world, entry, "POST", "/docs/17/text/4", who="li").allowed
    assert not check(world, entry, "PUT", "/docs/18").allowed


def test_the_refusal_names_the_earlier_entry_and_follows_from_both(world: World) -> None:
    entry = opened(world)
    created = check(world, entry, "PUT", "/docs/17")
    own = check(world, entry, "POST", "/docs/17/approve")

    first, last = (json.dumps(each).encode() for each in entries(world)[-2:])
    assert json.loads(first)["d"]["acts"] == [["create", "svc:ledger/docs/17"]]
    told = json.loads(last)["d"]["barred"]
    assert (told["earlier"], told["earlier_act"]) == (created.decision_id, "create")
    rules = RuleSet.parse(RULES + APART)
    assert recorded_acts.earlier_of(last) == created.decision_id
    assert recorded_acts.follows(last, first, rules) == ""
    again = recorded.read(last)
    assert again is not None
    assert recorded.replay(again, rules).is_same
    assert own.rules == again.decision.rules


@pytest.mark.parametrize("forgery", ["none", "other_person", "other_act", "no_duty", "denied"])
def test_a_refusal_that_does_not_follow_is_said_not_to(small_world: World, forgery: str) -> None:
    entry = opened(small_world)
    check(small_world, entry, "PUT", "/docs/17")
    check(small_world, entry, "POST", "/docs/17/approve")
    first, last = entries(small_world)[-2:]
    rules = RuleSet.parse(RULES if forgery == "no_duty" else RULES + APART)
    if forgery == "other_person":
        first["sub"] = "person:00000000-0000-0000-0000-000000000009"
    if forgery == "other_act":
        first["d"]["acts"] = [["archive", "svc:ledger/docs/17"]]
    if forgery == "denied":
        first["ev"] = "decision.denied"
    earlier = None if forgery == "none" else json.dumps(first).encode()

    assert recorded_acts.follows(json.dumps(last).encode(), earlier, rules) != ""


@pytest.mark.parametrize(
    "path",
    [
        "/docs/17/approve",
        "/docs/17/approve/",
        "/DOCS/17/Approve",
        "/docs/%31%37/approve",
        "/docs/17/%EF%BD%81pprove",
        "/%EF%BC%A4ocs/17/approve",
    ],
)
def test_attack_another_spelling_of_the_same_approval(small_world: World, path: str) -> None:
    entry = opened(small_world)
    assert check(small_world, entry, "PUT", "/docs/17").allowed

    assert check(small_world, entry, "POST", path).reason == "duties_apart"


def test_attack_a_record_whose_id_differs_in_case_alone(small_world: World) -> None:
    entry = opened(small_world)
    assert check(small_world, entry, "PUT", "/docs/0d9e-AB").allowed

    assert check(small_world, entry, "POST", "/docs/0D9E-ab/approve").reason == "duties_apart"


@pytest.mark.parametrize(
    ("created", "approved"),
    [
        ("%C3%A9", "%C3%89"),
        ("e%CC%81", "%C3%89"),
        ("a17", "%EF%BC%A117"),
        ("a17", "a%EF%BC%91%EF%BC%97"),
    ],
)
@pytest.mark.parametrize("by_method", [False, True])
def test_attack_a_record_whose_id_differs_in_case_width_or_composition_beyond_ascii(
    small_world: World, created: str, approved: str, *, by_method: bool
) -> None:
    """Some services fold these, too."""
    methods = RULES + "p, role:staff, *, svc:ledger/**, PUT|DELETE, *, *, 2, *, allow\n"
    entry = opened(small_world)
    if by_method:
        small_world.publish(methods + "s, record, svc:ledger/docs/**, PUT, POST\n")
    assert check(small_world, entry, "PUT", f"/docs/{created}").allowed

    where = f"/docs/{approved}" if by_method else f"/docs/{approved}/approve"
    assert check(small_world, entry, "POST", where).reason == "duties_apart"


@pytest.mark.parametrize("scope", ["svc:ledger/~c3~89t~c3~a9/**", "svc:ledger/~e6~96~87/**"])
def test_a_duty_about_a_place_beyond_ascii_holds_there(small_world: World, scope: str) -> None:
    entry = opened(small_world, duties=f"{APART.splitlines()[0]}\ns, record, {scope}, PUT, POST\n")
    place = "/%C3%89t%C3%A9/1" if "c3" in scope else "/%E6%96%87/1"
    assert check(small_world, entry, "PUT", place).allowed
    assert check(small_world, entry, "POST", place).reason == "duties_apart"


def test_attack_creating_and_approving_at_once(world: World) -> None:
    """Twelve requests of one person for each of some records: never both sides of a duty."""
    entry = opened(world)
    person = world.current("zhang")
    for number in range(5):
        verdicts: list[tuple[str, bool]] = []
        start = threading.Barrier(12)

        def ask(kind: str, method: str, path: str, into: list[tuple[str, bool]]) -> None:
            start.wait()  # noqa: B023 - joined before the next round
            found = world.access.check(person, entry, canonical(path, method), world.clock)
            into.append((kind, found.allowed))

        kinds = [
            ("create", "PUT", f"/docs/{number}"),
            ("approve", "POST", f"/docs/{number}/approve"),
        ]
        threads = [threading.Thread(target=ask, args=(*kind, verdicts)) for kind in kinds * 6]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        passed = {kind for kind, allowed in verdicts if allowed}
        assert len(verdicts) == 12
        assert len(passed) == 1, verdicts


def test_attack_a_second_account_of_one_person_approves_what_the_first_created(
    world: World,
) -> None:
    entry = opened(world)
    world.person("zhang2", name="张zhang")

    created = check(world, entry, "PUT", "/docs/17")
    own = check(world, entry, "POST", "/docs/17/approve", who="zhang2")

    assert (own.outcome, own.reason) == (Outcome.DENY, "duties_apart")
    first, last = (json.dumps(each).encode() for each in entries(world)[-2:])
    told = json.loads(last)["d"]["barred"]
    assert told["earlier"] == created.decision_id
    assert told["earlier_by"] == f"person:{world.people['zhang']}"
    rules = RuleSet.parse(RULES + APART)
    assert recorded_acts.follows(last, first, rules) == ""
    # Both ways, and what the second account did on its own stays the second account's.
    assert check(world, entry, "POST", "/docs/18/approve", who="zhang2").allowed
    assert check(world, entry, "PUT", "/docs/18").reason == "duties_apart"


@pytest.mark.parametrize("name", ["张 zhang", "张ｚｈａｎｇ", "张ZHANG", "张\u3000zhang"])
def test_attack_the_second_account_spells_the_name_another_way(
    small_world: World, name: str
) -> None:
    entry = opened(small_world)
    small_world.person("zhang2", name=name)
    assert check(small_world, entry, "PUT", "/docs/17").allowed

    own = check(small_world, entry, "POST", "/docs/17/approve", who="zhang2")
    assert own.reason == "duties_apart"


def test_attack_the_account_that_created_it_is_shut_and_the_person_invited_anew(
    small_world: World,
) -> None:
    entry = opened(small_world)
    assert check(small_world, entry, "PUT", "/docs/17").allowed
    small_world.change("zhang", state=State.DISABLED)
    small_world.person("zhang2", name="张zhang", staff_number="3501")

    own = check(small_world, entry, "POST", "/docs/17/approve", who="zhang2")
    assert own.reason == "duties_apart"


def test_namesakes_with_a_staff_number_each_are_two_people(world: World) -> None:
    entry = opened(world)
    world.person("zhao", name="赵敏", staff_number="3501")
    world.person("zhao2", name="赵敏", staff_number="3502")

    assert check(world, entry, "PUT", "/docs/17", who="zhao").allowed
    assert check(world, entry, "POST", "/docs/17/approve", who="zhao2").allowed


def test_attack_two_accounts_of_one_person_create_and_approve_at_once(world: World) -> None:
    entry = opened(world)
    world.person("zhang2", name="张zhang")
    both = {"PUT": world.current("zhang"), "POST": world.current("zhang2")}
    for number in range(5):
        start = threading.Barrier(12)
        verdicts: list[tuple[str, bool]] = []

        def ask(method: str, path: str, into: list[tuple[str, bool]]) -> None:
            start.wait()  # noqa: B023 - joined before the next round
            asked = canonical(path, method)
            found = world.access.check(both[method], entry, asked, world.clock)
            into.append((method, found.allowed))

        kinds = [("PUT", f"/docs/{number}"), ("POST", f"/docs/{number}/approve")]
        threads = [threading.Thread(target=ask, args=(*kind, verdicts)) for kind in kinds * 6]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(verdicts) == 12
        assert len({method for method, allowed in verdicts if allowed}) == 1, verdicts


def test_a_person_with_two_accounts_who_did_both_sides_before_there_was_the_duty_is_named(
    world: World,
) -> None:
    entry = opened(world, duties=APART.split("\n", maxsplit=1)[0] + "\n")
    world.person("zhang2", name="张zhang")
    assert check(world, entry, "PUT", "/docs/17").allowed
    world.clock += timedelta(minutes=1)
    assert check(world, entry, "POST", "/docs/17/approve", who="zhang2").allowed

    with world.store.reading() as session:
        same = natural_persons.several(session)
        duties = RuleSet.parse(APART).duties_on_records
        kept = KeptActs(session, world.vault.mac)
        both = kept.breaches(duties, most=9, same=same)
        assert not kept.breaches(duties, most=9)
    accounts = [f"person:{world.people[login]}" for login in ("zhang", "zhang2")]
    assert [[each.earlier.person, each.later.person] for each in both] == [accounts]


def test_a_history_that_cannot_be_read_lets_nobody_pass(world: World) -> None:
    entry = opened(world)

    def gone(_c: object, _cur: object, statement: str, *_more: object) -> None:
        if "record_act" in statement:
            raise OperationalError(statement, {}, Exception("gone"))

    event.listen(world.store.write, "before_cursor_execute", gone)
    try:
        with pytest.raises(StoreUnavailable):
            check(world, entry, "PUT", "/docs/17")
    finally:
        event.remove(world.store.write, "before_cursor_execute", gone)
    assert "decision.allowed" not in {each["ev"] for each in entries(world)}


def test_a_request_that_the_rules_refuse_leaves_no_act(small_world: World) -> None:
    entry = opened(small_world, duties="s, record, *, create, approve\n")

    assert not check(small_world, entry, "PUT", "/docs/17").allowed
    assert check(small_world, entry, "POST", "/docs/17/approve").allowed


def test_a_service_without_acts_costs_no_statement_more(small_world: World) -> None:
    entry = small_world.open(service())
    small_world.publish(RULES + "s, record, svc:other/**, create, approve\n")
    seen: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(small_world.store.write, "before_cursor_execute", note)
    person = small_world.current("zhang")
    seen.clear()
    small_world.access.check(person, entry, canonical("/docs/17", "POST"), small_world.clock)
    event.remove(small_world.store.write, "before_cursor_execute", note)

    assert not [each for each in seen if "record_act" in each or "person" in each.lower()]


def test_a_duty_about_methods_needs_no_names_of_the_service(world: World) -> None:
    entry = world.open(service())
    world.publish(
        f"{RULES}p, role:staff, *, svc:ledger/**, PUT|DELETE, *, *, 2, *, allow\n"
        "s, record, svc:ledger/docs/**, PUT, DELETE\n"
    )
    assert check(world, entry, "PUT", "/docs/17").allowed
    assert check(world, entry, "DELETE", "/docs/17").reason == "duties_apart"
    assert check(world, entry, "PUT", "/elsewhere/17").allowed
    assert check(world, entry, "DELETE", "/elsewhere/17").allowed


def test_what_was_done_before_a_duty_came_counts_under_it(world: World) -> None:
    entry = opened(world, duties=APART.split("\n", maxsplit=1)[0] + "\n")
    assert check(world, entry, "PUT", "/docs/17").allowed

    world.publish(RULES + APART)
    world.clock += timedelta(minutes=1)

    assert check(world, entry, "POST", "/docs/17/approve").reason == "duties_apart"


def test_each_act_is_kept_once_with_its_first_decision(world: World) -> None:
    entry = opened(world)
    first = check(world, entry, "PUT", "/docs/17")
    check(world, entry, "PUT", "/docs/17")

    with world.store.read.connect() as connection:
        rows = connection.execute(select(record_act)).all()
    assert [(row.act, row.decision) for row in rows] == [("create", first.decision_id)]


BAD = {
    "name": [{"name": "Approve"}, {"name": "POST"}, {"name": ""}, {"name": "a.b"}],
    "methods": [{"methods": frozenset()}, {"methods": frozenset({"GET"})}],
    "path": [
        {"path": "/docs"},
        {"path": "/docs/{record}/{record}"},
        {"path": "/docs/../{record}"},
        {"path": "docs/{record}"},
        {"path": "/docs//{record}"},
        {"path": "/docs/x{record}"},
    ],
}


@pytest.mark.parametrize(
    ("key", "values"), [(key, each) for key, some in BAD.items() for each in some]
)
def test_an_act_that_could_never_be_seen_is_named(
    small_world: World, key: str, values: dict[str, Any]
) -> None:
    entry = service(acts=(replace(APPROVE, **values),))
    with pytest.raises(InvalidService) as caught:
        small_world.catalogue.add(entry, actor=AUTHOR, now=small_world.clock)
    assert {each.key for each in caught.value.problems} == {f"acts[0].{key}"}


def test_two_acts_of_one_request_are_one_too_many(small_world: World) -> None:
    entry = service(acts=(APPROVE, replace(APPROVE, name="sign", path="/Docs/{record}/approve")))
    with pytest.raises(InvalidService, match="another act"):
        small_world.catalogue.add(entry, actor=AUTHOR, now=small_world.clock)


def test_the_example_with_its_acts_is_a_service(small_world: World) -> None:
    part, _, acts = EXAMPLE.partition("# [[acts]]")
    plain = "\n".join(
        line.removeprefix("# ")
        for line in ("# [[acts]]" + acts).split("\n")
        if "[[" in line or "=" in line
    )
    found = service_from_toml(part + plain, small_world.catalogue.around)
    assert [(each.name, each.path) for each in found.acts] == [
        ("create", "/vouchers/{record}"),
        ("approve", "/vouchers/{record}/approve"),
    ]


@pytest.mark.parametrize("said", ["acts = 3", "[[acts]]\nname = 3", "[[acts]]\nnam = 'x'"])
def test_acts_of_the_wrong_shape_are_refused_by_name(small_world: World, said: str) -> None:
    text_ = (
        EXAMPLE.replace("[headers]", f"{said}\n[headers]") if said[5:6] == "=" else EXAMPLE + said
    )
    with pytest.raises(InvalidService, match="acts"):
        service_from_toml(text_, small_world.catalogue.around)


@pytest.mark.parametrize("contract", ["nginx", "traefik", "caddy", "envoy"])
def test_every_way_to_the_service_refuses_it_and_the_page_says_why(
    small_world: World, contract: str
) -> None:
    """In the words of whoever asks: what was done, when, by which decision."""
    catalogues.compile_all()
    opened(small_world)
    door = door_of(small_world, Channel(key=KEY))
    cookie = svc(small_world.sign_in("zhang"))

    def ask(method: str, target: bytes) -> Answer:
        asked = question(contract, target, method=method, cookie=cookie, extra=PAGE)
        return answer(door, asked)

    assert ask("PUT", b"/docs/17").status in (200, 204)
    own = ask("POST", b"/docs/17/approve")

    assert own.status == 403
    earlier, later = entries(small_world)[-2:]
    assert (later["why"], later["d"]["barred"]["earlier"]) == ("duties_apart", earlier["did"])
    if contract != "nginx":  # which shows a page of its own address
        page = own.body.decode()
        assert earlier["did"] in page
        assert "“创建”" in page
        assert "“审批”" in page


def test_the_page_says_that_another_account_did_it_and_how_namesakes_are_told_apart(
    small_world: World,
) -> None:
    catalogues.compile_all()
    opened(small_world)
    small_world.person("zhang2", name="张zhang")
    door = door_of(small_world, Channel(key=KEY))

    def ask(login: str, method: str, target: bytes) -> Answer:
        cookie = svc(small_world.sign_in(login))
        asked = question("traefik", target, method=method, cookie=cookie, extra=PAGE)
        return answer(door, asked)

    assert ask("zhang", "PUT", b"/docs/17").status in (200, 204)
    own = ask("zhang2", "POST", b"/docs/17/approve")
    page = own.body.decode()

    assert own.status == 403
    assert "由视同您本人的另一账号办理过“创建”" in page
    assert "请由系统管理员补录双方工号" in page
    assert "由您本人办理过" not in page
