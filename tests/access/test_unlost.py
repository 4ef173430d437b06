"""No lost work, through the real door: the gateway's own forms, and those of a real service."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from echo_upstream import headers_of
from web_fixtures import compiled_catalogues, office_template
from web_office import TOKEN, Office
from whole_office import Answer, Tabs, events, let_expire, whole_office

__all__ = ["compiled_catalogues", "office_template"]

SERVICE = "http://forms.intranet.localhost"
CLAIM = re.compile(r'name="hangu_kept" value="([^"]+)"')
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": SERVICE, "Referer": SERVICE}
OWN = {"Content-Type": "application/x-www-form-urlencoded"}
REASON = "title=预算调整&password=hunter2&csrfmiddlewaretoken=abc".encode()


@pytest.fixture
def office(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """The whole office on a port."""
    with whole_office(office_template, tmp_path) as opened:
        yield opened


@pytest.fixture
def tabs(office: Office) -> Tabs:
    """The browser of liwen, in the service, her session over for want of activity."""
    made = Tabs(office)
    made.enter("forms", made.sign_in("liwen", ago=timedelta(minutes=20)))
    let_expire(office)
    return made


def send(tabs: Tabs, offered: Answer, target: str, *, at: str = SERVICE) -> Answer:
    """Press "Send it now"."""
    found = CLAIM.search(offered.text)
    assert found is not None, offered.text
    body = f"hangu_kept={found[1]}\r\n".encode()
    return tabs.ask("POST", f"{at}{target}", body=body, headers={"Content-Type": "text/plain"})


def names(office: Office) -> list[str]:
    return [each["ev"] for each in events(office) if each["ev"].startswith("form.")]


def test_a_services_form_is_kept_offered_and_sent_as_it_was(office: Office, tabs: Tabs) -> None:
    refused = tabs.ask("POST", f"{SERVICE}/books/7?edit=1", body=REASON, headers=FORM)
    assert refused.status == 303
    assert "/open/forms?to=/.hangu/kept/" in refused.location

    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)
    assert offered.status == 200
    assert "预算调整" in offered.text
    assert "/books/7?edit=1" in offered.text
    assert "hunter2" not in offered.text
    assert "csrfmiddlewaretoken" not in offered.text
    sent = send(tabs, offered, "/books/7?edit=1")

    assert sent.shown["line"] == "POST /books/7?edit=1 HTTP/1.1"
    assert sent.shown["body"].encode("latin-1") == REASON
    assert headers_of(sent.shown, "Content-Type") == [FORM["Content-Type"]]
    assert headers_of(sent.shown, "Origin") == [SERVICE]
    assert headers_of(sent.shown, "Content-Length") == [str(len(REASON))]
    assert names(office) == ["form.kept", "form.offered", "form.sent"]


def test_attack_a_form_is_not_sent_twice_by_reload(office: Office, tabs: Tabs) -> None:
    refused = tabs.ask("POST", f"{SERVICE}/pay-once", body=REASON, headers=FORM)
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)
    assert send(tabs, offered, "/pay-once").status == 200

    assert send(tabs, offered, "/pay-once").status == 410
    assert names(office)[-1] == "form.sent"


@pytest.mark.parametrize("size", [0, 1, 65536, 262144])
def test_files_of_any_size_that_is_kept_come_back_byte_for_byte(tabs: Tabs, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"\x00" * (size % 256)
    border = uuid.uuid4().hex
    head = (
        f'--{border}\r\nContent-Disposition: form-data; name="plan"; filename="方案.xlsx"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{border}--\r\n".encode()
    body = head + content[: max(0, size - len(head) - len(tail))] + tail
    kind = {**FORM, "Content-Type": f"multipart/form-data; boundary={border}"}
    refused = tabs.ask("POST", f"{SERVICE}/upload", body=body, headers=kind)
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)

    assert "方案.xlsx" in offered.text
    assert send(tabs, offered, "/upload").shown["body"].encode("latin-1") == body


def test_json_that_a_page_sends_as_a_form_comes_back(tabs: Tabs) -> None:
    kind = {**FORM, "Content-Type": "application/json"}
    body = '{"标题": "预算", "行": [1, 2]}'.encode()
    refused = tabs.ask("POST", f"{SERVICE}/api/save", body=body, headers=kind)
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)

    assert "标题" in offered.text
    sent = send(tabs, offered, "/api/save").shown
    assert sent["body"].encode("latin-1") == body
    assert headers_of(sent, "Content-Type") == ["application/json"]


def test_a_form_too_large_is_refused_in_plain_words_and_leads_nowhere(
    office: Office, tabs: Tabs
) -> None:
    seen = tabs.ask("POST", f"{SERVICE}/upload", body=b"x" * 262145, headers=FORM)

    assert seen.status == 413
    assert "/open/forms" in seen.text
    assert not seen.location
    assert names(office) == []


def test_scripts_get_a_document_never_a_redirect_and_nothing_is_kept(
    office: Office, tabs: Tabs
) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        seen = tabs.ask(method, f"{SERVICE}/api", body=b"", headers=FORM, page=False)
        kind = dict(seen.headers)["content-type"]
        assert (seen.status, kind) == (401, "application/problem+json"), method
        assert dict(seen.headers)["www-authenticate"].startswith("Hangu realm=")
        assert not seen.location
    assert names(office) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Dest": "iframe"},
    ],
)
def test_attack_another_sites_form_is_never_kept_for_offering(
    office: Office, tabs: Tabs, headers: dict[str, str]
) -> None:
    seen = tabs.ask("POST", f"{SERVICE}/transfer", body=REASON, headers=FORM | headers)

    assert seen.status == 401
    assert not seen.location
    assert names(office) == []


def test_attack_without_a_cookie_or_with_a_made_up_one_nothing_is_kept(
    office: Office, tabs: Tabs
) -> None:
    jar = tabs.jars["forms.intranet.localhost"]
    for cookie in ({}, {"__Host-hangu-intranet-svc": "A" * 43}):
        jar.clear()
        jar.update(cookie)
        seen = tabs.ask("POST", f"{SERVICE}/books", body=REASON, headers=FORM)
        assert seen.status == 401
        assert not seen.location
    assert names(office) == []


def test_attack_another_person_who_signs_in_here_never_sees_it(office: Office, tabs: Tabs) -> None:
    refused = tabs.ask("POST", f"{SERVICE}/books", body=REASON, headers=FORM)
    tabs.sign_in("zhouhang", ago=timedelta(minutes=1))
    seen = tabs.go(refused.location)

    assert seen.status == 403
    assert "预算" not in seen.text
    assert names(office) == ["form.kept", "form.refused"]
    tabs.sign_in("liwen", ago=timedelta(minutes=2))
    assert "预算调整" in tabs.go(refused.location).text


def test_attack_the_address_of_an_offer_opens_nothing_in_another_browser(
    office: Office, tabs: Tabs
) -> None:
    """The victim's own session, in a browser that never sent the form."""
    refused = tabs.ask("POST", f"{SERVICE}/books", body=REASON, headers=FORM)
    other = Tabs(office)
    other.sign_in("liwen", ago=timedelta(minutes=1))
    seen = other.go(refused.location)

    assert seen.status == 403
    assert "预算" not in seen.text


