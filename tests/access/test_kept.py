"""Kept forms: every byte comes back, to the same person, in the same browser, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_world import ADMIN, Died, Enrolled, World, build_world
from sqlalchemy import select, update

from audit.record import Actor
from gateway.access import kept, kept_bounds
from gateway.access.kept_content import Posted
from gateway.access.kept_refusals import FormBroken, FormOfAnother, FormOver, TooManyForms
from gateway.access.kept_rows import Claimant
from gateway.access.tables_kept import KeptForm
from gateway.identity import past, people, tokens
from gateway.refusals import Refused

FORM = Posted(
    target="/books/7?edit=1",
    media_type="application/x-www-form-urlencoded",
    body="title=预算&amount=12".encode(),
    origin="http://ledger.gate.example.cn",
)


@dataclass
class Desk:
    """A clerk whose session a form was sent in, and the browser's cookie."""

    world: World
    clerk: Enrolled
    token: str
    browser: str

    def keep(self, posted: Posted = FORM, service: str | None = "ledger") -> UUID:
        """Keep a form of the clerk's."""
        owner = past.owner_of(self.world.registry, self.token, service=None, now=self.world.clock)
        assert owner is not None
        return kept.keep(
            self.world.registry,
            posted,
            owner=owner,
            service=service,
            browser=self.browser,
            address="10.1.2.3",
            now=self.world.clock,
        )

    def who(self, person: UUID | None = None, browser: str | None = "") -> Claimant:
        """The clerk in this browser, or somebody else, or in another."""
        whose = person or self.clerk.id
        return Claimant(
            person_id=whose,
            service="ledger",
            browser=self.browser if browser == "" else browser,
            actor=Actor(subject=f"person:{whose}"),
        )

    def proof(self, form_id: UUID) -> str:
        """What the page that offers the form knows."""
        return self.look(form_id).claim.partition(".")[2]

    def look(self, form_id: UUID, who: Claimant | None = None) -> kept.Offer:
        """See it."""
        return kept.look(self.world.registry, form_id, who or self.who(), now=self.world.clock)

    def take(self, form_id: UUID, proof: str, who: Claimant | None = None) -> Posted:
        """Send it to where it was to go."""
        return kept.take(
            self.world.registry,
            form_id,
            proof,
            who or self.who(),
            target=FORM.target,
            now=self.world.clock,
        )

    def reasons(self) -> list[object]:
        """Why forms were refused, on record."""
        return [each["why"] for each in self.world.events() if each["ev"] == "form.refused"]


def _desk(url: str, directory: Path, now: datetime) -> Desk:
    world = build_world(url, directory, now)
    clerk = world.enrol()
    return Desk(world, clerk, world.sign_in(clerk), tokens.new())


@pytest.fixture
def desk(database_url: str, tmp_path: Path, now: datetime) -> Iterator[Desk]:
    """A clerk on each kind of database."""
    made = _desk(database_url, tmp_path, now)
    yield made
    made.world.registry.store.close()


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[Desk]:
    """The same on SQLite alone."""
    made = _desk(sqlite_url, tmp_path, now)
    yield made
    made.world.registry.store.close()


def test_a_form_goes_out_once_as_it_came_and_each_step_is_on_record(desk: Desk) -> None:
    form_id = desk.keep()
    proof = desk.proof(form_id)
    desk.look(form_id)

    assert desk.take(form_id, proof) == FORM
    with pytest.raises(FormOver):
        desk.take(form_id, proof)
    with pytest.raises(FormOver):
        desk.look(form_id)
    names = [name for name in desk.world.names() if str(name).startswith("form.")]
    assert names == ["form.kept", "form.offered", "form.sent"]


_texts = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=60)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.binary(max_size=4000), media_type=_texts, origin=_texts, referer=_texts)
def test_any_bytes_come_back_as_they_were(
    small: Desk, body: bytes, media_type: str, origin: str, referer: str
) -> None:
    posted = replace(FORM, body=body, media_type=media_type, origin=origin, referer=referer)
    form_id = small.keep(posted)

    assert small.take(form_id, small.proof(form_id)) == posted


