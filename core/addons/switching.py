"""Switching addons on and off for a tenant: what follows from it, and doing it.

On: what it needs comes on with it, agreed to by name and never silently; the tables are made on the
owner's connection, in one transaction with the tenant's row. Off: refused while something that is on
needs it; the data stays, and an addon whose package is gone can be switched off as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from core.addons.loading import Catalogue
from core.addons.switch_log import write_down
from core.db import provision
from core.db.migrate import Revision, outstanding
from core.db.tenancy import Tenant
from core.errors import Conflict, NotFound
from core.i18n import _l

if TYPE_CHECKING:
    from core.kernel import Kernel

#: The right to switch, held by administrators: a thing of its own, and a verb on it.
THING: Final = "core.addon"
VERB: Final = "switch"


class NoSuchAddon(NotFound):
    """Nothing of this name is installed."""

    code = "no-such-addon"
    message = _l("There is no addon “%(name)s”.")


class AddonBroken(Conflict):
    """The addon is in quarantine; why, is for the operator's eyes."""

    code = "addon-broken"
    message = _l("“%(name)s” cannot be loaded at present. The operator sees why: guanxi addon list")


class AddonNeeds(Conflict):
    """What it needs is off, and nobody has agreed to switch that on too; ``names`` are the addons."""

    code = "addon-needs"
    message = _l("Switch on %(missing)s first.")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(missing=", ".join(names))


class AddonNeeded(Conflict):
    """Something that is on needs it; ``names`` are the addons."""

    code = "addon-needed"
    message = _l("Switch off %(needing)s first.")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(needing=", ".join(names))


class AddonNotOn(Conflict):
    """It is off already."""

    code = "addon-not-on"
    message = _l("%(name)s is not on.")


class TablesFailed(Conflict):
    """A migration did not go through; nothing of it is left."""

    code = "addon-tables"
    message = _l("%(name)s: %(reason)s")


@dataclass(frozen=True, slots=True)
class OnPlan:
    """What switching an addon on takes."""

    name: str
    #: Addons that must come on too, each behind what it needs itself.
    needs: tuple[str, ...]
    #: The revisions that will run for this tenant, in their order.
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, slots=True)
class OffPlan:
    """What stands against switching an addon off: the addons that are on and need it."""

    name: str
    needing: tuple[str, ...]


def plan_on(kernel: Kernel, connection: Connection, tenant: Tenant, name: str) -> OnPlan:
    """Work out what comes on with an addon, and which of its tables are still to be made.

    Args:
        kernel: knows the addons.
        connection: may read the tenant's version tables; the tenant's own role will do.
        tenant: as it stands now.
        name: an installed addon; one that is on has nothing but new revisions to run.

    Raises:
        NoSuchAddon: there is none.
        AddonBroken: it is in quarantine.
    """
    catalogue = kernel.catalogue
    if name == "core" or name not in catalogue.addons:
        raise AddonBroken(name=name) if name in catalogue.quarantined else NoSuchAddon(name=name)
    needs = tuple(each for each in catalogue.needs(name) if each not in tenant.addons)
    histories = kernel.histories(tenant.addons | {name, *needs})
    return OnPlan(name, needs, tuple(outstanding(connection, tenant.schema, histories)))


def plan_off(catalogue: Catalogue, tenant: Tenant, name: str) -> OffPlan:
    """Work out what keeps an addon on.

    Raises:
        AddonNotOn: it is off, or there is none.
    """
    if name not in tenant.addons:
        raise AddonNotOn(name=name)
    return OffPlan(name, tuple(each for each in catalogue.dependents(name) if each in tenant.addons))


def switch_on(
    kernel: Kernel,
    connection: Connection,
    slug: str,
    name: str,
    *,
    agreed: Collection[str] = (),
    actor_id: int | None = None,
    tell: Callable[[int, int, str], None] | None = None,
) -> Tenant:
    """Make or update the tables and switch the addon on, with what it needs.

    Args:
        kernel: knows the addons.
        connection: of the owner, in a transaction; the caller commits.
        slug: the tenant's.
        name: the addon.
        agreed: the addons that may come on too.
        actor_id: the user who wants it; None for the operator.
        tell: is told after each revision how many of how many have run, and of which addon the last
            one was; what it raises undoes everything.

    Returns:
        The tenant as it is then.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
        NoSuchAddon: there is no addon of this name.
        AddonBroken: it is in quarantine.
        AddonNeeds: it needs something that is off and not among ``agreed``.
        TablesFailed: a revision failed; its cause is the reason.
    """
    tenant = provision.find_tenant(connection, slug, hold=True)
    plan = plan_on(kernel, connection, tenant, name)
    missing = [each for each in plan.needs if each not in agreed]
    if missing:
        raise AddonNeeds(missing)
    addons, done = tenant.addons | {name, *plan.needs}, 0

    def ran(history: str) -> None:
        nonlocal done
        done += 1
        if tell is not None:
            tell(done, len(plan.revisions), history)

    try:
        provision.upgrade_tenant(connection, tenant, kernel.histories(addons), tell=ran)
    except Exception as error:  # whatever a migration raises
        said = " ".join(str(error).split())
        raise TablesFailed(name=name, reason=f"{type(error).__name__}: {said}") from error
    if addons != tenant.addons:
        provision.set_addons(connection, tenant, addons)
        for each in (each for each in (*plan.needs, name) if each not in tenant.addons):
            write_down(connection, tenant, each, "on", actor_id=actor_id)
    return provision.find_tenant(connection, slug)


def switch_off(
    catalogue: Catalogue, connection: Connection, tenant: Tenant, name: str, *, actor_id: int | None = None
) -> None:
    """Switch an addon off, whatever has become of its package; its data stays.

    Args:
        catalogue: knows what needs what.
        connection: of the owner or of the application, bound to no tenant; the caller commits.
        tenant: whose row, which is read again.
        name: the addon.
        actor_id: the user who wants it; None for the operator.

    Raises:
        AddonNotOn: it is off, or there is none.
        AddonNeeded: something that is on needs it.
    """
    needing = catalogue.dependents(name)
    on = provision.switch_off(connection, tenant, name, needing, actor_id=actor_id)
    if on is None:
        raise AddonNotOn(name=name)
    if on:
        raise AddonNeeded([each for each in needing if each in on])
