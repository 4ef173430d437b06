"""A page with a form: as it is asked for, or shown again with its problems."""

from __future__ import annotations

from flask import Response, make_response, render_template
from wtforms import Form

from gateway.web.forms import Problem, problems


def form_page(template: str, form: Form, problem: Problem | None, **more: object) -> Response:
    """The form as it was filled in, with everything that is wrong with it said."""
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template(template, form=form, problems=found, **more)
    return make_response(page, 422 if found else 200)
