"""The tests of the outside use what those of deliveries do."""

from __future__ import annotations

from tests.publishing.deliveries.conftest import deliver, hand_over, send_to, settings, target_at, tell

__all__ = ["deliver", "hand_over", "send_to", "settings", "target_at", "tell"]
