"""Redis, for the tests of what many machines share."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator

import pytest
import redis

from tests.support.servers import leashed, own_folder


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A Redis of our own on a free port of the loopback interface."""
    program = shutil.which("redis-server")
    if not program:
        pytest.fail("redis-server is not installed; `make test` installs it")
    port = _free_port()
    url = f"redis://127.0.0.1:{port}/0"
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with own_folder(None) as folder, leashed(command, folder, user=None, ready=lambda: _answers(url)):
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of an empty Redis."""
    with redis.Redis.from_url(redis_server) as connection:
        connection.flushall()
    return redis_server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as connection:
            return connection.ping()
    except redis.ConnectionError:
        return False
