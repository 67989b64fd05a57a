"""Settings of addons: declared with field words, one page each, kept for each tenant.

The ``settings`` room of an addon holds a subclass of `Settings`. Administrators change its values on a
page of its own; the addon reads them typed, ``GiftSettings.of(session).limit``.
"""

from __future__ import annotations

from core.resources.settings.declaration import Setting, Settings

__all__ = ["Setting", "Settings"]
