"""Whether lines of a page text are code or prose. Nothing marks code there, so it is told by its signs."""

from __future__ import annotations

import re
from collections.abc import Sequence

ENOUGH_OF_A_LINE = 2_000
"""Longer lines are judged by so many characters."""

# What prose hardly ever has.
SIGNS = re.compile(
    r"[{};\\]\s*$|^\s*[}\])]|=>|->|::|:=|[=!<>]=|&&|\|\||[-+*/.]=|</\w|/>|<\w+[ >]|<\?|\$[\w{(]|\w\(\)"
    r"|\w\([^()]{0,200}\)\s{0,4}[;:{\[.]|(?:^|\s)--?[a-zA-Z][\w-]*(?:[ =]|$)|\s[|=<>]\s|\w\[[\w'\"$:-]{0,60}\]"
    r"|^\s*(?:\#!?|//|/\*|\*/|>>>|\$)\s?\S|`\w|^\s*@\w+"
)
SETTING = re.compile(r"^\s*(?:- )?[\w.\"'-]+\s*(?::|=)(?:\s+\S.{0,60})?$|^\s*\[[\w.:\" -]+\]$")
CLAUSE = re.compile(
    r"^\s*(?:select\b.*\bfrom\b|explain\s+select\b|insert\s+into\b|update\s+\w+\s+set\b|delete\s+from\b"
    r"|(?:create|alter|drop)\s+(?:table|index|view|database)\b|(?:def|class|func|fn|function)\s+\w+\s*[(:{]"
    r"|(?:left\s+|inner\s+)?join\s+\w+\s+on\b|(?:order|group)\s+by\s+\w|limit\s+[0-9]+"
    r"|(?:for|while|until|if|elif|case)\b.*(?:;\s*(?:do|then)|\sin)$|(?:done|fi|esac|end)$)",
    re.IGNORECASE,
)
IMPORT = re.compile(
    r"^(?:import|use|using|package|require|include)\s+[\w.:/\\'\"<>{}, *]+;?$|^from\s+[\w.]+\s+import\s+[\w., *]+$"
)
COMMAND_IN_CAPITALS = re.compile(
    r"^\s*(?:FROM|RUN|COPY|CMD|ENV|WORKDIR|SELECT|WHERE|VALUES|SET|JOIN|GET|POST|PUT)\s\S"
)
# A token with punctuation within, such as a path, an option or an address.
TOKEN = re.compile(r"(?:^|\s)(?:[\w.-]*[_/@=\\:][\w$][^\s]*|/\w[^\s]*)")
PLAIN_WORD = re.compile(r"[\"'“‘(]?[^\W\d_]+(?:['’-][^\W\d_]+)*[,.;:!?\"'”’)]*")
SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟")
QUOTES = "\"'”’)»"


def looks_like_code(lines: Sequence[str]) -> bool:
    """Whether neighbouring lines are code: at least half of them have signs of it, and not half are sentences."""
    if any("•" in line[:20] for line in lines):
        return False
    sentences = sum(_is_sentence(line) for line in lines)
    if 2 * sentences >= len(lines):
        return False
    outer = min(indent(line) for line in lines)
    signs = sum(_has_signs(line) or (indent(line) > outer + 1 and len(lines) > 1) for line in lines)
    if 2 * signs >= len(lines):
        return True
    # Several lines without one sentence among them, and with paths or names in most.
    return (
        len(lines) > 1
        and not sentences
        and 2 * sum(bool(TOKEN.search(_part(line))) for line in lines) > len(lines)
    )


def may_begin_code(lines: Sequence[str]) -> bool:
    """Whether the lines are imports, which are code if code follows, and may be a heading else."""
    return all(IMPORT.match(_part(line)) for line in lines)


def reads_as_prose(lines: Sequence[str]) -> bool:
    """Whether any of the lines is clearly for reading."""
    return any(_is_sentence(line) and _is_mostly_words(line) for line in lines)


def open_brackets(lines: Sequence[str]) -> int:
    """How many more brackets open than close."""
    text = "".join(lines)
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


def indent(line: str) -> int:
    """How many blanks a line begins with."""
    return len(line) - len(line.lstrip())


def _has_signs(line: str) -> bool:
    part = _part(line)
    if CLAUSE.match(part) or COMMAND_IN_CAPITALS.match(part):
        return not _is_sentence(part)
    return bool(SIGNS.search(part) or SETTING.match(part)) and not _is_mostly_words(part)


def _is_sentence(line: str) -> bool:
    text = _part(line).strip().rstrip(QUOTES)
    return (
        text.endswith(SENTENCE_ENDS)
        and len(text.split()) >= 4
        and (text[0].isalnum() or text[0] in "\"'“‘(¿¡<")
    )


def _is_mostly_words(line: str) -> bool:
    words = _part(line).split()
    plain = sum(bool(PLAIN_WORD.fullmatch(word)) for word in words)
    return (
        len(words) >= 8 and 4 * plain >= 3 * len(words) and not line.rstrip().endswith((";", "{", "}", "\\"))
    )


def _part(line: str) -> str:
    return line[:ENOUGH_OF_A_LINE]
