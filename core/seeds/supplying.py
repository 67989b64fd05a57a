"""Giving a tenant what its addons supply: when they come on, and with every upgrade."""

from __future__ import annotations

from collections.abc import Callable, Collection

from core.db.session import Database, attempt
from core.db.tenancy import Tenant
from core.resources.reindexing import incomplete
from core.seeds.registry import Seeds
from core.seeds.writing import Told, Writing, hold

#: Is told how many of how many seeds are through, and of which addon the last ones were.
Tell = Callable[[int, int, str], None]


def supply(
    database: Database,
    seeds: Seeds,
    tenant: Tenant,
    *,
    addons: Collection[str] | None = None,
    strict: bool = False,
    tell: Tell | None = None,
) -> list[Told]:
    """Write what is new and bring up to date what is managed, in one transaction.

    Args:
        database: of the application.
        seeds: of all addons.
        tenant: for whom; with the addons that are on, or about to come on.
        addons: only these of them.
        strict: whether one that cannot be written undoes all; else it is told of, kept with its reason,
            and tried again the next time.
        tell: what it raises undoes all.

    Returns:
        What became of them, for each addon that has something to tell.

    Raises:
        SeedRefused: one cannot be written, where this is strict.
    """
    with database.unit_of_work(tenant) as session:
        hold(session)
        incomplete(session, seeds.resources.visible(tenant))  # what is empty now needs no job afterwards
        told = []
        for addon in seeds.addons(tenant.addons if addons is None else addons):
            telling = None if tell is None else lambda done, total, addon=addon: tell(done, total, addon)
            told.append(Writing(session, seeds, addon, strict=strict).run(tell=telling))
    return [each for each in told if each]


def plan(database: Database, seeds: Seeds, tenant: Tenant) -> list[Told]:
    """Work out what `supply` would do; nothing is kept of it."""
    with database.session(tenant) as session, attempt(session):
        told = [Writing(session, seeds, addon).run() for addon in seeds.addons(tenant.addons)]
    return [each for each in told if each]
