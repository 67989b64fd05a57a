"""The API: what this tenant has on, as JSON, for programs that hold a token.

The routes know no resource by name: `core.resources` answers, this package reads what is asked and
writes what is found. ``bp`` is registered by the application.
"""

from __future__ import annotations

from core.web.api import (
    bulk,
    docs,
    documents,
    duplicates,
    exports,
    history,
    identity,
    imports,
    jobs,
    records,
    search,
    views,
)
from core.web.api.blueprint import bp

__all__ = [
    "bp",
    "bulk",
    "docs",
    "documents",
    "duplicates",
    "exports",
    "history",
    "identity",
    "imports",
    "jobs",
    "records",
    "search",
    "views",
]
