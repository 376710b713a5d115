"""Logging in and out, one's own profile, and the people of the desk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review_app.accounts import actions
from review_app.accounts.actions import TooManyFailures, WrongPassword
from review_app.accounts.again import asked_in_place, back_in_place, login_page, send_again_page
from review_app.accounts.forms import (
    ROLE_WORDS,
    HandlingForm,
    LoginForm,
    PasswordForm,
    PersonForm,
    ProfileForm,
    RoleForm,
    ThemeForm,
    TokenForm,
    profile_form,
)
from review_app.accounts.models import User
from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.queries import find_user, list_users, token_by_id, tokens_of, user_by_id
from review_app.accounts.rules import Permission, Role
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict
from review_app.base.kept import read_kept
from review_app.base.languages import flash, within
from review_app.base.problems import status_of
from review_app.base.security import safe_next_path
from review_app.base.web import same_site_referrer, settings

blueprint = Blueprint("accounts", __name__)
Found = TypeVar("Found")

QUEUE = "/queue"
"""Where work begins. An address, since accounts know nothing of the capabilities above them."""

SESSION_KEY = "_user_id"
"""Where Flask-Login keeps what `User.get_id` gives: the token of the session."""

pause = time.sleep


# --- coming and going -------------------------------------------------------------------------------------------------


@blueprint.get("/")
@permit(Permission.LOG_IN)
def home() -> Response:
    """The desk, or the door to it."""
    return redirect(QUEUE if current_user.is_authenticated else url_for("accounts.login"), 303)


@blueprint.get("/login")
@permit(Permission.LOG_IN)
def login() -> Response:
    """The door. Who is inside already goes on."""
    onward = safe_next_path(request.args.get("next"))
    if current_user.is_authenticated:
        return _go_on(LoginForm(), onward or QUEUE)
    return login_page(LoginForm(data={"next": onward or ""}))


@blueprint.post("/login")
@permit(Permission.LOG_IN)
def log_in() -> Response:
    """Check who comes, and begin a session for them."""
    form = LoginForm(request.form)
    onward = safe_next_path(form.next.data) or QUEUE
    if current_user.is_authenticated:
        return _go_on(form, onward)
    if not form.validate():
        return login_page(form, 422)
    try:
        user, token = _try(form)
    except (WrongPassword, TooManyFailures) as error:
        form.form_errors.append(error.detail)
        return _retry_later(login_page(form, status_of(error)), error)
    _enter(user, token)
    return _go_on(form, onward)


def _go_on(form: LoginForm, onward: str) -> Response:
    """Where somebody who is inside goes from the door: back to the open page, to the form that was kept, or onward."""
    if asked_in_place():
        return back_in_place(person())
    kept = read_kept(form.kept.data)
    return send_again_page(kept) if kept else redirect(onward, 303)


@blueprint.post("/logout")
@permit(Permission.LOG_IN)
def logout() -> Response:
    """End this browser's session, on the server too: a copy of its cookie is worth nothing from here on."""
    token = session.get(SESSION_KEY)
    if token:
        with transaction() as writes:
            actions.close_session(writes, token)
    session.clear()
    return redirect(url_for("accounts.login"), 303)


def _try(form: LoginForm) -> tuple[User, str]:
    account, address, now = actions.account_of(form.email.data or ""), _address(), utc_now()
    reads = db.session()
    actions.refuse_after_failures(reads, account, address, now)
    fits = actions.fitting_hash(find_user(reads, account), form.password.data or "")
    return _keeping_failures(
        lambda writes: actions.attempt_login(writes, account, fits, address=address, now=now)
    )


def _keeping_failures(check: Callable[[Session], Found]) -> Found:
    """Do what may find a password wrong, in one transaction that is kept even then: the failure is what it records.

    The answer to a wrong one waits, but not inside the transaction, where everybody would wait with it.
    """
    refusal: WrongPassword | TooManyFailures
    with transaction() as writes:
        try:
            return check(writes)
        except (WrongPassword, TooManyFailures) as error:
            refusal = error
    if isinstance(refusal, WrongPassword):
        pause(refusal.delay_seconds)
    raise refusal


def _retry_later(response: Response, error: WrongPassword | TooManyFailures) -> Response:
    if isinstance(error, TooManyFailures):
        response.headers["Retry-After"] = str(error.extra["retry_seconds"])
    return response


