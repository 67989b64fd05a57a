"""The pages of every resource: list, record, form, dialogs; and home and the palette."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("pages", __name__)

from core.web.pages import (  # noqa: E402 - they add their routes to bp
    addon_data,
    addons,
    bulk,
    customising,
    exports,
    forms,
    history,
    home,
    imports,
    jobs,
    lists,
    messages,
    origins,
    palette,
    records,
    settings,
    supplied,
)

__all__ = [
    "addon_data",
    "addons",
    "bp",
    "bulk",
    "customising",
    "exports",
    "forms",
    "history",
    "home",
    "imports",
    "jobs",
    "lists",
    "messages",
    "origins",
    "palette",
    "records",
    "settings",
    "supplied",
]
