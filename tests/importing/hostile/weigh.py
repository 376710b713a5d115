"""Imports the worst files in a process of its own, and prints how much memory that took at most. For the test of it."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from review_app.app import create_app
from review_app.base.settings import Settings
from tests.importing.hostile.files import bombs
from tests.importing.hostile.test_hostile import imported
from tests.support.application import closing

ADDRESS_SPACE = 4 * 1024**3


def most_resident() -> int:
    """Megabytes. Not from `getrusage`, which counts what the parent held when it started this process."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) // 1024


def main() -> None:
    """One import after the other."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    files = bombs()
    before = most_resident()
    grown, seconds = {}, {}
    with closing(create_app(Settings.from_environment())) as app, app.app_context():
        for name, data in files.items():
            began = time.process_time()
            imported(data)
            seconds[name] = round(time.process_time() - began, 2)
            grown[name] = most_resident()
    json.dump(
        {"megabytes": max(grown.values()), "before": before, "after each": grown, "seconds": seconds},
        sys.stdout,
    )


if __name__ == "__main__":
    main()
