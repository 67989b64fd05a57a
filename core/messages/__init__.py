"""Message templates: texts with merge tags that addons bring, tenants edit, and records fill.

The ``messages`` room of an addon holds ``TEMPLATES``, a sequence of `Template`. Administrators change
their words on a page of their own; people fill them with a record, through their own rights.
"""

from __future__ import annotations

from core.messages.declaration import Template

__all__ = ["Template"]
