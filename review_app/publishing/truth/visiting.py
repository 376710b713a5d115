"""Asking for public pages as any visitor would: without credentials, gently, and not again where nobody answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from urllib.parse import urlsplit

from review_app.base.outbound import Answer, TargetClient, Unreachable, call, target_client
from review_app.publishing.truth.rules import GIVE_UP_AFTER, MOST_A_SECOND


class Visitor:
    """Keeps one client and one pace for each host, as long as the block runs. Not for several threads."""

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self.stack = ExitStack()
        self.clients: dict[str, TargetClient] = {}
        self.next_at: dict[str, float] = {}
        self.silent: dict[str, list[str]] = {}

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stack.close()

    def get(self, url: str, *, most_bytes: int, headers: Mapping[str, str] | None = None) -> Answer:
        """One GET, at the pace of its host. A redirect is an answer. Raises `Unreachable`, at once if the host is silent."""
        host = urlsplit(url).netloc
        failed = self.silent.setdefault(host, [])
        if len(failed) >= GIVE_UP_AFTER:
            raise Unreachable(failed[-1])
        self._wait_for(host)
        try:
            answer = call(self._client(url), "GET", url, headers=headers or {}, most_bytes=most_bytes)
        except Unreachable as error:
            failed.append(str(error))
            raise
        failed.clear()
        return answer

    def _client(self, url: str) -> TargetClient:
        place = urlsplit(url)
        key = f"{place.scheme}://{place.netloc}"
        if key not in self.clients:
            client = target_client(url, allow_private=self.allow_private)
            self.clients[key] = self.stack.enter_context(client)
        return self.clients[key]

    def _wait_for(self, host: str) -> None:
        now = time.monotonic()
        at = max(now, self.next_at.get(host, now))
        self.next_at[host] = at + 1 / MOST_A_SECOND
        time.sleep(at - now)