def test_attack_a_claim_from_another_site_sends_nothing(office: Office, tabs: Tabs) -> None:
    refused = tabs.ask("POST", f"{SERVICE}/books", body=REASON, headers=FORM)
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)
    found = CLAIM.search(offered.text)
    assert found is not None
    seen = tabs.ask(
        "POST",
        f"{SERVICE}/books",
        body=f"hangu_kept={found[1]}\r\n".encode(),
        headers={"Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"},
    )

    assert seen.status in {401, 403}
    assert "form.sent" not in names(office)


def test_several_tabs_keep_each_their_own_form(office: Office, tabs: Tabs) -> None:
    bodies = [f"n={number}".encode() for number in range(3)]
    refused = [
        tabs.ask("POST", f"{SERVICE}/tab/{n}", body=body, headers=FORM)
        for n, body in enumerate(bodies)
    ]
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    for number in (2, 0, 1):
        offered = tabs.go(refused[number].location)
        sent = send(tabs, offered, f"/tab/{number}").shown
        assert sent["body"].encode() == bodies[number]


def test_the_account_lists_ones_own_forms_and_leads_to_each(office: Office, tabs: Tabs) -> None:
    account = "http://intranet.localhost/account/"
    tabs.ask("POST", f"{SERVICE}/books", body=REASON, headers=FORM)
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    shown = tabs.ask("GET", account).text
    assert "预算调整" not in shown
    found = re.search(r'href="(/open/forms\?to=/\.hangu/kept/[^"]+)"', shown)
    assert found is not None

    other = Tabs(office)
    other.sign_in("zhouhang", ago=timedelta(minutes=1))
    assert found[1] not in other.ask("GET", account).text

    offered = tabs.go(f"http://intranet.localhost{found[1]}")
    assert "预算调整" in offered.text
    send(tabs, offered, "/books")
    assert found[1] not in tabs.ask("GET", account).text


