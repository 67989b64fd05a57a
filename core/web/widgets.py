"""What the design system adds to a Jinja environment."""

from __future__ import annotations

from jinja2 import Environment

from core.i18n import gettext, ngettext, pgettext
from core.web.assets.manifest import asset
from core.web.icons import icon
from core.web.words import words


def install_widgets(environment: Environment) -> None:
    """Give templates the words of `core.i18n`, ``asset``, ``icon``, ``words``, and keep their output lean."""
    environment.globals.update(_=gettext, ngettext=ngettext, pgettext=pgettext)
    environment.globals.update(asset=asset, icon=icon, words=words)
    # Sentences above every page, for whoever develops; see `core.web.developing`.
    environment.globals.update(notices=list)
    environment.trim_blocks = True
    environment.lstrip_blocks = True
