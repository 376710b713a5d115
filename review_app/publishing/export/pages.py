"""A record as a page of Markdown with front matter, as `importing/readers/markdown.py` reads it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import yaml

from review_app.articles.markup import TooMuchMarkup, sanitise
from review_app.importing.echoes import PLACE, READS_AS, TEXT_OF, body_digest
from review_app.importing.readers.front_matter import Fault
from review_app.importing.readers.markdown import rendered
from review_app.publishing.export.prose import to_markdown
from review_app.publishing.export.records import BODY

FASTEST: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The same in C, where it was built with it."""


class _Dumper(FASTEST):  # type: ignore[misc]  # chosen at run time
    """Without anchors, which the reader refuses; texts of several lines in one, so that none can look like a fence."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # as YAML asks
        return True


def _text(dumper: Any, text: str) -> Any:
    style = '"' if "\n" in text or "\r" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def page(record: Mapping[str, Any]) -> bytes:
    """The record's file: its fields in YAML between lines of `---`, its text in Markdown below."""
    text = to_markdown(record[BODY])
    fields = {name: value for name, value in record.items() if name != BODY}
    if PLACE in record:
        fields[PLACE] = {**record[PLACE], **_digests(record[BODY], text)}
    front = io.StringIO()
    yaml.dump(fields, front, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    return f"---\n{front.getvalue()}---\n\n{text}".encode()


def _digests(html: str, text: str) -> dict[str, str]:
    """What the page was made of and what our importer makes of it, so that the desk it came from knows its own text again."""
    try:
        back = sanitise(rendered(text)).html
    except (Fault, TooMuchMarkup):
        return {}
    return {TEXT_OF: body_digest(html), READS_AS: body_digest(back)}
