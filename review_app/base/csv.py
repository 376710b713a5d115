"""CSV for spreadsheets: no cell begins in a way that a spreadsheet takes for a formula.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full-width ones count too


def harmless(value: object) -> str | int | float:
    """A cell's value; a text that begins like a formula gets an apostrophe in front. None becomes empty."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_BEGINS) else text
