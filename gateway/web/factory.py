"""`create_web`: the pages of one zone as one WSGI application."""

from __future__ import annotations

from flask import Flask, g, request

from gateway.refusals import Refused
from gateway.web import (
    access,
    account,
    asking,
    assets,
    audit,
    audit_charts,
    audit_entry,
    audit_now,
    authenticator,
    break_glass,
    campaigns,
    change_duties,
    change_effect,
    change_rules,
    change_terms,
    change_tests,
    change_versions,
    changes,
    checkpoint,
    decisions,
    duties,
    enrol,
    entry,
    errors,
    factors,
    fresh,
    glass,
    headers,
    hosts,
    i18n,
    kept,
    lanes,
    language,
    notices,
    officers,
    origin,
    passkey_due,
    password,
    people,
    people_acts,
    people_import,
    places,
    policy_workers,
    portal,
    receipts,
    recovery,
    reports,
    requests,
    retention,
    review_coverage,
    review_evidence,
    review_findings,
    review_rules,
    review_signoff,
    rights,
    rule_uses,
    service,
    session,
    sessions_admin,
    shell,
    sign_in,
    sign_ins,
    sign_out,
    step_up,
    storable,
    temporary,
    told,
    units,
    ways,
    well_known,
    written_rules,
)
from gateway.web.cookies import cookies_of
from gateway.web.desk import Desk, WebSettings
from policies.permissions import Permission

REFUSAL = "hangu.refusal"
"""Environ key: a `Refused` that the door met before Flask. Clients cannot set it, for what
they send arrives under `HTTP_…`."""

PAGES = (
    account,
    asking,
    authenticator,
    audit,
    audit_charts,
    audit_entry,
    audit_now,
    break_glass,
    campaigns,
    change_duties,
    change_effect,
    change_rules,
    change_terms,
    change_tests,
    change_versions,
    changes,
    checkpoint,
    decisions,
    duties,
    enrol,
    entry,
    factors,
    glass,
    kept,
    lanes,
    language,
    notices,
    officers,
    password,
    people,
    people_acts,
    people_import,
    policy_workers,
    portal,
    recovery,
    receipts,
    reports,
    requests,
    rights,
    rule_uses,
    retention,
    review_coverage,
    review_evidence,
    review_findings,
    review_rules,
    review_signoff,
    service,
    sessions_admin,
    sign_in,
    sign_ins,
    sign_out,
    step_up,
    temporary,
    units,
    ways,
    well_known,
    written_rules,
)


def create_web(desk: Desk, settings: WebSettings) -> Flask:
    """Build the pages. Nothing here reads a file of settings or the environment.

    Raises:
        UndeclaredRouteError: a route declares neither a permission nor why it is public.
        CatalogueMissingError: the translations were not compiled.
    """
    app = Flask("gateway.web", static_folder=None)
    app.config.from_mapping(
        MAX_CONTENT_LENGTH=settings.form_max_bytes,
        MAX_FORM_MEMORY_SIZE=settings.form_max_bytes,
        MAX_FORM_PARTS=200,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        TEMPLATES_AUTO_RELOAD=False,
    )
    cookies = cookies_of(settings.zone)
    house = session.House(desk=desk, settings=settings, cookies=cookies)
    tokens = origin.Tokens(desk.csrf_key, cookies=cookies, session_binding=session.session_binding)
    files = assets.load()

    storable.install(app)
    session.install(app, house)
    i18n.install(app, settings, cookies)
    shell.install(app, house, assets=files, tokens=tokens)
    told.install(app)
    fresh.install(app)
    notices.install(app)
    places.install(app, house)
    errors.install(app)
    app.register_blueprint(assets.blueprint(files))
    for page in PAGES:
        app.register_blueprint(page.pages)

    app.before_request_funcs[None] = [  # the guards of every request, in this order
        errors.name_request,
        session.start_clock,
        hosts.locate(desk, settings),
        raise_refusal,
        hosts.guard(app),
        people_import.allow_file,
        kept.same_person,
        kept.hold,
        storable.guard,  # reads the form, which has to be held whole by then
        origin.guard(app, tokens, own_origin=hosts.own_origin),
        access.guard(
            app,
            signed_in=lambda: session.visitor() is not None,
            is_allowed=_may,
            confirm=fresh.enforce,
        ),
        passkey_due.due,
        password.due,
    ]
    # Flask runs these from last to first: the headers come last and override everything.
    app.after_request_funcs[None] = [
        headers.writer(settings),
        tokens.keep_cookie,
        fresh.keep_cookie,
        told.forget,
    ]
    return app


def raise_refusal() -> None:
    """Guard: answer a refusal of the door, in its words and with every header."""
    refusal = request.environ.get(REFUSAL)
    if isinstance(refusal, Refused):
        raise refusal


def _may(permission: Permission) -> bool:
    desk, person = session.house().desk, session.person()
    allowed = desk.may(person, permission, now=g.now)
    if not allowed:
        desk.page_denied(person, permission, visit=session.visit())
    return allowed
