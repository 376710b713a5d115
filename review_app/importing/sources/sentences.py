"""Why a source could not be read, which the database keeps in English: known again when it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from review_app.base.kept_messages import known_again
from review_app.base.messages import lazy_gettext as _l

PROBLEMS: Final[Sequence[str]] = (
    _l("asks for a password, which the desk does not send to such addresses"),
    _l("does not let the desk in (403)"),
    _l("is not there (404)"),
    _l("is gone for good (410)"),
    _l("was asked too often (429)"),
    _l("was answered with %(status)s"),
    _l("is larger than %(most)s MiB"),
    _l("was not read to its end within %(most)s minutes"),
    _l("leads on to other addresses more than %(most)s times"),
    _l("did not answer within %(most)s seconds"),
    _l("was silent for %(most)s seconds"),
    _l("cannot be reached (%(cause)s)"),
    _l("broke off while it was read (%(cause)s)"),
    _l(
        "is at %(address)s, which is no public address; the desk goes there only if the setting"
        " REVIEW_ALLOW_PRIVATE_TARGETS is on"
    ),
    _l(
        "is at %(address)s, which is no public address but one of those where clouds keep their credentials;"
        " the desk never goes there, whatever the settings"
    ),
    _l("is at %(address)s, which is no public address; the desk never goes there, whatever the settings"),
    _l(
        "has several addresses, of which at least one is no public address; the desk goes to private ones only if the"
        " setting REVIEW_ALLOW_PRIVATE_TARGETS is on, and to others never"
    ),
)
"""What follows "The file" or "The site"."""

FAILURES: Final[Sequence[str]] = (
    _l("No folder of this machine may be read. The setting REVIEW_IMPORT_FOLDERS names those that may."),
    _l("That folder is not below one of those that REVIEW_IMPORT_FOLDERS names."),
    _l("There is no such folder on this machine."),
    _l("The folder cannot be read: %(cause)s."),
    _l("The file %(name)s cannot be read: %(cause)s."),
    _l("What came cannot be imported: %(cause)s"),
    _l("The password cannot be used: %(cause)s. Enter it again."),
    _l("The site does not let this user read the drafts of others: it takes an editor."),
    _l(
        "The posts of the site come without metadata: the plugin that shows them by the REST API is missing or switched off."
    ),
    _l("There is no WordPress there that answers by its REST API."),
    _l("The site does not accept the user name and the application password."),
    _l("The site does not let this user do that (403)."),
    _l("The site has no such address (404): is its REST API switched off?"),
    _l("The site was asked too often (429)."),
    _l("The site made a mistake (500)."),
    _l("The site is closed for the moment (503)."),
    _l("The site answered with an error (%(status)s)."),
    _l("The desk made a mistake while it read this; the server's log says which."),
    _l("The site leads on to %(address)s: enter that address instead."),
)
ABOUT: Final[Sequence[str]] = (_l("The file %(problem)s."), _l("The site %(problem)s."))


def told_failure(text: str) -> str:
    """A kept failure as the message it was made from; as it is if it is none of these."""
    found = known_again(text, FAILURES)
    return known_again(text, ABOUT, PROBLEMS) if found is text else found
