"""Which way the text of an article runs, as a whole and block by block; and its code in boxes that scroll. Pure.

Like the functions for images in `markup`, this takes what `sanitise` gave, and replaces whole tags by others.
"""

from __future__ import annotations

import re

LOOKED_AT = 20_000
"""Characters of the HTML by which the direction of the whole is told."""
BEGINNING = 300
"""Characters of a block in which its first letter is looked for; a block without any runs as what it stands in."""
CODE = r"<pre>.*?</pre>|<code>.*?</code>"
NO_PROSE = re.compile(rf"{CODE}|<[^>]*>|&#?\w+;", re.DOTALL)
TO_THE_FIRST_LETTER = re.compile(rf"(?:{CODE}|<[^>]*>|&#?\w+;|[\W\d_])*+", re.DOTALL)
RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
BLOCK = re.compile(r"<(p|h[2-6]|ul|ol|dl|blockquote|table|figcaption)((?: [^>]*)?)>|<pre>")


def direction_of(html: str) -> str:
    """`rtl` if most letters of the prose run from right to left, else `ltr`; code does not count."""
    prose = NO_PROSE.sub("", html[:LOOKED_AT])
    against = len(RIGHT_TO_LEFT.findall(prose))
    return "rtl" if 2 * against > sum(map(str.isalpha, prose)) else "ltr"


def directed(html: str, whole: str) -> str:
    """Each block runs as its own first letter does, code aside, which says so where the `whole` runs otherwise.

    Code is a box of its own that scrolls by keyboard.
    """
    return BLOCK.sub(lambda tag: _box(tag) or _with_direction(tag, whole), html)


def _box(tag: re.Match[str]) -> str:
    return "" if tag[1] else '<pre tabindex="0" role="group" aria-label="Code">'


def _with_direction(tag: re.Match[str], whole: str) -> str:
    until = tag.end() + BEGINNING
    start = TO_THE_FIRST_LETTER.match(tag.string, tag.end(), until)
    letter = tag.string[start.end() : start.end() + 1] if start and start.end() < until else ""
    direction = "rtl" if RIGHT_TO_LEFT.match(letter) else "ltr"
    differs = letter.isalpha() and direction != whole
    return f'<{tag[1]}{tag[2]} dir="{direction}">' if differs else tag[0]
