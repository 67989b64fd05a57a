"""Asking every registry of the kernel what it would still give to a tenant that has an addon off."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from core.access.actor import OPERATOR, rights_of
from core.addons.switch import is_on
from core.db.tenancy import Tenant
from core.errors import NotFound
from core.kernel import Kernel
from core.worker.clock import tell_tenants

#: What the walk asks, and what of a kernel holds nothing that an addon brings.
ASKED: Final = frozenset(
    {
        "resources",
        "permissions",
        "hooks",
        "menu",
        "jobs",
        "channels",
        "blueprints",
        "settings",
        "seeds",
        "templates",
    }
)
PLAIN: Final = frozenset({"config", "database", "catalogue", "ledger", "owner_url"})


def unknown_registries(kernel: Kernel) -> set[str]:
    """The registries of the kernel that the walk does not know."""
    return {each.name for each in fields(kernel)} - ASKED - PLAIN


def what_registries_tell(kernel: Kernel, tenant: Tenant, off: Collection[str]) -> Iterator[str]:
    """What of ``off`` some registry gives to ``tenant`` all the same."""
    yield from _resources(kernel, tenant, off)
    for role in kernel.permissions.roles:
        rights = rights_of(kernel.permissions, tenant, None, [(role, None)], {})
        granted = {
            (grant.resource, verb)
            for addon, grant in kernel.permissions.grants_of([role])
            if is_on(tenant, addon) and grant.resource.partition(".")[0] not in off
            for verb in grant.verbs
        }
        for name, verb in sorted(rights.reaches.keys() - granted):
            yield f"{role} may {verb} {name}, which is off or granted by what is off"
    for view in kernel.hooks.views():
        called = {each.addon for each in kernel.hooks.called(view.name, tenant.addons)}
        yield from (f"hook {view.name} calls {addon}" for addon in sorted(called & set(off)))
    own = [item for addon in off for _group, item in kernel.menu.of(addon)]
    for group in kernel.menu.visible(tenant, OPERATOR):
        if group.id.partition(".")[0] in off:
            yield f"the menu shows group {group.title}"
        yield from (f"the menu shows {item.title}" for item in group.items if item in own)
    for channel in kernel.channels:
        if channel.addon in off:
            if kernel.channels.title(tenant, channel.name):
                yield f"the history tells of channel {channel.name}"
            if kernel.channels.of_form(tenant, channel.name) is not None:
                yield f"a form may come through channel {channel.name}"
    yield from (
        f"records of {addon} are supplied" for addon in kernel.seeds.addons(tenant.addons) if addon in off
    )
    for template in kernel.templates.on(tenant):
        if {template.addon, template.about.partition(".")[0]} & set(off):
            yield f"template {template.id} may be used"
    yield from _periodic(kernel, tenant, off)


def _resources(kernel: Kernel, tenant: Tenant, off: Collection[str]) -> Iterator[str]:
    seen = {each.name for each in kernel.resources.visible(tenant)}
    for resource in kernel.resources:
        if resource.addon not in off:
            continue
        if resource.name in seen:
            yield f"{resource.name} is visible"
        with suppress(NotFound):
            kernel.resources.named(tenant, resource.name)
            yield f"{resource.name} is found by its name"
        with suppress(NotFound):
            kernel.resources.at(tenant, resource.addon, resource.plural_name)
            yield f"{resource.name} is found at its address"


def _periodic(kernel: Kernel, tenant: Tenant, off: Collection[str]) -> Iterator[str]:
    """Let the clock strike for every periodic job of what is off."""
    asked = text("select count(*) from core_job where kind = :kind")
    for kind in kernel.jobs:
        if kind.addon in off and kind.every:
            with kernel.database.session(tenant) as session:
                before = session.scalar(asked, {"kind": kind.name})
            tell_tenants(kernel, kind.name, datetime.now(UTC))
            with kernel.database.session(tenant) as session:
                if session.scalar(asked, {"kind": kind.name}) != before:
                    yield f"periodic job {kind.name} is enqueued"
