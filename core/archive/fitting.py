"""Whether an archive can be restored here: said before anything is made."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from core.archive.manifest import Manifest, TableEntry
from core.db.migrate import History, in_order
from core.errors import Conflict, StorageFull
from core.i18n import _l

if TYPE_CHECKING:
    from core.kernel import Kernel


class OtherKind(Conflict):
    """It is the archive of an addon and a tenant was asked for, or the other way round."""

    code = "archive-kind"
    message = _l("The archive is of %(what)s, so it cannot be restored like this.")


class AddonsMissing(Conflict):
    """The archive holds data of addons (``names``) that are not installed here or cannot be loaded."""

    code = "archive-addons"
    message = _l(
        "The archive holds data of %(missing)s, which is not installed here or cannot be loaded."
        " Install it, or leave its data out."
    )

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(missing=", ".join(names))


class StillNeeded(Conflict):
    """An addon is to be left out that another one in the archive needs."""

    code = "archive-needed"
    message = _l("%(needing)s cannot be restored without %(name)s; leave out both or neither.")


class RevisionsUnknown(Conflict):
    """The tables are of a later version than the one installed here."""

    code = "archive-revisions"
    message = _l(
        "The archive is newer than what is installed here: %(unknown)s. Update Guanxi or the addon first."
    )


def check_fits(kernel: Kernel, manifest: Manifest, without: Collection[str] = ()) -> None:
    """See that the code here can make the tables of an archive.

    Args:
        kernel: knows the addons that are installed.
        manifest: of the archive.
        without: addons whose data is to be left out.

    Raises:
        AddonsMissing: it holds data of addons that are not there.
        StillNeeded: what is left out is needed by what is not.
        RevisionsUnknown: the tables are newer than the code.
    """
    catalogue = kernel.catalogue
    wanted = [addon for addon in manifest.addons if addon.name not in without]
    missing = [addon.name for addon in wanted if addon.name not in catalogue.addons]
    if missing:
        raise AddonsMissing(missing)
    names = {addon.name for addon in wanted}
    for name in without:
        needing = sorted(names.intersection(catalogue.dependents(name)))
        if needing:
            raise StillNeeded(name=name, needing=", ".join(needing))
    unknown = []
    for addon in wanted:
        known = {number for number, _path in in_order(history_of(kernel, addon.name))}
        unknown += [f"{addon.name} {number}" for number in addon.revisions if number not in known]
    if unknown:
        raise RevisionsUnknown(unknown=", ".join(unknown))


def history_of(kernel: Kernel, addon: str) -> History:
    """The revisions of one addon."""
    return next(each for each in kernel.histories(frozenset((addon,))) if each.name == addon)


def tables_of(manifest: Manifest, without: Collection[str] = ()) -> list[TableEntry]:
    """The tables of an archive whose data is wanted."""
    return [table for table in manifest.tables if table.addon not in without]


def require_space(kernel: Kernel, manifest: Manifest) -> None:
    """See that the disk has room for what is in an archive, as far as it is a disk of ours.

    Raises:
        StorageFull: it has not.
    """
    needed = sum(file.size for file in manifest.files)
    if kernel.config.database_url is None:  # the embedded server lies in the data folder as well
        needed += manifest.database_size
    kernel.config.data.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(kernel.config.data).free < needed:
        raise StorageFull
