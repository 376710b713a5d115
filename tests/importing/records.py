"""Records as a source would send them."""

from __future__ import annotations

import copy
import json
from typing import Any

RECORD: dict[str, Any] = {
    "title": "Retrying failed jobs without doubling them",
    "excerpt": "A retry is a promise to do the same thing once.",
    "topic": "retrying failed jobs / celery",
    "stack": ["celery", "queue", "python"],
    "tools": ["beat", "flower"],
    "code_language": "python",
    "difficulty": "intermediate",
    "reading_time": 6,
    "view_count": 9223372036854775807,
    "score": {"quality": 81, "freshness": 64, "depth": 70, "clarity": 88},
    "revision": {"status": "drafted", "version": "1.4.2", "last_reviewed": "2023-05-17"},
    "flags": {"ai_generated_style": 1, "has_images": 0, "image_heavy": 0, "needs_human_review": 1},
    "payload": {"source_id": "desk-000001", "seed": 1},
    "body": "<p>A retry is a promise.</p><h2>Checks</h2><ul><li>count the tries</li></ul>",
}


def record(source_id: str = "desk-000001", **changes: Any) -> dict[str, Any]:
    """A good record; dotted names reach inside: `**{"revision.version": "2.0.0"}`."""
    made = copy.deepcopy(RECORD)
    made["payload"]["source_id"] = source_id
    for name, value in changes.items():
        inner, _, last = name.rpartition(".")
        (made[inner] if inner else made)[last] = value
    return made


def lines(*records: dict[str, Any] | str) -> bytes:
    """JSON Lines of records; a text stands as it is."""
    return "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in records).encode()
