"""Coming back after a session has ended: in place where a page asks for it, by a second step without JavaScript.

In place means that `log_in_again.js` asks for the form, shows it in a dialog over what was typed, and sends what was refused once
more with the new forgery token. That token is told for the page's own person only: never is a form sent as somebody else.
"""

from __future__ import annotations

from flask import Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import generate_csrf

from review_app.accounts.forms import LoginForm
from review_app.accounts.models import User
from review_app.base.kept import Kept


def asked_in_place() -> bool:
    """Whether an open page asks, and not a browser on its way somewhere."""
    return request.headers.get("HX-Request-Type") == "partial"


def login_page(form: LoginForm, status: int = 200) -> Response:
    """The form for logging in: a page, or what goes into the dialog."""
    if asked_in_place():
        form.email.id, form.password.id = "again-email", "again-password"
        return make_response(render_template("accounts/_log_in_again.html", form=form), status)
    return make_response(render_template("accounts/login.html", form=form), status)


def back_in_place(user: User) -> Response:
    """To the page of the same person the new forgery token; to that of another the reason why it is not used."""
    if request.headers.get("X-Person") == str(user.id):
        return jsonify(csrf_token=generate_csrf())
    return make_response(render_template("accounts/_another_person.html", user=user), 409)


def send_again_page(form: Kept) -> Response:
    """What was typed before, to be looked at and sent: by hand, since somebody else may have logged in."""
    return make_response(render_template("accounts/send_again.html", form=form))
