"""What happened: events for other addons, and wake-ups for browsers, both after the commit."""

from __future__ import annotations

from core.events.delivery import Deliveries, hooks_of, notify, publish

__all__ = ["Deliveries", "hooks_of", "notify", "publish"]
