"""The list page: columns, filters, order and pages, all in its address."""

from __future__ import annotations

from core.web.pages.lists import lookups, page

__all__ = ["lookups", "page"]
