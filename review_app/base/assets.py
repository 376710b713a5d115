"""Our own scripts and styles as they are sent: those of a page in one file, without comments and blanks.

The address carries a digest of the content, so that a browser may keep it for ever, and a new release is seen at once.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

import rcssmin
import rjsmin
from flask import Flask, Response, url_for

from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paths import STATIC

DESK_STYLES = (
    "tokens",
    "base",
    "frame",
    "control",
    "tag",
    "message",
    "list",
    "article",
    "meta",
    "review",
    "chart",
    "upload",
    "wayfinding",
    "bulk",
    "notes",
)
EVERYWHERE = ("focus_errors", "dirty_form", "show_password")

BUNDLES: Final[dict[str, tuple[str, ...]]] = {
    "desk.css": DESK_STYLES,
    "plain.css": ("tokens", "base", "frame", "control", "message"),
    "public.css": ("tokens", "base", "article", "public"),
    "early.js": ("keys", "row_keys", "palette", "scores", "key_reason"),
    "desk.js": (
        *EVERYWHERE,
        "log_in_again",
        "autosave",
        "draft_mirror",
        "return_to_row",
        "select_rows",
        "select_passage",
        "fill_note",
        "key_help",
        "undo_countdown",
    ),
    "plain.js": EVERYWHERE,
    "import.js": ("upload", "upload_progress"),
}
"""What each file is made of, in this order. `early.js` hears keys as soon as there is something to press."""

TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
FOR_EVER = 31_536_000


def serve_assets(app: Flask) -> None:
    """Attach them to the application: the route, and `asset(name)` for templates."""
    app.add_url_rule("/static/bundle/<string:filename>", "asset", _asset)
    app.jinja_env.globals["asset"] = _address


@cache
def content(name: str) -> bytes:
    """The whole of a bundle."""
    kind = name.rpartition(".")[2]
    shorten = rcssmin.cssmin if kind == "css" else rjsmin.jsmin
    files = (STATIC / kind / f"{part}.{kind}" for part in BUNDLES[name])
    return "\n".join(shorten(file.read_text("utf-8")) for file in files).encode()


@cache
def _named(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content(name)).hexdigest()[:12]}.{kind}"


def _address(name: str) -> str:
    return url_for("asset", filename=_named(name))


def _asset(filename: str) -> Response:
    """A bundle. Under the digest of another release there is today's, and then it is not to be kept."""
    kind = filename.rpartition(".")[2]
    name = f"{filename.partition('.')[0]}.{kind}"
    if name not in BUNDLES:
        raise NotFound(_l("There is no such file."))
    response = Response(content(name), content_type=TYPES[kind])
    response.cache_control.public = True
    if filename == _named(name):
        response.cache_control.max_age, response.cache_control.immutable = FOR_EVER, True
    else:
        response.cache_control.no_cache = True
    return response