def _address() -> str:
    """Whose failures count together. The server's own word, unless a proxy that the settings trust says better."""
    return request.remote_addr or "unknown"


def _enter(user: User, token: str) -> None:
    """Give this browser a cookie that has nothing in common with the one it came with."""
    session.clear()
    user.session_token = token  # type: ignore[misc]  # no column, but each person's own
    login_user(user)
    session.permanent = True


# --- oneself ----------------------------------------------------------------------------------------------------------


@blueprint.get("/profile")
@permit(Permission.OWN_PROFILE)
def profile() -> Response:
    """What one may change about oneself."""
    return _profile_page()


@blueprint.post("/profile")
@permit(Permission.OWN_PROFILE)
def change_profile() -> Response:
    """Take over name, time zone, language and colours."""
    form = profile_form(person(), request.form)
    if not form.validate():
        return _profile_page(form, status=422)
    with transaction():
        seen = {name: form[name].data for name in ("time_zone", "theme", "language")}
        actions.set_profile(person(), name=form.name.data or "", **seen)
    g.language = person().language
    flash(_("Your profile is saved."), "success")
    return redirect(url_for("accounts.profile"), 303)


@blueprint.post("/profile/handling")
@permit(Permission.OWN_PROFILE)
def change_handling() -> Response:
    """Keys on or off, and how long one can take a decision back."""
    form = HandlingForm(request.form)
    if not form.validate():
        return _profile_page(handling=form, status=422)
    keys, seconds = bool(form.single_keys.data), form.undo_seconds.data
    with transaction():
        actions.set_handling(person(), single_keys=keys, undo_seconds=seconds)
    flash(_("Saved: that is how you decide from now on."), "success")
    return redirect(url_for("accounts.profile"), 303)


@blueprint.post("/profile/theme")
@permit(Permission.OWN_PROFILE)
def change_theme() -> Response:
    """The switch at the foot of every page; one stays where one is."""
    form = ThemeForm(request.form)
    if form.validate():
        with transaction():
            user = person()
            actions.set_profile(user, name=user.name, time_zone=user.time_zone, theme=form.theme.data)
    return redirect(safe_next_path(same_site_referrer()) or url_for("accounts.profile"), 303)


@blueprint.post("/profile/password")
@permit(Permission.OWN_PROFILE)
def change_password() -> Response:
    """A new password ends every session; this browser gets a new one."""
    form = PasswordForm(request.form)
    if not form.validate():
        return _profile_page(password=form, status=422)
    try:
        token = _renew(form)
    except (WrongPassword, TooManyFailures) as error:
        form.old.errors = [
            _("That is not your password.") if isinstance(error, WrongPassword) else error.detail
        ]
        return _retry_later(_profile_page(password=form, status=status_of(error)), error)
    _enter(person(), token)
    flash(_("Your password is changed. Every other browser is logged out."), "success")
    return redirect(url_for("accounts.profile"), 303)


def _renew(form: PasswordForm) -> str:
    user, address, now = person(), _address(), utc_now()
    actions.refuse_after_failures(db.session(), user.email, address, now)
    fits = actions.fitting_hash(user, form.old.data or "")

    def change(writes: Session) -> str:
        actions.confirm_password(writes, user, fits, address=address, now=now)
        actions.change_password(writes, user, form.new.data or "", actor=actor(), now=now)
        return actions.open_session(writes, user, now)

    return _keeping_failures(change)


@blueprint.post("/profile/tokens")
@permit(Permission.OWN_PROFILE)
def add_token() -> Response:
    """Make an API token. It stands in this answer alone, never in a cookie or an address, so no redirect follows."""
    form = TokenForm(request.form)
    if not form.validate():
        return _profile_page(token=form, status=422)
    with transaction() as writes:
        secret = actions.add_token(writes, person(), form.token_name.data or "", actor=actor(), now=utc_now())
    return _profile_page(secret=secret, status=201)


@blueprint.delete("/profile/tokens/<int:token_id>")
@permit(Permission.OWN_PROFILE)
def revoke_token(token_id: int) -> Response:
    """End a token of one's own."""
    with transaction() as writes:
        token = token_by_id(writes, token_id, owner=person())
        actions.revoke_token(writes, token, actor=actor(), now=utc_now())
    flash(_("The token “%(name)s” is revoked.", name=token.name), "success")
    return redirect(url_for("accounts.profile"), 303)


