"""How often an open page says that it is open, and when one counts as gone. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

BEAT_SECONDS: Final = 10
GONE_AFTER: Final = timedelta(seconds=30)
