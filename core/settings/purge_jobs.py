"""Removing an addon's data and putting it back in the background: a worker has the owner's login."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.addons.switching import THING, VERB
from core.archive import Tell
from core.archive.contents import addons_in
from core.archive.restoring import AddonHasData
from core.db.session import tenant_of
from core.db.tenancy import Platform
from core.errors import Conflict, Forbidden
from core.i18n import _, _l
from core.jobs import Work, enqueue, job
from core.settings.holdings import plan_purge
from core.settings.owner import Stopped, as_owner, report
from core.settings.purging import archives_folder, expire, kept_archive, purge, restore

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from core.kernel import Kernel

PURGE: Final = "core.purge-addon"
RESTORE: Final = "core.restore-addon"


class NotMeant(Conflict):
    """The name was not typed as it is."""

    code = "not-meant"
    message = _l("Type “%(name)s” to confirm. Nothing was removed.")


class PackageGone(Conflict):
    """Only the addon's own migrations can make its tables."""

    code = "package-gone"
    message = _l(
        "%(name)s is not installed, or cannot be loaded, and only its package can make its tables. "
        "Ask your operator to install it; the archive is kept."
    )


def purge_command(slug: str, name: str) -> str:
    """What the operator types to remove the data."""
    return f"guanxi addon purge {name} --tenant {slug}"


def restore_command(slug: str, name: str) -> str:
    """What the operator types to put it back."""
    return f"guanxi addon restore {name} --tenant {slug}"


def ask_purge(session: Session, kernel: Kernel, actor: Actor, name: str, typed: str) -> int:
    """Let a worker remove what an addon holds in the tenant of ``session``.

    Args:
        session: bound to the tenant; the caller commits.
        kernel: knows the addons.
        actor: who asks.
        name: the addon.
        typed: its name once more, as somebody typed it who has seen what goes.

    Returns:
        The number of the job; the same for all who ask while it waits.

    Raises:
        Forbidden: the actor may not switch addons.
        NotMeant: something else was typed.
        NoSuchAddon, NothingHeld, AddonIsOn, AddonHeld: as `plan_purge` and `PurgePlan.require`.
    """
    if not actor.may(THING, VERB):
        raise Forbidden
    plan_purge(kernel, session.connection(), tenant_of(session), name).require()
    if typed.strip() != name:
        raise NotMeant(name=name)
    return enqueue(session, PURGE, {"addon": name}, actor=actor, label=title_of(kernel, name), key=name)


def ask_restore(session: Session, kernel: Kernel, actor: Actor, name: str, archive: str) -> int:
    """Let a worker put back what was removed from the tenant of ``session``.

    Raises:
        Forbidden: the actor may not switch addons.
        NoArchiveKept: there is no such archive of the addon, or its time is over.
        PackageGone: the addon is not there to make its tables.
        AddonHasData: it has data again.
    """
    if not actor.may(THING, VERB):
        raise Forbidden
    tenant = tenant_of(session)
    with kernel.database.session(Platform()) as control:
        kept_archive(control.connection(), tenant, name, archive)
    if name not in kernel.catalogue.addons:
        raise PackageGone(name=name)
    if name in addons_in(session.connection(), tenant.schema):
        raise AddonHasData(name=title_of(kernel, name))
    arguments = {"addon": name, "archive": archive}
    return enqueue(session, RESTORE, arguments, actor=actor, label=title_of(kernel, name), key=name)


@job(PURGE, title=_l("Remove the data of an addon"), attempts=3, while_held=True)
def purge_addon(work: Work) -> dict[str, Any] | None:
    """Write an archive and remove everything; all of it or, when it fails or is cancelled, nothing."""
    name = work.arguments["addon"]
    _require(work)
    try:
        with as_owner(work, purge_command(work.tenant.slug, name)) as connection:
            note = _("Writing the archive (kB)")
            purged = purge(
                work.kernel,
                connection,
                work.tenant.slug,
                name,
                actor_id=work.actor_id,
                tell=_tells(work, connection, note),
            )
    except Stopped:
        return None
    purged.forget_files()
    return {"addon": name, "rows": purged.manifest.rows, "kept_until": purged.kept_until}


@job(RESTORE, title=_l("Put the data of an addon back"), attempts=3, while_held=True)
def restore_addon(work: Work) -> dict[str, Any] | None:
    """Make the tables and load what the archive holds; all of it or nothing."""
    name = work.arguments["addon"]
    _require(work)
    try:
        with as_owner(work, restore_command(work.tenant.slug, name)) as connection:
            note = _("Reading the archive (kB)")
            manifest = restore(
                work.kernel,
                connection,
                work.tenant.slug,
                name,
                archive=work.arguments["archive"],
                actor_id=work.actor_id,
                tell=_tells(work, connection, note),
            )
    except Stopped:
        return None
    return {"addon": name, "rows": manifest.rows}


@job("core.expire-archives", title=_l("Delete archives whose time is over"), every="41 3 * * *")
def expire_archives(work: Work) -> dict[str, int]:
    """Delete archives of removed data that are older than they are kept."""
    return {"expired": expire(archives_folder(work.kernel.config.data, work.tenant), datetime.now(UTC))}


def _require(work: Work) -> None:
    """See that who asked may still switch addons."""
    with work.unit() as session:
        if not work.actor(session).may(THING, VERB):
            raise Forbidden


def _tells(work: Work, connection: Connection, note: str) -> Tell:
    """What tells how far the archive is, in kB."""

    def tell(done: int, total: int, what: str) -> None:
        report(work, connection, done // 1000, max(total // 1000, 1), note)

    return tell


def title_of(kernel: Kernel, name: str) -> str:
    """What people call an addon; its name where nothing is known of it."""
    manifest = kernel.catalogue.manifests.get(name)
    return str(manifest.title) if manifest else name
