"""The switches of the kinds."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from review_app.notifications.rules import Kind


def wanted_kinds(sent: MultiDict[str, str]) -> frozenset[Kind]:
    """The kinds that are ticked; what is no kind counts for nothing."""
    return frozenset(Kind(kind) for kind in sent.getlist("kind") if kind in set(Kind))
