"""`export`: published articles as files in a folder of this machine, one an article, for whatever builds a site of them.

A file appears, changes and goes away whole. The folder lies below `REVIEW_EXPORT_DIR`; see `export/folder.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from review_app.publishing.export.folder import BadFolder, Folder, open_folder
from review_app.publishing.export.pages import page
from review_app.publishing.export.records import line
from review_app.publishing.export.rules import SUFFIX, Format, file_name
from review_app.publishing.kinds.face import Content, Outcome, Parcel, Place, Remote, Result, Seen

TRIED = ".review-desk-was-here"
Verb = Callable[[Folder, str, Content], Remote]


class Export:
    """`options` names the `folder`, from that of the settings or whole, and may name a `format` (`markdown`)."""

    name = "export"
    at_once = 50
    senders = 1
    hears: frozenset[str] | None = frozenset({"publication.requested", "article.withdrawn"})

    def check(self, place: Place) -> Outcome:
        """Whether a file can be written there and taken away again."""
        request = _request(place, TRIED)
        try:
            with _folder(place) as folder:
                folder.write(TRIED, b"")
                folder.remove(TRIED)
        except (BadFolder, OSError) as error:
            return Outcome(Result.RETRY, _words(error), request=request)
        return Outcome(Result.DONE, request=request)

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Write each article's file, or another in its place."""
        return _each(place, parcels, _write)

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Take each article's file away."""
        return _each(place, parcels, _remove)

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # other kinds tell
        """A folder holds articles alone."""
        return [Outcome(Result.DONE)] * len(parcels)

    def verify(self, place: Place, content: Content) -> Seen | None:  # noqa: ARG002  # other kinds look
        """The public does not see the folder."""
        return None


def _each(place: Place, parcels: Sequence[Parcel], verb: Verb) -> list[Outcome]:
    try:
        with _folder(place) as folder:
            outcomes = [_one(place, folder, parcel, verb) for parcel in parcels]
            folder.keep()
            return outcomes
    except (BadFolder, OSError) as error:
        return [Outcome(Result.RETRY, _words(error), request=_request(place, ""))] * len(parcels)


def _one(place: Place, folder: Folder, parcel: Parcel, verb: Verb) -> Outcome:
    content = parcel.content
    if content is None:
        return Outcome(Result.FAILED, "there is no article to write")
    name = file_name(content.source_id, SUFFIX[_format(place)])
    try:
        remote = verb(folder, name, content)
    except OSError as error:
        return Outcome(Result.RETRY, _words(error), request=_request(place, name))
    return Outcome(Result.DONE, request=_request(place, name), remote=remote)


def _write(folder: Folder, name: str, content: Content) -> Remote:
    record = content.record
    folder.write(name, line(record) if name.endswith(SUFFIX[Format.JSONL]) else page(record))
    for other in _names(content) - {name}:
        folder.remove(other)
    return Remote(remote_id=name, state="published", version=content.version)


def _remove(folder: Folder, name: str, content: Content) -> Remote:
    for one in _names(content):
        folder.remove(one)
    return Remote(remote_id=name, state="withdrawn", version=content.version)


def _names(content: Content) -> set[str]:
    """In every format: the target may have had another one before."""
    return {file_name(content.source_id, suffix) for suffix in SUFFIX.values()}


def _folder(place: Place) -> AbstractContextManager[Folder]:
    below = Path(place.export_dir) if place.export_dir else None
    return open_folder(below, str(place.options.get("folder", "")))


def _format(place: Place) -> Format:
    return Format(place.options.get("format") or Format.MARKDOWN)


def _request(place: Place, name: str) -> dict[str, str]:
    return {"folder": str(place.options.get("folder", "")), "file": name}


def _words(error: BadFolder | OSError) -> str:
    if isinstance(error, OSError):
        return f"the folder cannot be written to: {os.strerror(error.errno) if error.errno else error}"
    return str(error)