def test_nothing_of_a_form_can_be_read_in_the_database(desk: Desk) -> None:
    desk.keep(replace(FORM, body=b"pin=4711-SECRET"))

    with desk.world.registry.store.reading() as session:
        sealed = bytes(session.execute(select(KeptForm.content_sealed)).scalar_one() or b"")
    assert b"SECRET" not in sealed
    assert b"/books" not in sealed
    assert "SECRET" not in str(desk.world.events())


def test_attack_another_person_in_the_same_browser_sees_and_sends_nothing(desk: Desk) -> None:
    form_id = desk.keep()
    proof = desk.proof(form_id)
    other = desk.who(desk.world.enrol("han.mei").id)

    for attempt in (
        lambda: desk.look(form_id, other),
        lambda: desk.take(form_id, proof, other),
        lambda: kept.discard(desk.world.registry, form_id, other, now=desk.world.clock),
        lambda: kept.target_of(desk.world.registry, form_id, other, now=desk.world.clock),
    ):
        with pytest.raises(FormOfAnother):
            attempt()
    assert desk.reasons() == ["other_person"] * 4
    assert desk.take(form_id, proof) == FORM


def test_attack_a_planted_form_is_not_offered_in_the_victims_own_browser(desk: Desk) -> None:
    """Whoever stole a token can have a form kept, but its owner's browser never sent it."""
    form_id = desk.keep()

    for browser in (None, tokens.new(), "short"):
        with pytest.raises(FormOfAnother):
            desk.look(form_id, desk.who(browser=browser))
    assert desk.reasons() == ["other_browser"] * 3


def test_attack_a_proof_of_another_form_or_a_made_up_one_sends_nothing(desk: Desk) -> None:
    one, other = desk.keep(), desk.keep()

    for proof in (desk.proof(other), "A" * 43, ""):
        with pytest.raises(FormOfAnother):
            desk.take(one, proof)
    assert desk.reasons() == ["proof"] * 3
    assert desk.take(one, desk.proof(one)) == FORM


def test_attack_a_form_does_not_go_to_another_address_or_host(desk: Desk) -> None:
    form_id = desk.keep()
    proof = desk.proof(form_id)

    with pytest.raises(FormOfAnother):
        kept.take(
            desk.world.registry,
            form_id,
            proof,
            desk.who(),
            target="/books/8?edit=1",
            now=desk.world.clock,
        )
    with pytest.raises(FormOfAnother):
        desk.take(form_id, proof, replace(desk.who(), service="payroll"))
    assert desk.reasons() == ["other_address", "other_place"]


@pytest.mark.parametrize("column", ["content_sealed", "person_id", "service"])
def test_attack_a_row_changed_in_the_database_opens_for_nobody(desk: Desk, column: str) -> None:
    form_id = desk.keep()
    proof = desk.proof(form_id)
    thief = desk.world.enrol("han.mei")
    who = desk.who(thief.id) if column == "person_id" else desk.who()
    with desk.world.registry.ledger.begin(unaudited_because="an attack") as tx:
        row = tx.session.get_one(KeptForm, form_id)
        sealed = bytes(row.content_sealed or b"")
        values: dict[str, object] = {
            "content_sealed": sealed[:-1] + bytes([sealed[-1] ^ 1]),
            "person_id": thief.id,
            "service": "payroll",
        }
        tx.session.execute(
            update(KeptForm).where(KeptForm.id == form_id).values({column: values[column]}),
            execution_options={"synchronize_session": False},
        )
    if column == "service":
        who = replace(who, service="payroll")

    with pytest.raises(FormBroken):
        desk.look(form_id, who)
    with pytest.raises(FormBroken):
        desk.take(form_id, proof, who)
    assert set(desk.reasons()) == {"broken"}


