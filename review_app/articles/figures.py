"""How much of each article stands elsewhere. Evidence knows it, and stands above: it says here how it is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session


@dataclass(slots=True)
class _Source:
    read: Callable[[Session, Collection[int]], Mapping[int, int]] = lambda _session, _ids: {}
    hold: Callable[[Session], None] = lambda _session: None


_source = _Source()


def offer(
    read: Callable[[Session, Collection[int]], Mapping[int, int]], hold: Callable[[Session], None]
) -> None:
    """Say how the percentage of some articles is read, by id, and how to let nobody change one until a transaction ends."""
    _source.read, _source.hold = read, hold


def repeated(session: Session, ids: Collection[int]) -> Mapping[int, int]:
    """Of these articles, for each that was measured, which percentage of its paragraphs stands elsewhere too."""
    return _source.read(session, ids)


def hold(session: Session) -> None:
    """Wait for those that write such figures, and let nobody write them until the transaction ends."""
    _source.hold(session)