def test_a_discarded_form_is_gone(office: Office, tabs: Tabs) -> None:
    refused = tabs.ask("POST", f"{SERVICE}/books", body=REASON, headers=FORM)
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)
    form_token = TOKEN.findall(offered.text)[-1]
    found = re.search(r'action="(/\.hangu/kept/[^"]+/discard)"', offered.text)
    assert found is not None
    gone = tabs.ask(
        "POST", SERVICE + found[1], body=f"csrf_token={form_token}".encode(), headers=OWN
    )

    assert gone.status == 303
    assert names(office)[-1] == "form.discarded"
    assert send(tabs, offered, "/books").status == 410


def test_a_form_waits_again_if_the_service_does_not_answer(office: Office, tabs: Tabs) -> None:
    down = "http://down.intranet.localhost"
    tabs.jars["intranet.localhost"].clear()
    tabs.enter("down", tabs.sign_in("liwen", ago=timedelta(minutes=9)))
    let_expire(office)
    refused = tabs.ask("POST", f"{down}/books", body=REASON, headers=FORM)
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)
    assert send(tabs, offered, "/books", at=down).status == 502

    offered = tabs.go(refused.location)
    assert "预算调整" in offered.text
    assert names(office) == ["form.kept", "form.offered", "form.sent", "form.kept"]


