"""What a person sees of a kept form: everything they wrote, nothing that is secret."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.access.kept_content import Posted
from gateway.web.kept_fields import LONGEST, MOST, content_of

FORM = "application/x-www-form-urlencoded"


def posted(body: bytes, media_type: str = FORM) -> Posted:
    return Posted(target="/x", media_type=media_type, body=body)


@given(
    body=st.binary(max_size=2000),
    kind=st.sampled_from(
        [
            FORM,
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "application/json",
            "application/problem+json",
            "text/plain",
            "image/png",
            "",
            ";;;",
        ]
    ),
)
def test_whatever_was_sent_is_shown_or_said_to_be_unreadable(body: bytes, kind: str) -> None:
    content = content_of(posted(body, kind))

    assert len(content.fields) <= MOST
    assert all(len(each.value or "") <= LONGEST for each in content.fields)


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=20), max_size=5))
def test_json_shows_each_of_its_texts(values: dict[str, str]) -> None:
    fields = content_of(posted(json.dumps(values).encode(), "application/json")).fields

    shown = {each.name: each.value for each in fields if each.value is not None}
    assert shown.items() <= values.items()


def test_secrets_are_named_and_not_shown_tokens_are_not_even_named() -> None:
    body = (
        b"title=a&password=p1&new_passwd=p2&%E5%AF%86%E7%A0%81=p3&api_secret=p4&PIN=p5"
        b"&csrf_token=t1&csrfmiddlewaretoken=t2&authenticity_token=t3&_token=t4"
        b"&__VIEWSTATE=t5&confirm_code=123456"
    )
    fields = content_of(posted(body)).fields

    hidden = {each.name for each in fields if each.value is None}
    assert hidden == {"password", "new_passwd", "密码", "api_secret", "PIN"}
    assert [(each.name, each.value) for each in fields if each.value] == [("title", "a")]


def test_long_texts_and_long_forms_are_cut_openly() -> None:
    content = content_of(posted(b"a=" + b"x" * (LONGEST + 1) + b"&b=1" * MOST))

    assert content.fields[0].is_cut
    assert content.more == 1


def test_files_are_shown_by_name_and_size() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.pdf"\r\n\r\n12345\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="b.pdf"\r\n\r\n6\r\n'
        b'--x\r\nContent-Disposition: form-data; name="none"; filename=""\r\n\r\n\r\n--x--\r\n'
    )
    content = content_of(posted(body, "multipart/form-data; boundary=x"))

    assert [(each.name, each.size) for each in content.files] == [("a.pdf", 5), ("b.pdf", 1)]


def test_a_broken_form_is_unreadable_not_an_error() -> None:
    assert content_of(posted(b"{", "application/json")).unreadable
    assert content_of(posted(b"x", "application/octet-stream")).unreadable


def test_attack_a_form_nested_deeper_than_any_reader_follows_is_unreadable() -> None:
    for opening, value, closing in (("[", "1", "]"), ('{"a":', "1", "}")):
        deep = opening * 100_000 + value + closing * 100_000
        assert content_of(posted(deep.encode(), "application/json")).unreadable
        for depth in range(300, 1000, 7):  # read, and too deep to be written again
            nearly = opening * depth + value + closing * depth
            assert content_of(posted(nearly.encode(), "application/json")) is not None
