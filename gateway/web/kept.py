"""No lost work: a form whose session was over is kept, offered, and sent at its person's word."""

from __future__ import annotations

from uuid import UUID

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.access.forms import KEPT, PAGE, Resumed
from gateway.access.kept import CLAIM_FIELD
from gateway.access.kept_content import Posted
from gateway.access.kept_refusals import FormOfAnother, FormTooLarge, TooManyForms
from gateway.web import told
from gateway.web.access import MARK, SAFE_METHODS, Place, public
from gateway.web.cookies import new_token
from gateway.web.kept_fields import content_of
from gateway.web.origin import FormExpired
from gateway.web.paths import PORTAL, own_address, sign_in_to
from gateway.web.session import house, is_replaced, visit, visitor

pages = Blueprint("kept", __name__, url_prefix=PAGE)
_WHY = "whom a form was kept for is asked for in the view, on services' hosts too"


@pages.get("/<uuid:form_id>")
@public(_WHY, place=Place.BOTH)
def show(form_id: UUID) -> Response:
    """What was about to be sent, with two buttons. Nobody else sees it."""
    who = visitor()
    if who is None:
        return _sign_in(form_id)
    here = house()
    offer = here.desk.kept_form(
        who,
        form_id,
        service=g.service,
        browser=here.cookies.kept.read(request),
        visit=visit(),
    )
    page = render_template(
        "kept.html",
        offer=offer,
        content=content_of(offer.posted),
        claim_field=CLAIM_FIELD,
        card=None if g.service is None else _card(),
    )
    return make_response(page)


@pages.post("/<uuid:form_id>/discard")
@public(_WHY, place=Place.BOTH)
def discard(form_id: UUID) -> Response:
    """Forget it, and go to the first page of where it was to go."""
    who = visitor()
    if who is None:
        return _sign_in(form_id)
    here = house()
    here.desk.discard_form(
        who,
        form_id,
        service=g.service,
        browser=here.cookies.kept.read(request),
        visit=visit(),
    )
    response = make_response(redirect(PORTAL, code=303))
    return response if g.service is not None else told.say(response, "form_discarded")


def hold() -> None:
    """Guard: what is sent to a page is held whole, so that it can be kept.

    A form whose session is over may be as large as what is kept. Raises FormTooLarge.
    """
    if not _is_for_people():
        return
    if visitor() is None and house().cookies.session.read(request) is not None:
        most = max(house().settings.form_max_bytes, house().settings.kept_form_bytes)
        request.max_content_length = request.max_form_memory_size = most
        if (request.content_length or 0) > most:
            raise FormTooLarge(sign_in_to(PORTAL))
    request.get_data()


def same_person() -> None:
    """Guard: a form that was kept goes out in the session of its person alone."""
    resumed: Resumed | None = request.environ.get(KEPT)
    who = visitor()
    if resumed is not None and (who is None or who.current.person_id != resumed.person_id):
        raise FormOfAnother


def instead(error: FormExpired) -> Response | None:
    """Keep the form that was refused for an old token; None if it is nobody's whom we know."""
    here, who = house(), visitor()
    token = here.cookies.session.read(request)
    if not _is_for_people() or (who is None and token is None):
        return None
    body = request.get_data()
    if len(body) > here.settings.kept_form_bytes:
        raise FormTooLarge(sign_in_to(PORTAL))
    browser = here.cookies.kept.read(request) or new_token()
    try:
        form_id = here.desk.keep_form(
            _posted(body),
            person=who,
            token=token,
            is_of=error.is_of,
            browser=browser,
            visit=visit(),
        )
    except TooManyForms:
        raise TooManyForms(sign_in_to(PORTAL)) from None
    if form_id is None:
        return None
    offered = url_for("kept.show", form_id=form_id)
    go = offered if who is not None or is_replaced() else sign_in_to(offered)
    response = make_response(redirect(go, code=303))
    here.cookies.kept.put(response, browser)
    return response


def wanted(slug: str, to: str) -> tuple[str, str]:
    """The method and path that going to `to` of a service leads to in the end.

    Raises:
        FormOver, FormOfAnother: it leads to a kept form that is not this person's.
    """
    who = visitor()
    form_id = _form_of(to)
    if form_id is None or who is None:
        return "GET", to
    return "POST", house().desk.target_of_form(who, form_id, service=slug, visit=visit())


def _form_of(to: str) -> UUID | None:
    if not to.startswith(f"{PAGE}/"):
        return None
    try:
        return UUID(to.removeprefix(f"{PAGE}/"))
    except ValueError:
        return None


def _is_for_people() -> bool:
    """Whether an unsafe request is for a page of the gateway that needs a person."""
    if request.method in SAFE_METHODS or request.endpoint is None or g.service is not None:
        return False
    view = current_app.view_functions[request.endpoint]
    return getattr(view, MARK).permission is not None


def _posted(body: bytes) -> Posted:
    headers = request.headers
    return Posted(
        target=own_address(),
        media_type=headers.get("Content-Type", ""),
        origin=headers.get("Origin", ""),
        referer=headers.get("Referer", ""),
        body=body,
    )


def _card() -> object:
    desk = house().desk
    return desk.card(desk.any_service(g.service), now=g.now)


def _sign_in(form_id: UUID) -> Response:
    """To the sign-in, and back here. A tab that asked a moment too early asks again."""
    address = url_for(".show", form_id=form_id)
    if g.service is not None:
        return make_response(
            redirect(f"{house().settings.public_url}/open/{g.service}?to={address}", code=303)
        )
    if is_replaced():
        return make_response(render_template("bounce.html", target=address, meanwhile=True))
    return make_response(redirect(sign_in_to(address), code=303))
