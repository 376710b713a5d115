"""Answers that mean the same to a plain form and to htmx."""

from __future__ import annotations

import msgspec
from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from review_app.base.web import htmx

IN_FRAME = {"target": "#main", "swap": "innerHTML scroll:top scrollTarget:window"}


def asks_for_part() -> bool:
    """Whether htmx wants a part of the page. A page restored from the browser's history is wanted whole."""
    return bool(htmx) and not htmx.history_restore_request


def see_other(url: str) -> AnyResponse:
    """Go there next: 303, or for htmx, which would follow that in silence, the whole page by `HX-Redirect`."""
    if htmx:
        return Response(status=204, headers={"HX-Redirect": url})
    return redirect(url, 303)


def see_in_frame(url: str, shown: str | None = None) -> AnyResponse:
    """Go there next, but for htmx within the frame that stands. `shown`: the address to show, if it is another one."""
    if not htmx:
        return redirect(url, 303)
    where = msgspec.json.encode({"path": url, "push": shown or url, **IN_FRAME}).decode()
    return Response(status=204, headers={"HX-Location": where})


def put_into_frame(page: Response, url: str) -> Response:
    """Let this answer to htmx take the place of what stands in the frame, whatever part was asked for."""
    page.headers["HX-Retarget"], page.headers["HX-Reswap"] = IN_FRAME.values()
    page.headers["HX-Push-Url"] = url
    return page
