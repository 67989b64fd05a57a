"""The variables of the environment."""

from __future__ import annotations

from core.config import VARIABLES
from core.i18n import _
from core.kit.reference.markdown import code, page, prose, table


def environment_page() -> str:
    """Each variable, and what holds without it."""
    said = _("They are read once, at the start of a program. Nothing else is read from the environment.")
    rows = ((code(each.name), prose(str(each.means)), prose(str(each.absent))) for each in VARIABLES)
    return page(_("Environment"), said, table((_("Variable"), _("Means"), _("Without it")), rows))