def test_a_form_that_needs_a_fresh_proof_is_kept_and_goes_out_after_it(
    office: Office, tabs: Tabs
) -> None:
    token = tabs.sign_in("liwen", ago=timedelta(minutes=2))
    tabs.enter("forms", token)
    refused = tabs.ask("POST", f"{SERVICE}/pay/7", body=REASON, headers=FORM)
    assert refused.status == 303
    asked = tabs.go(refused.location)
    assert asked.status == 401
    assert "5 分钟" in asked.text
    to = re.search(r'name="to" value="([^"]+)"', asked.text)
    assert to is not None
    code = office.code("liwen")
    confirmed = tabs.ask(
        "POST",
        "http://intranet.localhost/step-up/forms",
        body=f"csrf_token={TOKEN.findall(asked.text)[-1]}&to={to[1]}&confirm_code={code}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert confirmed.status == 200
    assert tabs.jars["intranet.localhost"]["__Host-hangu-intranet"] != token
    offered = tabs.go(f"/open/forms?to={to[1]}")
    sent = send(tabs, offered, "/pay/7")

    assert sent.shown["body"].encode("latin-1") == REASON
    decisions = [each for each in events(office) if each["ev"].startswith("decision.")]
    assert decisions[0]["why"] == "fresh_proof_needed"
    assert decisions[0]["d"]["fresh_minutes"] == 5
    assert decisions[-1]["ev"] == "decision.allowed"
    assert tabs.ask("GET", f"{SERVICE}/pay/8").status == 200


@pytest.mark.asvs("V7.5.3")
def test_a_script_is_told_how_fresh_a_proof_is_wanted(office: Office, tabs: Tabs) -> None:
    tabs.enter("forms", tabs.sign_in("liwen", ago=timedelta(minutes=2)))
    seen = tabs.ask("POST", f"{SERVICE}/pay/7", body=b"{}", page=False)

    assert seen.status == 401
    challenge = dict(seen.headers)["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="300"' in challenge
    assert not seen.location
    assert names(office) == []


def test_a_stronger_sign_in_is_asked_for_in_words(office: Office, tabs: Tabs) -> None:
    vault = "http://vault.intranet.localhost/papers"
    tabs.enter("vault", tabs.sign_in("liwen", ago=timedelta(minutes=2)))
    script = tabs.ask("GET", vault, page=False)
    assert 'acr_values="3"' in dict(script.headers)["www-authenticate"]
    page = tabs.go(vault)

    assert page.status == 401
    assert "通行密钥" in page.text
    assert "stronger=1" in page.text


def test_the_return_address_is_a_page_and_never_what_a_script_asked_for(
    office: Office, tabs: Tabs
) -> None:
    page = tabs.ask("GET", f"{SERVICE}/books?x=1")
    assert page.location.endswith("/open/forms?to=/books%3Fx%3D1")
    for headers in (
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "websocket"},
        {"X-Requested-With": "XMLHttpRequest"},
    ):
        seen = tabs.ask("GET", f"{SERVICE}/logo.png", headers=headers)
        assert (seen.status, seen.location) == (401, ""), headers


def own_form(tabs: Tabs, page: str) -> bytes:
    """A form of the gateway's own, filled in."""
    found = TOKEN.findall(tabs.ask("GET", f"http://intranet.localhost{page}").text)
    return f"csrf_token={found[-1]}&reason=临时查阅&until=2099-01-01".encode()


def test_a_form_of_our_own_is_kept_offered_and_sent(office: Office) -> None:
    tabs = Tabs(office)
    tabs.sign_in("liwen", ago=timedelta(minutes=20))
    body = own_form(tabs, "/requests/new/payroll")
    let_expire(office)
    own = "http://intranet.localhost"
    refused = tabs.ask("POST", f"{own}/requests/new/payroll", body=body, headers=OWN)
    assert refused.status == 303
    assert refused.location.startswith("/sign-in?next=%2F.hangu%2Fkept%2F")

    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    offered = tabs.go(refused.location)
    assert "临时查阅" in offered.text
    sent = send(tabs, offered, "/requests/new/payroll", at=own)
    # What comes back is the form itself, with what was typed and what is wrong with it.
    assert sent.status == 422
    assert "临时查阅" in sent.text
    assert names(office) == ["form.kept", "form.offered", "form.sent"]


def test_a_tab_that_was_open_before_one_signed_in_anew_keeps_its_form(office: Office) -> None:
    tabs = Tabs(office)
    tabs.sign_in("liwen", ago=timedelta(minutes=9))
    body = own_form(tabs, "/requests/new/payroll")
    tabs.sign_in("liwen", ago=timedelta(minutes=1))
    own = "http://intranet.localhost"
    refused = tabs.ask("POST", f"{own}/requests/new/payroll", body=body, headers=OWN)

    assert refused.location.startswith("/.hangu/kept/")
    assert "临时查阅" in tabs.go(refused.location).text


def test_attack_a_form_of_another_persons_tab_is_not_shown_to_who_signed_in_after(
    office: Office,
) -> None:
    tabs = Tabs(office)
    tabs.sign_in("liwen", ago=timedelta(minutes=9))
    body = own_form(tabs, "/requests/new/payroll")
    tabs.sign_in("zhouhang", ago=timedelta(minutes=1))
    own = "http://intranet.localhost"
    refused = tabs.ask("POST", f"{own}/requests/new/payroll", body=body, headers=OWN)

    assert (refused.status, refused.location) == (403, "")
    assert names(office) == []


def test_attack_a_form_with_a_made_up_token_is_not_kept(office: Office) -> None:
    tabs = Tabs(office)
    tabs.sign_in("liwen", ago=timedelta(minutes=20))
    let_expire(office)
    own = "http://intranet.localhost"
    for body in (b"reason=x", b"csrf_token=AAAA&reason=x"):
        seen = tabs.ask("POST", f"{own}/requests/new/payroll", body=body, headers=OWN)
        assert (seen.status, seen.location) == (403, "")
    assert names(office) == []


@pytest.mark.asvs("V7.2.4")
def test_a_tab_that_asks_with_the_token_before_is_not_signed_out(office: Office) -> None:
    tabs = Tabs(office)
    old = tabs.sign_in("liwen", ago=timedelta(minutes=2))
    page = tabs.ask("GET", "http://intranet.localhost/account/password")
    body = f"csrf_token={TOKEN.findall(page.text)[-1]}&confirm_code={office.code('liwen')}"
    tabs.ask("POST", "http://intranet.localhost/account/password", body=body.encode(), headers=OWN)
    assert tabs.jars["intranet.localhost"]["__Host-hangu-intranet"] != old
    late = Tabs(office, {"intranet.localhost": {"__Host-hangu-intranet": old}})
    seen = late.ask("GET", "http://intranet.localhost/account/")

    assert seen.status == 200
    assert 'content="1; url=/account/"' in seen.text
    assert "李雯" not in seen.text
    assert late.ask("GET", "http://intranet.localhost/account/", page=False).status == 401


def test_a_script_of_our_own_pages_with_a_dead_session_gets_401_and_keeps_nothing(
    office: Office,
) -> None:
    tabs = Tabs(office)
    tabs.sign_in("liwen", ago=timedelta(minutes=20))
    body = own_form(tabs, "/requests/new/payroll")
    let_expire(office)
    seen = tabs.ask(
        "POST", "http://intranet.localhost/account/stay", body=body, headers=OWN, page=False
    )

    kind = dict(seen.headers)["content-type"]
    assert (seen.status, kind) == (401, "application/problem+json")
    assert dict(seen.headers)["www-authenticate"].startswith("Hangu realm=")
    assert names(office) == []
