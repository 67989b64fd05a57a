"""The pages on which administrators add fields and make up kinds of records."""

from __future__ import annotations

from core.web.pages.customising import fields, objects

__all__ = ["fields", "objects"]
