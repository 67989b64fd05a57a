"""Pages beyond those of the resources: my day, the dialogs of talks and tasks, and those of leads."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("customer", __name__, url_prefix="/customer", template_folder="../templates")

from addons.customer.views import cards, day, leads, talks  # noqa: E402 - they add their routes to bp

__all__ = ["bp", "cards", "day", "leads", "talks"]
