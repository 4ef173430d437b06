"""The system administrator's desk: people, links shown once, units, staff lists."""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime

import pytest
from web_office import PAGE, Browser, Office
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from gateway.identity import people

LINK = re.compile(r"/enrol/([A-Za-z0-9_-]{43})")
DRAFT = re.compile(r"/people/import/[0-9a-f-]{36}")


@pytest.fixture
def admin(stranger: Browser) -> Browser:
    """The browser of wangqiang, system administrator."""
    assert stranger.sign_in("wangqiang").status_code == 303
    return stranger


def page_of(office: Office, login: str) -> str:
    """The address of a person's page."""
    found = people.by_login(office.registry, login)
    assert found is not None
    return f"/people/{found.id}"


def new(admin: Browser, **given: str) -> object:
    """Send the form for a new account."""
    form = {"login": "sun.lixin", "name": "孙立新", "unit": "caiwu", "staff_number": "CZ1"}
    return admin.post("/people/new", form | given, page="/people/new")


def upload(admin: Browser, content: bytes, **fields: str) -> object:
    """Send a staff list."""
    file = FileStorage(io.BytesIO(content), "staff.csv")
    data = {"csrf_token": admin.token("/people/import"), **fields, "file": file}
    # Encoded in memory: the client's own way leaves a large body in a file that it never closes.
    body, length, boundary = stream_encode_multipart(data, threshold=1 << 30)
    return admin.client.post(
        "/people/import",
        base_url=admin.base,
        headers=PAGE,
        input_stream=body,
        content_length=length,
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def test_the_list_is_searched_by_name_login_number_unit_and_state(admin: Browser) -> None:
    """The address of the page reproduces the view."""
    new(admin)
    assert "6 人" in admin.get("/people/").text
    for query in ("q=孙", "q=SUN.L", "q=cz1", "unit=caiwu&state=invited", "roleless=1"):
        page = admin.get(f"/people/?{query}").text
        assert "孙立新" in page, query
        assert "陈静" not in page, query
    assert "没有人符合" in admin.get("/people/?q=nobody").text
    assert admin.get("/people/?page=9999&state=x&unit=%01&q=%FF").status_code == 200
    assert admin.get("/people/?unit=%00").status_code == 400


@pytest.mark.parametrize("login", ["liwen", "zhaomin", "chenjing", "zhouhang"])
def test_class_36_nobody_else_has_the_desk(stranger: Browser, office: Office, login: str) -> None:
    """Not the other officers either."""
    stranger.sign_in(login)
    for path in ("/people/", "/people/new", "/people/import", "/people/stale", "/units/"):
        assert stranger.get(path).status_code == 403, path
    assert stranger.get(page_of(office, "liwen")).status_code == 403


def test_new_account_has_a_link_shown_once_and_no_rights(admin: Browser, office: Office) -> None:
    """Admins neither see nor choose a password."""
    assert 'type="password"' not in admin.get("/people/new").text
    answer = new(admin, roles="auditor", role="auditor", clearance="4", password="x")
    token = LINK.search(answer.text)[1]  # type: ignore[attr-defined,index]
    assert office.desk.invitation(token, now=datetime.now(UTC)).login == "sun.lixin"
    found = people.by_login(office.registry, "sun.lixin")
    assert found is not None
    assert (found.roles, found.clearance) == (frozenset(), 0)
    where = page_of(office, "sun.lixin")
    assert token not in admin.get(where).text
    again = admin.post(f"{where}/link", page=where)
    assert LINK.search(again.text)[1] != token  # type: ignore[index]
    assert admin.get(f"/enrol/{token}").status_code != 200


def test_what_was_typed_wrong_is_said_at_its_field_and_kept(admin: Browser) -> None:
    """Nothing typed is lost."""
    answer = new(admin, login="wangqiang")
    assert answer.status_code >= 400  # type: ignore[attr-defined]
    assert 'href="#login"' in answer.text  # type: ignore[attr-defined]
    assert 'value="孙立新"' in answer.text  # type: ignore[attr-defined]


@pytest.mark.asvs("V7.4.2")
def test_disabling_says_what_it_means_and_ends_everything(admin: Browser, office: Office) -> None:
    """With a reason; the person is out at once."""
    where = page_of(office, "liwen")
    assert "会话" in admin.get(f"{where}/disable").text
    empty = admin.post(f"{where}/disable", {"reason": ""}, page=f"{where}/disable")
    assert empty.status_code == 422
    done = admin.post(f"{where}/disable", {"reason": "调离"}, page=f"{where}/disable")
    assert done.status_code == 303
    assert people.by_login(office.registry, "liwen").state == "disabled"  # type: ignore[union-attr]


def test_restored_account_has_no_rights(admin: Browser, office: Office) -> None:
    """An officer that was shut out does not come back as one by one officer's hand."""
    office.disable("liwen")
    where = page_of(office, "liwen")
    assert LINK.search(admin.post(f"{where}/restore", page=where).text)
    assert people.by_login(office.registry, "liwen").roles == frozenset()  # type: ignore[union-attr]


def test_class_26_one_officer_gets_no_link_for_an_account_in_use(
    admin: Browser, office: Office
) -> None:
    """A link makes its bearer the person: that takes two officers."""
    for login in ("liwen", "zhaomin", "chenjing"):
        where = page_of(office, login)
        answer = admin.post(f"{where}/link", page="/people/new")
        assert answer.status_code == 409
        assert not LINK.search(answer.text)


def test_the_last_officer_is_not_disabled(admin: Browser, office: Office) -> None:
    """The office would stand empty."""
    where = page_of(office, "zhaomin")
    admin.post(f"{where}/disable", {"reason": "x"}, page=f"{where}/disable")
    assert people.by_login(office.registry, "zhaomin").state == "active"  # type: ignore[union-attr]


def test_people_are_renamed_moved_and_numbered(admin: Browser, office: Office) -> None:
    """In one form and one transaction."""
    where = page_of(office, "liwen")
    form = {"name": "李文", "unit": "shenji", "staff_number": "cz7"}
    assert admin.post(f"{where}/change", form, page=f"{where}/change").status_code == 303
    found = people.by_login(office.registry, "liwen")
    assert found is not None
    assert (found.name, found.unit, found.staff_number) == ("李文", "shenji", "CZ7")
    form["unit"] = "nowhere"
    form["name"] = "别名"
    assert admin.post(f"{where}/change", form, page=f"{where}/change").status_code >= 400
    assert people.by_login(office.registry, "liwen").name == "李文"  # type: ignore[union-attr]


def test_staff_list_is_previewed_confirmed_and_slips_are_shown_once(
    admin: Browser, office: Office
) -> None:
    """Upload, look, confirm."""
    answer = upload(
        admin, "登录名,姓名,单位\nsun.lixin,孙立新,财务处\nliwen,李雯,审计处\n".encode("gb18030")
    )
    where = answer.headers["Location"]  # type: ignore[attr-defined]
    page = admin.get(where).text
    assert people.by_login(office.registry, "sun.lixin") is None
    seal = re.search(r'name="seal" value="([0-9a-f]{64})"', page)[1]  # type: ignore[index]
    done = admin.post(where, {"seal": seal}, page=where)
    assert len(set(LINK.findall(done.text))) == 1
    assert people.by_login(office.registry, "liwen").unit == "shenji"  # type: ignore[union-attr]
    assert admin.get(where).status_code == 404


def test_confirmation_of_something_else_shows_a_new_preview(admin: Browser, office: Office) -> None:
    """The yes is bound to what was seen."""
    answer = upload(admin, "登录名,姓名,单位\nliwen,李雯,审计处\n".encode())
    where = answer.headers["Location"]  # type: ignore[attr-defined]
    again = admin.post(where, {"seal": "0" * 64}, page=where)
    assert again.headers["Location"].endswith(where.rpartition("/")[2])
    assert people.by_login(office.registry, "liwen").unit == "caiwu"  # type: ignore[union-attr]


def test_every_bad_line_is_told_and_nothing_can_be_confirmed(admin: Browser) -> None:
    """Line, what, cure; a value cannot become markup."""
    bad = "登录名,姓名,单位\n<b>x,李,财务处\nhan,韩,火星处\n".encode()
    page = admin.get(upload(admin, bad).headers["Location"]).text  # type: ignore[attr-defined]
    assert "没有这个单位" in page
    assert "<b>x" not in page
    assert html.escape("<b>x") in page
    assert 'name="seal"' not in page


def test_large_file_is_taken_from_who_is_signed_in_alone(admin: Browser, app: object) -> None:
    """Beyond the list's own limit it is refused."""
    rows = "".join(f"p{n},人{n},财务处\n" for n in range(5_000))
    answer = upload(admin, f"登录名,姓名,单位\n{rows}".encode())
    assert answer.status_code == 303  # type: ignore[attr-defined]
    assert "5000" in admin.get(answer.headers["Location"]).text  # type: ignore[attr-defined]
    assert upload(admin, b"x" * (3 << 20)).status_code == 413  # type: ignore[attr-defined]


def test_units_are_added_renamed_moved_and_closed_by_forms_alone(admin: Browser) -> None:
    """No dragging, no script."""
    form = {"slug": "yusuan", "name_zh": "预算科", "name_en": "Budget", "parent": "caiwu"}
    assert admin.post("/units/new", form, page="/units/new").status_code == 303
    names = {"name_zh": "预算一科", "name_en": "Budget one"}
    assert admin.post("/units/yusuan/names", names, page="/units/yusuan").status_code == 303
    assert "预算一科" in admin.get("/units/").text
    moved = admin.post("/units/yusuan/place", {"parent": "-"}, page="/units/yusuan")
    assert moved.status_code == 303
    assert admin.post("/units/yusuan/close", page="/units/yusuan").status_code == 303
    assert "预算一科" not in admin.get("/units/").text


def test_unit_circle_is_neither_offered_nor_taken(admin: Browser) -> None:
    """What would make a circle is not in the list of places."""
    form = {"slug": "yusuan", "name_zh": "预算科", "name_en": "Budget", "parent": "caiwu"}
    admin.post("/units/new", form, page="/units/new")
    assert '<option value="yusuan"' not in admin.get("/units/caiwu").text
    answer = admin.post("/units/caiwu/place", {"parent": "yusuan"}, page="/units/caiwu")
    assert answer.status_code >= 400


def test_unit_with_people_or_named_by_a_service_is_not_closed(admin: Browser) -> None:
    """And the page says what stands in the way."""
    for slug, why in (("caiwu", "svc:ledger"), ("baomi", "(1)")):
        answer = admin.post(f"/units/{slug}/close", page=f"/units/{slug}")
        assert answer.status_code == 409
        assert why in answer.text


def test_stale_accounts_are_told_with_what_to_do(admin: Browser, office: Office) -> None:
    """Disabled, but still in roles."""
    office.disable("liwen")
    page = admin.get("/people/stale").text
    assert "李雯" in page
    assert "李雯" in admin.get("/people/?stale=1").text
    assert "王强" not in admin.get("/people/stale").text.split("<main", 1)[1].split("print-only")[0]
