"""A real WordPress for as long as the tests run, and not a moment longer. The scripts stand in `tests/wordpress`.

Each test process has a site of its own (3 s): so no test sees the posts of another one that runs at the same time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.queues import _free_port
from tests.support.servers import own_folder

SCRIPTS = Path(__file__).parents[1] / "wordpress"
PROGRAMS = ("php", "mariadbd", "mariadb", "mariadb-install-db")
TREE = Path("/usr/share/wordpress/wp-load.php")

# The shell holds the site by a pipe from us. However we end, the pipe closes, and it stops the site and cleans up.
_LEASH = 'read -r _; exec "$0" --purge'


@dataclass(frozen=True)
class WordPress:
    """A site that runs: `env` says its addresses and who may come in."""

    folder: Path
    environment: dict[str, str]
    env: dict[str, str]

    @property
    def url(self) -> str:
        """Its address."""
        return self.env["WP_URL"]

    def run(self, script: str, *arguments: str) -> str:
        """Run one of the scripts on this site."""
        return _run(self.environment, script, *arguments)

    def call(self, method: str, route: str, **options: object) -> httpx.Response:
        """One call of its REST API, as an editor."""
        login = (self.env["WP_EDITOR_USER"], self.env["WP_APP_PASSWORD"])
        answer = httpx.request(
            method, self.env["WP_API"] + route, auth=login, trust_env=False, timeout=30, **options
        )
        answer.raise_for_status()
        return answer

    def sql(self, query: str) -> list[list[str]]:
        """The rows that a query of its database gives."""
        socket = f"--socket={self.folder / 'mysql.sock'}"
        done = subprocess.run(
            ["mariadb", "--no-defaults", socket, "--batch", "--skip-column-names", "wordpress", "-e", query],
            check=True,
            capture_output=True,
            text=True,
        )
        return [line.split("\t") for line in done.stdout.splitlines()]

    def requests(self) -> list[str]:
        """What was asked of it so far: a line each."""
        return (self.folder / "requests.log").read_text().splitlines()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The site is down while the block runs."""
        self.run("down")
        try:
            yield
        finally:
            self.run("up")


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    """A WordPress with 30 posts, drafts and pending ones."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing or not TREE.exists():
        pytest.fail("WordPress, PHP or MariaDB is not installed; `make test` installs them")
    with own_folder(None) as parent:
        folder = parent / "site"
        environment = os.environ | {"WP_STATE": str(folder), "WP_PORT": str(_free_port()), "WP_WORKERS": "2"}
        with _leashed(environment):
            told = _run(environment, "up")
            env = dict(line.split("=", 1) for line in told.splitlines() if line.startswith("WP_"))
            site = WordPress(folder, environment, env)
            site.run("seed", "30")
            yield site


@contextmanager
def _leashed(environment: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        ["/bin/sh", "-c", _LEASH, str(SCRIPTS / "down")],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that Ctrl-C reaches the tests, which then end it in order
    ) as shell:
        try:
            yield
        finally:
            shell.communicate()


def _run(environment: dict[str, str], script: str, *arguments: str) -> str:
    """Output goes to a file: the servers that `up` starts would keep a pipe open."""
    done = subprocess.run(
        [SCRIPTS / script, *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{script}: {done.stderr[-2000:]}"
    return done.stdout
