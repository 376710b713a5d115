"""What an open page sends as its draft: the fields of the form of a decision, and from which page and when."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.drafts.actions import Typed
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.drafts.rules import FIELDS, LATEST_SEQUENCE
from review_app.reviewing.forms import WHOLE_NUMBER, typed_text


def typed_of(sent: MultiDict[str, str]) -> Typed:
    """What was typed. Raises `Invalid` if the form does not say on which version of the article it was made.

    `made_on` is said by the page that shows a conflict, whose `row_version` is that of the version it was shown beside.
    """
    made_on = _whole(sent.get("made_on") or sent.get("row_version"))
    if made_on is None:
        raise Invalid(
            _l("The form does not say which version it was made from. Reload the page."),
            {"row_version": [_l("is needed")]},
        )
    fields = {name: [typed_text(value) for value in sent.getlist(name)] for name in FIELDS if name in sent}
    # A pressed button sends its status after the select's: a decision that was refused must not stay chosen there.
    fields["revision_status"] = fields.get("revision_status", [])[:1]
    return Typed(
        fields=fields,
        row_version=made_on,
        text_digest=typed_text(sent.get("made_on_text") or sent.get("text_digest")),
        tab=typed_text(sent.get("draft_tab")),
        sequence=_whole(sent.get("draft_sequence")),
        knows=_whole(sent.get("draft_known")) or 0,
    )


def sent_again(draft: Draft) -> MultiDict[str, str]:
    """A draft as the form that it was."""
    pairs = [(name, value) for name, values in draft.fields.items() for value in values]
    made_on = [("row_version", str(draft.row_version)), ("text_digest", draft.text_digest)]
    return MultiDict(pairs + made_on)


def _whole(text: str | None) -> int | None:
    if not text or not WHOLE_NUMBER.fullmatch(text):
        return None
    return min(int(text), LATEST_SEQUENCE)
