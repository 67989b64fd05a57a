"""The places on screens, and what stands there under which id."""

from __future__ import annotations

from collections.abc import Iterator

from core.addons.hookspecs import first_sentence
from core.i18n import _
from core.kernel import Kernel
from core.kit.reference.markdown import code, codes, page, plain, prose, table
from core.settings.places import Standing, places


def slots_page(kernel: Kernel) -> str:
    """Each place: what it is for, and what stands there in which order."""
    said = _(
        "An addon puts a part there with `@part`, before, after or in place of something that stands there"
        " already, by its id. Ids are kept: what is here can be relied on."
    )
    return page(_("Places on screens"), said, *_places(kernel))


def _places(kernel: Kernel) -> Iterator[str]:
    for place in places(kernel):
        yield f"## {place.name}"
        yield plain(place.title)
        yield prose(_(first_sentence(place.documentation)))
        yield table(
            (_("Id"), _("Title"), _("Addon"), _("On the pages of"), _("Placed")),
            (_row(each) for each in place.standing),
        )


def _row(each: Standing) -> tuple[str, ...]:
    return (
        code(each.id),
        plain(each.title),
        code(each.addon),
        codes(each.on),
        f"{each.how} {code(each.of)}" if each.of else "",
    )
