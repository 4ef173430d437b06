"""The bound on answers that run at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.slots import Held, Slots


def test_neither_one_session_nor_all_together_take_more_than_their_share() -> None:
    slots = Slots(3, each=2)
    first = slots.take("a")
    assert first is not None
    assert slots.take("a") is not None
    assert slots.take("a") is None
    assert slots.take("b") is not None
    assert slots.take("c") is None
    first()
    first()
    assert slots.take("c") is not None
    assert slots.take("d") is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_whatever_comes_and_goes_the_bounds_hold_and_all_comes_back(
    steps: list[tuple[str, bool]],
) -> None:
    slots, held = Slots(4, each=2), []
    for session, leaving in steps:
        if leaving and held:
            held.pop(0)[1]()
        elif (give_back := slots.take(session)) is not None:
            held.append((session, give_back))
        assert len(held) <= 4
        assert all(sum(name == each for name, _ in held) <= 2 for each in "abc")
    for _, give_back in held:
        give_back()
    assert all(slots.take(session) is not None for session in "aabb")


def test_a_slot_comes_back_even_if_closing_the_answer_fails() -> None:
    class Stubborn:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def close(self) -> None:
            raise BrokenPipeError

    slots = Slots(1, each=1)
    give_back = slots.take("a")
    assert give_back is not None
    answer = Held(Stubborn(), give_back)
    assert list(answer) == [b"x"]
    with pytest.raises(BrokenPipeError):
        answer.close()
    assert slots.take("a") is not None
