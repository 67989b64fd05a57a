"""Who may what: roles, the verbs of each resource, and what each role is granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.access.permissions import VERBS, Scope
from core.i18n import Lazy, _, _lp
from core.kernel import Kernel
from core.kit.reference.markdown import code, codes, page, plain, table

_SCOPES: Final[dict[Scope, Lazy]] = {
    Scope.OWN: _lp("scope", "own"),
    Scope.UNIT: _lp("scope", "of the unit"),
    Scope.UNIT_BELOW: _lp("scope", "of the unit and those below"),
    Scope.ALL: _lp("scope", "all"),
}


def rights_page(kernel: Kernel) -> str:
    """The ready roles, and for everything that has rights its verbs and who is granted them."""
    roles = table(
        (_("Role"), _("Title")),
        ((code(role.code), plain(role.title)) for role in kernel.permissions.roles.values()),
    )
    said = _(
        "The administrator may do everything. What the other ready roles may do, the addons say in their"
        " `permissions` rooms; which user holds which role is the tenant's."
    )
    return page(_("Rights and roles"), said, f"## {_('Ready roles')}", roles, *_things(kernel))


def things(kernel: Kernel) -> list[str]:
    """All that has rights: resources with pages of their own, and what addons name besides."""
    granted = {grant.resource for _role, grant in kernel.permissions.grants_of(kernel.permissions.roles)}
    own = [each.name for each in kernel.resources if not each.is_nested]
    return [*own, *sorted(kernel.permissions.things - set(own) - _nested(kernel) | granted - set(own))]


def _nested(kernel: Kernel) -> set[str]:
    return {each.name for each in kernel.resources if each.is_nested}


def _things(kernel: Kernel) -> Iterator[str]:
    titles = {each.name: str(each.title_plural) for each in kernel.resources}
    for thing in things(kernel):
        yield f"## {thing}"
        verbs: dict[str, None] = {}
        if thing in titles:
            yield plain(titles[thing])
            verbs = dict.fromkeys((*VERBS, *kernel.resources[thing].verbs()))
        granted: dict[str, list[str]] = {}
        for role, grant in kernel.permissions.grants_of(kernel.permissions.roles):
            if grant.resource == thing:
                verbs |= dict.fromkeys(sorted(grant.verbs))
                order = [each for each in verbs if each in grant.verbs]
                granted.setdefault(role, []).append(f"{codes(order)} ({_SCOPES[grant.scope]})")
        yield _("Verbs: %(verbs)s", verbs=codes(verbs)) if verbs else ""
        rows = [
            (code(role.code), "; ".join(granted[role.code]))
            for role in kernel.permissions.roles.values()
            if role.code in granted
        ]
        yield table((_("Role"), _("May")), rows) or _("Only administrators.")
