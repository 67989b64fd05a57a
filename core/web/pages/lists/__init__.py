"""The list page: columns, filters, order and pages, all in its address."""

from __future__ import annotations

from core.web.pages.lists import arrange, groups, lookups, page, views

__all__ = ["arrange", "groups", "lookups", "page", "views"]
