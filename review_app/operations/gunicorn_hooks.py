"""The web server's configuration file: what its master does besides (https://docs.gunicorn.org/en/stable/settings.html#server-hooks)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from review_app.operations.metric_files import VARIABLE, fold


def child_exit(server: Any, worker: Any) -> None:
    """A process that answered has ended, however: keep what it counted. The master must survive whatever comes of that."""
    try:
        fold(Path(os.environ[VARIABLE]), worker.pid)
    except Exception:
        server.log.exception("What process %s counted is not kept", worker.pid)
