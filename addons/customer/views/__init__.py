"""Pages beyond those of the resources: my day, the dialogs of talks and tasks, and those of leads."""

from __future__ import annotations

from addons.customer.views import cards, day, leads, talks
from addons.customer.views.blueprint import bp

__all__ = ["bp", "cards", "day", "leads", "talks"]
