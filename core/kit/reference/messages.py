"""Message templates, and what can stand in their tags."""

from __future__ import annotations

from collections.abc import Iterator

from core.i18n import _, _p
from core.kernel import Kernel
from core.kit.reference.markdown import code, page, plain, table
from core.messages.tags import FILTERS, SENDER, TODAY


def messages_page(kernel: Kernel) -> str:
    """The templates of each addon, the filters, and the words that are no fields."""
    told = _(
        "An addon declares templates in its `messages` room. A tag in double braces names a field of the"
        " record, or one behind links; a bar leads to a filter. Each company may write its own words."
    )
    return page(
        _("Message templates"),
        told,
        f"## {_p('template', 'Filters')}",
        table(
            (_p("template", "Filter"), _("What it does")),
            ((code(name), plain(each.title)) for name, each in FILTERS.items()),
        ),
        f"## {_('Tags that are no fields')}",
        table(
            (_("Tag"), _("What it says")),
            [
                (code(f"{SENDER}.name"), _("Of the user who writes: any field of his.")),
                (code(TODAY), _("Today")),
            ],
        ),
        *_templates(kernel),
    )


def _templates(kernel: Kernel) -> Iterator[str]:
    for addon in kernel.catalogue.addons.values():
        rows = [
            (code(each.id), plain(each.title), code(each.about))
            for each in kernel.templates
            if each.addon == addon.name
        ]
        if rows:
            yield f"## {plain(addon.title)}"
            yield table((_("Template"), _("Title"), _("About")), rows)
