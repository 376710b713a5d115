"""CSV for spreadsheets: no cell begins in a way that a spreadsheet takes for a formula.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

from datetime import date

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full-width ones count too


def harmless(value: object) -> str | int | float:
    """A cell's value; a text that begins like a formula gets an apostrophe in front. None becomes empty, a date ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_BEGINS) else text
