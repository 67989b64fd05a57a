"""What happened: events for other addons, and wake-ups for browsers, both after the commit."""

from __future__ import annotations

from core.events.delivery import Deliveries, notify, publish

__all__ = ["Deliveries", "notify", "publish"]
