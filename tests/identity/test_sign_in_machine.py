"""Class 25: in whatever order the steps are taken, only both proofs together make a session."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from identity_world import ADMIN, PASSWORD, STEP, Enrolled, build_world
from sqlalchemy import select

from gateway.identity import enrolment, sessions, totp
from gateway.identity.second_step import MAX_CODES, SignInRefused, StepOver
from gateway.identity.tables import Session

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


class SignInMachine(RuleBasedStateMachine):
    """The room beside a model that knows which proofs were given.

    The model keeps for each step its person, age and wrong codes, and for each person the
    newest code used. It says beforehand whether a code must be let in.
    """

    steps = Bundle("steps")
    others = Bundle("others")

    def __init__(self, template: Path) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        path = self.directory / "office.db"
        path.write_bytes(template.read_bytes())
        self.world = build_world(f"sqlite:///{path}", self.directory, START)
        self.people = [self.world.enrol("li.lei"), self.world.enrol("han.mei")]
        self.used = {
            person.id: totp.step_at(self.world.clock) - 2 + index
            for index, person in enumerate(self.people)
        }
        self.model: dict[str, tuple[Enrolled, datetime]] = {}
        self.wrong: dict[str, int] = {}
        self.let_in: dict[str, Enrolled] = {}

    def teardown(self) -> None:
        """Close and drop the office."""
        self.world.registry.store.close()
        shutil.rmtree(self.directory)

    @rule(target=steps, who=st.sampled_from([0, 1]))
    def right_password(self, who: int) -> str:
        """Open a step."""
        person = self.people[who]
        token = self.world.password(person.login).token
        self.world.forget_lanes()
        self.model[token] = (person, self.world.clock + timedelta(minutes=5))
        self.wrong[token] = 0
        return token

    @rule(login=st.sampled_from(["li.lei", "han.mei", "nobody", ""]))
    def wrong_password(self, login: str) -> None:
        """Open none."""
        with pytest.raises(SignInRefused):
            self.world.password(login, PASSWORD + "!")
        self.world.forget_lanes()

    @rule(target=others, who=st.sampled_from([0, 1]))
    def a_link_for_somebody(self, who: int) -> str:
        """Make a token of another kind."""
        person = self.people[who]
        return enrolment.issue(self.world.registry, person.id, actor=ADMIN, now=self.world.clock)

    @rule(token=steps, whose=st.sampled_from([0, 1]), age=st.integers(-1, 3))
    def code(self, token: str, whose: int, age: int) -> None:
        """Try the code of person `whose`, `age` steps old, at any step that was ever opened."""
        now = self.world.clock
        matched = totp.step_at(now) - age
        typed = totp.code_at(self.people[whose].secret, matched)
        person, expires = self.model[token]
        live = token not in self.let_in and now < expires and self.wrong[token] < MAX_CODES
        right = person is self.people[whose] and age in {0, 1}
        if live and right and matched > self.used[person.id]:
            opened = self.world.code(token, typed)
            assert opened.person_id == person.id
            self.used[person.id] = matched
            self.let_in[token] = person
            return
        with pytest.raises((SignInRefused, StepOver)) as refusal:
            self.world.code(token, typed)
        assert isinstance(refusal.value, StepOver) == (not live or self.wrong[token] == 4)
        self.wrong[token] += live

    @rule(token=others, who=st.sampled_from([0, 1]))
    def right_code_at_something_that_is_no_step(self, token: str, who: int) -> None:
        """Try another kind of token as a step."""
        with pytest.raises(StepOver):
            self.world.code(token, self.people[who].code(self.world.clock))

    @rule(token=consumes(others))
    def half_an_enrolment(self, token: str) -> None:
        """Begin what is not finished."""
        try:
            enrolment.begin(self.world.registry, token, "another fine phrase", now=self.world.clock)
        except enrolment.EnrolmentOver:
            return

    @rule(steps=st.integers(1, 12))
    def time_passes(self, steps: int) -> None:
        """Let codes and steps grow old."""
        self.world.wait(steps * STEP)

    @invariant()
    def there_are_as_many_sessions_as_pairs_of_proofs(self) -> None:
        """Compare with the model."""
        with self.world.registry.store.reading() as session:
            owners = sorted(session.execute(select(Session.person_id)).scalars())
        assert owners == sorted(person.id for person in self.let_in.values())

    @invariant()
    def no_token_but_a_sessions_is_a_session(self) -> None:
        """No step is taken for a session."""
        for token in self.model:
            assert sessions.find(self.world.registry, token, now=self.world.clock) is None


@pytest.mark.asvs("V6.3.3")
def test_class_25_no_order_of_steps_makes_a_session_without_both_proofs(
    sqlite_template: Path,
) -> None:
    machine: Callable[[], SignInMachine] = lambda: SignInMachine(sqlite_template)  # noqa: E731
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
