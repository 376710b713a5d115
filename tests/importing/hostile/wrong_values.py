"""Values that the table in `docs/importing.md` refuses, by their field."""

from __future__ import annotations

A_SCORE = [-1, 101, 50.5, "94", "abc", True, [94], {"a": 1}, 10**20]
WRONG: dict[str, list[object]] = {
    "score.quality": A_SCORE,
    "score.clarity": A_SCORE,
    "flags.needs_human_review": ["maybe", 2, -1, 0.5, "on", [1]],
    "revision.version": ["1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.x", 1.2, "1.2.3-", "9" * 200],
    "revision.last_reviewed": ["2023-02-30", "2023-2-3", "03.02.2023", "2999-01-01", "yesterday", 20230101],
    "revision.status": [1, ["drafted"]],
    "view_count": [-1, 2**63, 1.5, "12", "1e3", True, [1]],
    "reading_time": [-1, 100_001, "9", 1.5],
    "payload.source_id": ["-a", "a b", "ä", "x" * 201, "../a", 7, "a\n", "<b>"],
    "title": ["", "   ", "x" * 501, 7, ["a"], "\u200b"],
    "excerpt": [7, ["a"], "a\0b"],
    "stack": ["flask", 7, [["a"]], [{"a": 1}]],
    "tools": ["x", ["x"] * 1_001],
    "entities": ["x", ["x"]],
    "topic": [["a"], "\ud800"],
    "body": ["a\0b", "\udfff", "x" * 1_000_001, "<div>" * 300],
}
