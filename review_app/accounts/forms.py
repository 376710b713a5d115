"""The shape of what people type about themselves and each other."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from werkzeug.datastructures import MultiDict
from wtforms.fields import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import (
    DataRequired,
    EqualTo,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    ValidationError,
)

from review_app.accounts.actions import NAME_LENGTH, normal_email
from review_app.accounts.models import User
from review_app.accounts.rules import UNDO_SECONDS, Role
from review_app.base.errors import Invalid
from review_app.base.forms import Form
from review_app.base.languages import LANGUAGES
from review_app.base.messages import lazy_gettext as _l
from review_app.base.security import PASSWORD_LENGTH

REGIONS = frozenset(
    {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)
"""Zones outside these are old aliases, or fixed offsets that know no summer time."""
THEME_WORDS = {"": _l("As the system"), "light": _l("Light"), "dark": _l("Dark")}
ROLE_WORDS = {
    Role.REVIEWER: _l("Reviewer"),
    Role.LEAD: _l("Team lead"),
    Role.ADMIN: _l("Administrator"),
}
LEAST, MOST = PASSWORD_LENGTH
GOOD_PASSWORD = Length(LEAST, MOST, message=_l("A password has %(min)s to %(max)s characters."))


def storable(text: str | None) -> str:
    """Without NUL, which PostgreSQL keeps in no text, and without blanks around it."""
    return (text or "").replace("\0", "\ufffd").strip()


class LoginForm(Form):
    email = EmailField(_l("Email"), [DataRequired(_l("Type your email address."))], filters=[storable])
    password = PasswordField(_l("Password"), [InputRequired(_l("Type your password."))])
    next = HiddenField()
    kept = HiddenField()


class ProfileForm(Form):
    """What a person may change about themselves: nothing else is read from what is sent."""

    name = StringField(
        _l("Name"),
        [
            DataRequired(_l("Type a name.")),
            Length(max=NAME_LENGTH, message=_l("A name has at most %(max)s characters.")),
        ],
        filters=[storable],
    )
    time_zone = SelectField(_l("Time zone"), validate_choice=True)
    language = SelectField(
        _l("Language"),
        choices=[
            SelectChoice("", _l("As the browser asks")),
            *(SelectChoice(code, name) for code, name in LANGUAGES.items()),
        ],
    )
    theme = RadioField(
        _l("Colours"), choices=[SelectChoice(value, text) for value, text in THEME_WORDS.items()]
    )


class HandlingForm(Form):
    """How a person decides. Nothing in `undo_seconds` is as the desk is set."""

    single_keys = BooleanField(_l("Keys act on the page"))
    undo_seconds = IntegerField(
        _l("Seconds to take a decision back"),
        [Optional(), NumberRange(*UNDO_SECONDS, message=_l("Choose from %(min)s to %(max)s seconds."))],
    )


class ThemeForm(Form):
    theme = RadioField(choices=[SelectChoice(value) for value in THEME_WORDS])


class PasswordForm(Form):
    old = PasswordField(_l("Password now"), [InputRequired(_l("Type the password you have now."))])
    new = PasswordField(_l("New password"), [InputRequired(_l("Type a new password.")), GOOD_PASSWORD])
    again = PasswordField(_l("New password again"), [EqualTo("new", _l("The two new passwords differ."))])


class TokenForm(Form):
    token_name = StringField(
        _l("What it is for"),
        [
            DataRequired(_l("Name the program.")),
            Length(max=NAME_LENGTH, message=_l("At most %(max)s characters.")),
        ],
        filters=[storable],
    )


class RoleForm(Form):
    role = SelectField(
        _l("Role"), choices=[SelectChoice(role.value, text) for role, text in ROLE_WORDS.items()]
    )


class PersonForm(RoleForm):
    """A new person. Without a password one is made up."""

    email = EmailField(_l("Email"), [DataRequired(_l("Type an email address."))])
    name = StringField(
        _l("Name"),
        [Length(max=NAME_LENGTH, message=_l("A name has at most %(max)s characters."))],
        filters=[storable],
    )
    password = PasswordField(_l("Password"), [Optional(strip_whitespace=False), GOOD_PASSWORD])

    def validate_email(self, field: EmailField) -> None:
        """As strict as the action, so that the message stands at the field."""
        try:
            normal_email(field.data or "")
        except Invalid as error:
            raise ValidationError(error.detail) from error


def profile_form(user: User, data: MultiDict[str, str] | None = None) -> ProfileForm:
    """The profile as it is, or as it was sent. The zone a person has stays a choice, even an old alias."""
    form = ProfileForm(data, obj=user)
    zones = _zones()
    form.time_zone.choices = [SelectChoice(zone) for zone in sorted({*zones, user.time_zone})]
    return form


@cache
def _zones() -> frozenset[str]:
    return frozenset(zone for zone in available_timezones() if zone.split("/")[0] in REGIONS) | {"UTC"}
