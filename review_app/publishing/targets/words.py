"""The names of kinds, fields, events and states, as pages say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from review_app.base.messages import lazy_gettext as _l
from review_app.publishing.export.rules import Format
from review_app.publishing.kinds.webhook import TEST_KIND
from review_app.publishing.targets.rules import TargetKind

KIND_WORDS: Final[Mapping[str, str]] = {
    TargetKind.WEBHOOK: _l("Webhook"),
    TargetKind.WORDPRESS: _l("WordPress site"),
    TargetKind.CLOUDFLARE: _l("Cloudflare cache"),
    TargetKind.INDEXNOW: _l("IndexNow"),
    TargetKind.EXPORT: _l("Export folder"),
    TargetKind.SITE: _l("Our own pages"),
}

KIND_USE: Final[Mapping[str, str]] = {
    TargetKind.WEBHOOK: _l("Another program is sent a signed message for each event."),
    TargetKind.WORDPRESS: _l(
        "Articles are published there, and taken down again when they lose their approval."
    ),
    TargetKind.CLOUDFLARE: _l("The addresses that changed are purged from its cache, and no others."),
    TargetKind.INDEXNOW: _l("Search engines are told which addresses are new or changed."),
    TargetKind.EXPORT: _l("Published articles are written to a folder of this machine."),
    TargetKind.SITE: _l("Published articles are shown under /p/, in the sitemap and in the feed."),
}

FIELD_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    TargetKind.WEBHOOK: {
        "url": _l("Where messages are sent: an address that begins with https://."),
        "secret": _l("Left empty, the desk makes one and shows it once."),
    },
    TargetKind.WORDPRESS: {
        "url": _l("The address of the site, such as https://blog.example.com."),
        "username": _l("Of a person there who may edit posts of others."),
        "password": _l(
            "An application password: that person makes one in their profile there. It is never shown again."
        ),
        "meta_key": _l(
            "Only if another plugin than the desk's own reads whether search engines may index an article."
        ),
    },
    TargetKind.CLOUDFLARE: {
        "url": _l("Only if the API is reached by another address than the usual one."),
        "zone_id": _l("It stands on the zone's page at Cloudflare."),
        "password": _l("A token that may purge the cache of this zone. It is never shown again."),
    },
    TargetKind.INDEXNOW: {
        "url": _l("Only for another search engine than the usual endpoint, which tells all of them."),
        "secret": _l("Left empty, the desk makes one. The key stands in a public file of our pages."),
    },
    TargetKind.EXPORT: {
        "folder": _l(
            "Below that of the setting REVIEW_EXPORT_DIR: its path from there, or its whole one. It is made if it is not there."
        ),
        "format": _l(
            "One file an article. Those that are there already change when they are published again."
        ),
    },
}
"""What stands under each field."""

FORMAT_WORDS: Final[Mapping[str, str]] = {
    Format.MARKDOWN: _l("Markdown with front matter"),
    Format.JSONL: _l("JSON Lines"),
}
"""What the files of an export are; the first is usual."""

EVENT_WORDS: Final[Mapping[str, str]] = {
    "article.approved": _l("An article is approved"),
    "article.published": _l("An article is published"),
    "article.withdrawn": _l("An article is withdrawn"),
    "import.finished": _l("An import has finished"),
    "publish_run.finished": _l("A publish run has finished"),
    "publication.requested": _l("An article is to be published there"),
    "publication.withdrawal_requested": _l("An article is to be withdrawn there"),
    "publication.withdrawn": _l("A place has taken an article down"),
    TEST_KIND: _l("A test"),
}

STATE_WORDS: Final[Mapping[str, str]] = {
    "waiting": _l("Waiting"),
    "delivering": _l("Delivering"),
    "delivered": _l("Delivered"),
    "failed": _l("Failed"),
    "dead": _l("Given up"),
    "cancelled": _l("Cancelled"),
}

RESULT_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "done": ("delivered", _l("Delivered")),
    "retry": ("failed", _l("Failed, to be tried again")),
    "failed": ("failed", _l("Failed")),
    "gone": ("dead", _l("Gone: the place wants no more")),
}
"""How a try ended: the tag's kind and its words."""