def _profile_page(
    form: ProfileForm | None = None,
    *,
    password: PasswordForm | None = None,
    token: TokenForm | None = None,
    handling: HandlingForm | None = None,
    secret: str = "",
    status: int = 200,
) -> Response:
    """The profile, the one form that was refused given back as it was sent. `secret` is a new token, shown this once."""
    page = render_template(
        "accounts/profile.html",
        form=form or profile_form(person()),
        password_form=password or PasswordForm(),
        token_form=token or TokenForm(),
        handling_form=handling or HandlingForm(obj=person()),
        undo_seconds=settings().undo_seconds,
        tokens=tokens_of(db.session(), person()),
        secret=secret,
        role_words=ROLE_WORDS,
    )
    return make_response(page, status)


# --- people -----------------------------------------------------------------------------------------------------------


@blueprint.get("/admin/users")
@permit(Permission.MANAGE_ACCOUNTS)
def users() -> Response:
    """Everybody who has an account."""
    return _users_page()


@blueprint.post("/admin/users")
@permit(Permission.MANAGE_ACCOUNTS)
def add_user() -> Response:
    """Add a person. A password that was made up stands in this answer alone."""
    form = PersonForm(request.form)
    if not form.validate():
        return _users_page(form, status=422)
    made_up = "" if form.password.data else actions.random_password()
    try:
        with transaction() as writes:
            user = actions.add_user(
                writes,
                form.email.data or "",
                form.password.data or made_up,
                Role(form.role.data),
                actor=actor(),
                now=utc_now(),
                name=form.name.data or "",
            )
    except Conflict as error:
        form.email.errors = [error.detail]
        return _users_page(form, status=422)
    return _users_page(secret=(user, made_up), status=201)


@blueprint.put("/admin/users/<int:user_id>/role")
@permit(Permission.MANAGE_ACCOUNTS)
def change_role(user_id: int) -> Response:
    """Promote or demote a person."""
    form = RoleForm(request.form)
    if not form.validate():
        return _users_page(problem=_("Choose one of the roles."), status=422)
    role = Role(form.role.data)
    return _change(
        user_id, lambda writes, user: actions.change_role(writes, user, role, actor=actor(), now=utc_now())
    )


@blueprint.put("/admin/users/<int:user_id>/access")
@permit(Permission.MANAGE_ACCOUNTS)
def enable(user_id: int) -> Response:
    """Let a person in again."""
    return _change(
        user_id, lambda writes, user: actions.enable_user(writes, user, actor=actor(), now=utc_now())
    )


@blueprint.delete("/admin/users/<int:user_id>/access")
@permit(Permission.MANAGE_ACCOUNTS)
def disable(user_id: int) -> Response:
    """Shut a person out, at once and everywhere."""
    return _change(
        user_id, lambda writes, user: actions.disable_user(writes, user, actor=actor(), now=utc_now())
    )


def _change(user_id: int, change: Callable[[Session, User], None]) -> Response:
    """Change one person and go back to the list; what stands against it is said there."""
    try:
        with transaction() as writes:
            user = user_by_id(writes, user_id)
            change(writes, user)
    except Conflict as error:
        return _users_page(problem=error.detail, status=status_of(error))
    who = {"name": user.name, "role": within(ROLE_WORDS[Role(user.role)])}
    said = (
        _("%(name)s: %(role)s, may log in.", **who)
        if user.is_active
        else _("%(name)s: %(role)s, is shut out.", **who)
    )
    flash(said, "success")
    return redirect(url_for("accounts.users", after=request.args.get("after")), 303)


@blueprint.post("/admin/users/<int:user_id>/password")
@permit(Permission.MANAGE_ACCOUNTS)
def reset_password(user_id: int) -> Response:
    """Give a person a made-up password. It stands in this answer alone."""
    secret = actions.random_password()
    with transaction() as writes:
        user = user_by_id(writes, user_id)
        actions.change_password(writes, user, secret, actor=actor(), now=utc_now())
    return _users_page(secret=(user, secret))


def _users_page(
    form: PersonForm | None = None,
    *,
    problem: str = "",
    secret: tuple[User, str] | None = None,
    status: int = 200,
) -> Response:
    """The list. `secret` is a person and the password made up for them, shown this once."""
    after = request.args.get("after")
    page = list_users(db.session(), after)
    values = {"form": form or PersonForm(), "page": page, "after": after, "role_words": ROLE_WORDS}
    return make_response(
        render_template("accounts/users.html", **values, problem=problem, secret=secret), status
    )
