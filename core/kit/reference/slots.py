"""The places on screens, and the ids that addons point at."""

from __future__ import annotations

from collections.abc import Iterator

from core.i18n import _
from core.kernel import Kernel
from core.kit.reference.markdown import code, page, plain, prose, table
from core.settings.places import PlaceView, Standing, places
from core.web.place_models import said


def slots_page(kernel: Kernel) -> str:
    """Each place: what its parts take, and what stands there, in order."""
    told = _(
        "An addon puts a part at a place with `@part` in its `hooks` room, and may say of it that it stands"
        " before or after one of these ids, or for it."
    )
    return page(_("Places on screens"), told, *_places(kernel))


def _places(kernel: Kernel) -> Iterator[str]:
    for each in places(kernel):
        yield f"## {each.name}"
        yield plain(each.title)
        yield prose(_(each.documentation))
        if each.arguments:
            yield _("Parts may take %(arguments)s.", arguments=_(", ").join(map(code, each.arguments)))
        yield _standing(each) if each.standing else _("Nothing stands here yet.")


def _standing(place: PlaceView) -> str:
    head = (_("Id"), _("What stands there"), _("On the pages of"), _("Where it says it stands"))
    return table(head, [_row(each) for each in place.standing])


def _row(each: Standing) -> tuple[str, str, str, str]:
    on = _(", ").join(map(code, each.on)) or _("all")
    return code(each.id), plain(each.title), on, plain(_("; ").join(said(each)))
