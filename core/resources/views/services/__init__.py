"""Keeping views: who may see, change and share them, and which one opens first."""

from __future__ import annotations

from core.resources.views.services.habits import (
    forget_own_default,
    keep_widths,
    order_views,
    set_own_default,
)
from core.resources.views.services.keeping import (
    MAX_NAME,
    ViewIncomplete,
    change_view,
    create_view,
    delete_view,
    restore_view,
)
from core.resources.views.services.visible import Audience, View, Views, may_share, views_of

__all__ = [
    "MAX_NAME",
    "Audience",
    "View",
    "ViewIncomplete",
    "Views",
    "change_view",
    "create_view",
    "delete_view",
    "forget_own_default",
    "keep_widths",
    "may_share",
    "order_views",
    "restore_view",
    "set_own_default",
    "views_of",
]
