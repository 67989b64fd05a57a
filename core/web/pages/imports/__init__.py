"""Imports in the browser: a file, its columns, a check, the import, and taking it back."""

from __future__ import annotations

from core.web.pages.imports import routes as routes
