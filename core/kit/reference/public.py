"""What of the core an addon may import."""

from __future__ import annotations

import importlib
import inspect

from core.i18n import _
from core.kit.checks import PUBLIC, PUBLIC_IN_TESTS
from core.kit.reference.markdown import code, page, prose, table


def public_page() -> str:
    """The modules, each with the first sentence it says of itself."""
    said = _(
        "Everything else in `core` may change any day, and names that begin with an underscore are private"
        " everywhere. `guanxi addon check` finds imports of anything else."
    )
    headings = (_("Module"), _("What it says of itself"))
    return page(
        _("What an addon may import"),
        said,
        table(headings, map(_row, sorted(PUBLIC))),
        f"## {_('In tests')}",
        table(headings, map(_row, sorted(PUBLIC_IN_TESTS))),
    )


def _row(name: str) -> tuple[str, str]:
    documentation = inspect.getdoc(importlib.import_module(name)) or ""
    return code(name), prose(documentation.partition("\n\n")[0])
