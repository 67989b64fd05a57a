"""What the design system adds to a Jinja environment."""

from __future__ import annotations

from jinja2 import Environment

from core.i18n import gettext, ngettext
from core.web.assets.manifest import asset
from core.web.icons import icon
from core.web.words import words


def install_widgets(environment: Environment) -> None:
    """Give templates ``_``, ``ngettext``, ``asset``, ``icon`` and ``words``, and keep their output lean."""
    environment.globals.update(_=gettext, ngettext=ngettext, asset=asset, icon=icon, words=words)
    environment.trim_blocks = True
    environment.lstrip_blocks = True
