"""Switching an addon on in the background: a worker does it, since workers alone have the owner's login."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from psycopg2 import errors as pg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.addons.switching import THING, VERB, AddonNeeds, TablesFailed, plan_on, switch_on
from core.db.session import tenant_of
from core.db.tenancy import Tenant
from core.errors import Forbidden
from core.i18n import _, _l
from core.jobs import Work, enqueue, job
from core.jobs.queue import take_up
from core.jobs.work import Superseded
from core.resources.reindexing import complete_search
from core.settings.owner import Stopped, as_owner, report

if TYPE_CHECKING:
    from core.kernel import Kernel

KIND: Final = "core.switch-on"


def command_for(slug: str, name: str, needs: Collection[str] = ()) -> str:
    """What the operator types to do the same."""
    return f"guanxi addon enable {name} --tenant {slug}" + (" --with-needs" if needs else "")


def ask_on(session: Session, kernel: Kernel, actor: Actor, name: str, agreed: Collection[str]) -> int:
    """Let a worker switch an addon on for the tenant of ``session``.

    Args:
        session: bound to the tenant; the caller commits.
        kernel: knows the addons.
        actor: who asks.
        name: the addon.
        agreed: the addons that may come on with it.

    Returns:
        The number of the job; the same for all who ask while it waits.

    Raises:
        Forbidden: the actor may not switch addons.
        NoSuchAddon: there is none.
        AddonBroken: it is in quarantine.
        AddonNeeds: it needs something that is off and not among ``agreed``.
    """
    if not actor.may(THING, VERB):
        raise Forbidden
    plan = plan_on(kernel, session.connection(), tenant_of(session), name)
    missing = [each for each in plan.needs if each not in agreed]
    if missing:
        raise AddonNeeds(missing)
    arguments = {"addon": name, "with": list(plan.needs)}
    label = str(kernel.catalogue.addons[name].title)
    return enqueue(session, KIND, arguments, actor=actor, label=label, key=name)


@job(KIND, title=_l("Switch an addon on"), attempts=3, while_held=True)
def switch_on_addon(work: Work) -> dict[str, Any] | None:
    """Make the addon's tables and switch it on; all of it or, when it fails or is cancelled, nothing."""
    name, agreed = work.arguments["addon"], work.arguments["with"]
    with work.unit() as session:
        if not work.actor(session).may(THING, VERB):
            raise Forbidden
    try:
        revisions = _switch(work, name, agreed)
    except Stopped:
        return None
    return {"addon": name, "with": agreed, "revisions": revisions}


def _switch(work: Work, name: str, agreed: Collection[str]) -> int:
    """Do it on a connection of the owner; gives how many revisions have run."""
    ran = 0

    def tell(done: int, total: int, history: str) -> None:
        nonlocal ran
        ran = done
        note = _("Tables of %(addon)s", addon=_title(work.kernel, history))
        report(work, connection, done, total, note)

    with as_owner(work, command_for(work.tenant.slug, name, agreed)) as connection:
        try:
            tenant = switch_on(
                work.kernel,
                connection,
                work.tenant.slug,
                name,
                agreed=agreed,
                actor_id=work.actor_id,
                tell=tell,
            )
        except TablesFailed as error:
            cause = error.__cause__
            # What is no fault of the revision: the end of the job, rights, a database that goes away.
            is_right = isinstance(cause, DBAPIError) and isinstance(cause.orig, pg.InsufficientPrivilege)
            if cause is not None and (is_right or isinstance(cause, Stopped | Superseded | OperationalError)):
                raise cause from None
            raise
    follow_up(work.kernel, tenant, {name, *agreed})
    return ran


def follow_up(kernel: Kernel, tenant: Tenant, addons: Collection[str]) -> None:
    """Let jobs complete what addons that have come on left behind: the search, and jobs that met them off."""
    with kernel.database.unit_of_work(tenant) as session:
        complete_search(session, kernel.resources.visible(tenant))
        take_up(session, addons)


def follow_off(kernel: Kernel, tenant: Tenant, name: str) -> None:
    """Let jobs take out of the search what an addon that has gone off had put into it.

    Args:
        kernel: knows the resources.
        tenant: as it was when the addon was on.
        name: the addon.
    """
    after = replace(tenant, addons=tenant.addons - {name})
    with kernel.database.unit_of_work(after) as session:
        complete_search(session, kernel.resources.visible(after))


def _title(kernel: Kernel, name: str) -> str:
    addon = kernel.catalogue.addons.get(name)
    return str(addon.title) if addon is not None else name
