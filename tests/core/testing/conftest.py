"""The plugin as it is, without what the tests of the core put in its place."""

from __future__ import annotations

from core.testing.plugin import make

__all__ = ["make"]
