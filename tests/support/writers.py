"""Files of each import format, written from records in the shape of JSON Lines: what our readers must read back the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

Written = dict[str, Any]
"""One record, nested as JSON Lines nests, with its `body`."""

LISTS = {"ai_outline", "stack", "tools", "checklist", "notes", "entities", "image_sources"}


def as_json_lines(records: Iterable[Written]) -> bytes:
    """One object a line."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def as_json(records: Iterable[Written], *, within: str = "", indent: int | None = None) -> bytes:
    """A list; or an object with the list under the key `within`, between two members of no interest."""
    listed = list(records)
    value = {"count": len(listed), within: listed, "links": {"next": None}} if within else listed
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()


def as_csv(records: Iterable[Written], delimiter: str = ",") -> bytes:
    """A table with a column for each path that any record has, lists as JSON texts."""
    rows = [flat(record) for record in records]
    columns = list(dict.fromkeys(path for row in rows for path in row))
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def flat(record: Written) -> dict[str, Any]:
    """A record by dotted paths."""
    cells: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            cells |= {f"{name}.{inner}": within for inner, within in value.items()}
        else:
            cells[name] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return cells


class _Plain(yaml.SafeDumper):
    """Writes a value out each time it stands there."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Every value: front matter has no aliases."""
        return True


def as_markdown(record: Written, text: str) -> bytes:
    """Front matter of all but the body, and the text in Markdown."""
    fields = {name: value for name, value in record.items() if name != "body"}
    front = yaml.dump(fields, Dumper=_Plain, allow_unicode=True, sort_keys=False)
    return f"---\n{front}---\n{text}".encode()


# --- texts ------------------------------------------------------------------------------------------------------------

Block = tuple[str, Any]
"""What a text is made of: `p` and `h2` with a sentence, `ul` with its items, `pre` with code, `figure` with address, text
and caption. Their words hold nothing that means something in Markdown or HTML."""


def html_of(blocks: Sequence[Block]) -> str:
    """A text in HTML, laid out as the Markdown renderer does it."""
    return "".join(_html(kind, said) + "\n" for kind, said in blocks)


def _html(kind: str, said: Any) -> str:
    if kind == "ul":
        return "<ul>\n" + "".join(f"<li>{item}</li>\n" for item in said) + "</ul>"
    if kind == "pre":
        return f"<pre><code>{said}\n</code></pre>"
    if kind == "figure":
        src, alt, caption = said
        return f'<figure><img src="{src}" alt="{alt}"><figcaption>{caption}</figcaption></figure>'
    return f"<{kind}>{said}</{kind}>"


def markdown_of(blocks: Sequence[Block]) -> str:
    """The same text in Markdown."""
    return "\n".join(_markdown(kind, said) + "\n" for kind, said in blocks)


def _markdown(kind: str, said: Any) -> str:
    if kind == "ul":
        return "\n".join(f"- {item}" for item in said)
    if kind == "pre":
        return f"```\n{said}\n```"
    if kind == "figure":
        src, alt, caption = said
        return f'![{alt}]({src} "{caption}")'
    return f"{'## ' if kind == 'h2' else ''}{said}"