def test_after_half_an_hour_it_is_over_and_swept(desk: Desk) -> None:
    form_id = desk.keep()
    desk.world.wait(kept.LIFE - timedelta(seconds=1))
    proof = desk.proof(form_id)
    assert kept.sweep(desk.world.registry, now=desk.world.clock) == 0
    desk.world.wait(timedelta(seconds=1))

    with pytest.raises(FormOver):
        desk.take(form_id, proof)
    assert kept.sweep(desk.world.registry, now=desk.world.clock) == 1
    with pytest.raises(FormOver):
        desk.look(form_id)


def test_what_was_discarded_is_gone_with_its_content(desk: Desk) -> None:
    form_id = desk.keep()
    proof = desk.proof(form_id)
    kept.discard(desk.world.registry, form_id, desk.who(), now=desk.world.clock)

    with desk.world.registry.store.reading() as session:
        assert session.execute(select(KeptForm.content_sealed)).scalar_one() is None
    with pytest.raises(FormOver):
        desk.take(form_id, proof)
    assert not kept.give_back(desk.world.registry, form_id, actor=ADMIN, now=desk.world.clock)


def test_a_form_that_did_not_arrive_waits_again(desk: Desk) -> None:
    form_id = desk.keep()
    proof = desk.proof(form_id)
    desk.take(form_id, proof)

    assert kept.give_back(desk.world.registry, form_id, actor=ADMIN, now=desk.world.clock)
    assert desk.take(form_id, proof) == FORM


def test_a_browser_keeps_so_many_forms_and_no_more(small: Desk) -> None:
    for _ in range(kept_bounds.MOST_OF_ONE):
        last = small.keep()

    with pytest.raises(TooManyForms):
        small.keep()
    kept.discard(small.world.registry, last, small.who(), now=small.world.clock)
    small.keep()


def test_two_clicks_at_once_send_a_form_once(desk: Desk) -> None:
    form_id = desk.keep()
    proof = desk.proof(form_id)
    sent: list[Posted] = []
    refused: list[Refused] = []
    start = threading.Barrier(8)

    def click() -> None:
        start.wait()
        try:
            sent.append(desk.take(form_id, proof))
        except Refused as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent == [FORM]
    assert len(refused) == 7


@pytest.mark.parametrize("committed", [False, True])
def test_whatever_call_of_the_database_fails_a_form_is_never_sent_twice(
    small: Desk,
    committed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    for number in range(1, 40):
        form_id = small.keep()
        proof = small.proof(form_id)
        sent: list[Posted] = []
        with suppress(Died), small.world.dying_at(number, committed=committed) as seen:
            sent.append(small.take(form_id, proof))
        if len(seen) < number:
            assert sent == [FORM]
            return
        assert sent == []
        with suppress(FormOver):  # the commit was made, and nobody heard of it
            sent.append(small.take(form_id, proof))
        with pytest.raises(FormOver):
            small.take(form_id, proof)
        kept.sweep(small.world.registry, now=small.world.clock + kept.LIFE)
    pytest.fail("more calls than were tried")


def test_a_dead_token_is_known_but_only_for_its_person_and_place(desk: Desk) -> None:
    registry, now = desk.world.registry, desk.world.clock
    later = now + timedelta(hours=2)  # long idle

    found = past.owner_of(registry, desk.token, service=None, now=later)
    assert found is not None
    assert found.person_id == desk.clerk.id
    assert past.owner_of(registry, desk.token, service="ledger", now=later) is None
    assert past.owner_of(registry, tokens.new(), service=None, now=later) is None
    assert past.owner_of(registry, "x", service=None, now=later) is None
    assert past.owner_of(registry, desk.token, service=None, now=now + timedelta(days=1)) is None


def test_who_is_disabled_owns_nothing(desk: Desk) -> None:
    people.disable(desk.world.registry, desk.clerk.id, actor=ADMIN, now=desk.world.clock)

    assert (
        past.owner_of(desk.world.registry, desk.token, service=None, now=desk.world.clock) is None
    )


def test_an_unknown_form_is_over(desk: Desk) -> None:
    with pytest.raises(FormOver):
        desk.look(uuid4())
