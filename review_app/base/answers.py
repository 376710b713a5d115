"""Answers that mean the same to a plain form and to htmx."""

from __future__ import annotations

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from review_app.base.web import htmx


def asks_for_part() -> bool:
    """Whether htmx wants a part of the page. A page restored from the browser's history is wanted whole."""
    return bool(htmx) and not htmx.history_restore_request


def see_other(url: str) -> AnyResponse:
    """Go there next: 303, or for htmx, which would follow that in silence, the whole page by `HX-Redirect`."""
    if htmx:
        return Response(status=204, headers={"HX-Redirect": url})
    return redirect(url, 303)
