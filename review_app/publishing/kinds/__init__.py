"""The kinds of targets, one file each, all with the face of `face.py`."""

from __future__ import annotations

from collections.abc import Mapping

from review_app.publishing.kinds.cloudflare import Cloudflare
from review_app.publishing.kinds.export import Export
from review_app.publishing.kinds.face import Kind
from review_app.publishing.kinds.indexnow import IndexNow
from review_app.publishing.kinds.site import Site
from review_app.publishing.kinds.webhook import Webhook
from review_app.publishing.kinds.wordpress import WordPress

_ALL: tuple[Kind, ...] = (Webhook(), WordPress(), Site(), Export(), Cloudflare(), IndexNow())
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind by its name, which is that of its file and of `Target.kind`."""
