"""That no two targets are one place: each would write there without knowing of the other; and what is another place."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.base.settings import Settings
from review_app.publishing.export.folder import BadFolder, parts_below
from review_app.publishing.kinds.wordpress_address import same_place
from review_app.publishing.models import Target
from review_app.publishing.targets.rules import HOLDS_ARTICLES, TargetKind
from review_app.publishing.targets.wanted import Wanted


def check_place_is_free(
    session: Session, wanted: Wanted, settings: Settings, *, but: int | None = None
) -> None:
    """Raise `Invalid` if another target than `but` is the same WordPress site or the same folder."""
    if wanted.kind not in HOLDS_ARTICLES:
        return
    # Locked, so that of two who add the same place at once the second sees the first.
    others = session.scalars(
        select(Target).where(Target.kind == wanted.kind.value, Target.id != (but or 0)).with_for_update()
    )
    for other in others:
        if wanted.kind is TargetKind.WORDPRESS and same_place(wanted.url, other.url):
            raise _taken("url", other)
        others_folder = str(other.options.get("folder", ""))
        if wanted.kind is TargetKind.EXPORT and _same_folder(
            wanted.folder, others_folder, settings.export_dir
        ):
            raise _taken("folder", other)


def is_another_place(wanted: Wanted, old: Wanted, settings: Settings) -> bool:
    """Whether articles that were brought to the old one do not stand at the new one."""
    if wanted.kind is TargetKind.WORDPRESS:
        return not same_place(wanted.url, old.url)
    if wanted.kind is TargetKind.EXPORT and wanted.folder != old.folder:
        return not _same_folder(wanted.folder, old.folder, settings.export_dir)
    return False


def _same_folder(folder: str, other: str, export_dir: Path | None) -> bool:
    try:
        return parts_below(export_dir, folder) == parts_below(export_dir, other)
    except BadFolder:
        return False


def _taken(field: str, other: Target) -> Invalid:
    words = _l("is that of the target “%(name)s”; one place can be one target", name=other.name)
    return Invalid(_l("Please correct what is named."), {field: [words]})
