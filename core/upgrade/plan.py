"""What an upgrade would do, and all that stands against it, told at once; nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, text

from core.addons.manifest import CORE
from core.db.migrate import PLATFORM, History, Revision, Script, revisions
from core.i18n import _
from core.kernel import Kernel

#: The program's tables need PostgreSQL from here on.
_OLDEST: Final = 15
#: Bytes that must be free whatever runs.
_RESERVE: Final = 1_000_000_000

_LOGIN: Final = text("""
    select current_user as name, rolsuper or rolcreaterole as makes_roles,
        has_database_privilege(current_database(), 'CREATE') as makes_schemas,
        current_database() as database, current_setting('server_version_num')::int / 10000 as version,
        to_regclass('platform.tenant') is not null as is_prepared
    from pg_roles where rolname = current_user
""")
#: What is there of each tenant, whatever columns its row has in this version.
_TENANTS: Final = text("""
    select t.slug, t.schema, t.role, t.state, t.failure, t.addons,
        n.oid is not null as has_schema,
        exists (select from pg_roles where rolname = t.role) as has_role,
        n.oid is not null and pg_has_role(current_user, n.nspowner, 'USAGE') and not exists (
            select from pg_class
            where relnamespace = n.oid and not pg_has_role(current_user, relowner, 'USAGE')
        ) as is_owned
    from platform.tenant t left join pg_namespace n on n.nspname = t.schema
    order by t.slug
""")
_SIZE: Final = text("""
    select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
    where relnamespace = (select oid from pg_namespace where nspname = :schema) and relkind = 'r'
""")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that an upgrade would trip over, and what to do about it."""

    #: Stable name of the kind.
    code: str
    sentence: str
    advice: str
    #: Slug of the tenant it concerns; empty: all.
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """What would run for one tenant."""

    slug: str
    #: active, suspended or failed.
    state: str
    revisions: Sequence[Revision]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upgrade would do."""

    #: Of the control tables.
    platform: Sequence[Revision]
    tenants: Sequence[TenantPlan]
    problems: Sequence[Problem]

    def as_data(self) -> dict[str, Any]:
        """The plan as JSON has it."""
        return {
            "platform": [_revision(each) for each in self.platform],
            "tenants": [
                {
                    "tenant": each.slug,
                    "state": each.state,
                    "revisions": [_revision(one) for one in each.revisions],
                }
                for each in self.tenants
            ],
            "problems": [asdict(each) for each in self.problems],
        }


def _revision(revision: Revision) -> dict[str, str]:
    return {"addon": revision.history, "revision": revision.number, "title": revision.title}


def make_plan(kernel: Kernel, connection: Connection) -> Plan:
    """Look at everything an upgrade touches.

    Args:
        kernel: knows the addons of this version of the program.
        connection: of the owner; only reads.
    """
    return _Planner(kernel, connection).plan()


class _Planner:
    """Gathers problems while it looks."""

    def __init__(self, kernel: Kernel, connection: Connection) -> None:
        self._kernel = kernel
        self._connection = connection
        self._problems: list[Problem] = []
        #: Of the histories that can be read; those that cannot are left out once they are told.
        self._scripts: dict[str, Script] = {}

    def plan(self) -> Plan:
        """Do all of it."""
        catalogue = self._kernel.catalogue
        for name, reason in catalogue.quarantined.items():
            advice = _("Mend or remove it; what has it on works without it meanwhile.")
            self._add("addon-quarantined", f"{name}{_(': ')}{reason}", advice)
        for history in (PLATFORM, *self._kernel.histories(frozenset(catalogue.addons))):
            self._read(history)
        login = self._connection.execute(_LOGIN).one()
        self._check_login(login)
        if not login.is_prepared:
            self._add("not-prepared", _("The control tables are not there."), "guanxi init")
            return Plan((), (), self._problems)
        platform = self._waiting("platform", [PLATFORM])
        rows = self._connection.execute(_TENANTS).all()
        tenants = [TenantPlan(row.slug, row.state, self._tenant(row)) for row in rows]
        schemas = {row.slug: row.schema for row in rows}
        self._check_disk([schemas[each.slug] for each in tenants if each.revisions])
        return Plan(platform, tenants, self._problems)

    def _add(self, code: str, sentence: str, advice: str, tenant: str = "") -> None:
        self._problems.append(Problem(code, sentence, advice, tenant))

    def _read(self, history: History) -> None:
        """Read the files of a history; they may contradict each other."""
        try:
            script = Script(history)
            heads = script.heads()
        except Exception as error:  # noqa: BLE001 - whatever a file of revisions does when it is read
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
            sentence = _(
                "The revisions of %(name)s cannot be read: %(reason)s", name=history.name, reason=said
            )
            self._add("revisions-broken", sentence, _("Mend %(folder)s.", folder=history.folder))
            return
        if len(heads) > 1:
            said = ", ".join(heads)
            sentence = _(
                "%(name)s has several newest revisions: %(revisions)s", name=history.name, revisions=said
            )
            self._add("several-heads", sentence, _("Let one of them follow the other (down_revision)."))
        self._scripts[history.name] = script

    def _check_login(self, login: Any) -> None:
        """See that the owner's login may do what an owner does."""
        if login.version < _OLDEST:
            sentence = _("PostgreSQL %(version)s is too old.", version=login.version)
            self._add("database-old", sentence, _("use version 15 or newer"))
        if not login.makes_roles:
            sentence = _("The owner's login %(login)s may not make roles.", login=login.name)
            self._add("owner-rights", sentence, f"alter role {login.name} createrole;")
        if not login.makes_schemas:
            sentence = _("The owner's login %(login)s may not make schemas.", login=login.name)
            self._add("owner-rights", sentence, f"grant create on database {login.database} to {login.name};")

    def _tenant(self, row: Any) -> Sequence[Revision]:
        """Look at one tenant; gives what would run."""
        on = frozenset(row.addons)
        self._check_addons(row.slug, on)
        if row.state == "failed":
            sentence = _("Its last upgrade failed: %(reason)s", reason=row.failure)
            advice = _("Put the cause right; the next guanxi upgrade tries again.")
            self._add("tenant-failed", sentence, advice, row.slug)
        if not row.has_role:
            sentence = _("Its role %(role)s is not there.", role=row.role)
            self._add("role-missing", sentence, _("Restore the roles of the server."), row.slug)
        if not row.has_schema:
            sentence = _("Its schema %(schema)s is not there.", schema=row.schema)
            self._add("schema-missing", sentence, _("Restore it from a backup."), row.slug)
            return ()
        if not row.is_owned:
            sentence = _("Its schema, or something in it, belongs to another login.")
            self._add("owner-rights", sentence, _("Make the owner's login a member of that login."), row.slug)
            return ()
        return self._waiting(row.schema, self._kernel.histories(on), row.slug)

    def _check_addons(self, slug: str, on: frozenset[str]) -> None:
        """See that what is on is there, with what it needs."""
        catalogue = self._kernel.catalogue
        for name in sorted(on - catalogue.addons.keys()):
            if name in catalogue.quarantined:
                sentence = _("%(name)s is on, but cannot be loaded.", name=name)
            else:
                sentence = _("%(name)s is on, but its package is not there.", name=name)
            command = f"guanxi addon disable {name} --tenant {slug}"
            advice = _("Install one that loads, or: %(command)s", command=command)
            self._add("addon-missing", sentence, advice, slug)
        for addon in catalogue.addons.values():
            lacking = [each for each in addon.depends if addon.name in on and each not in on]
            if lacking:
                names = ", ".join(lacking)
                sentence = _("%(name)s needs %(needs)s, which is off.", name=addon.name, needs=names)
                command = f"guanxi addon enable {addon.name} --tenant {slug} --with-needs"
                self._add("need-off", sentence, command, slug)

    def _waiting(self, schema: str, histories: Sequence[History], slug: str = "") -> Sequence[Revision]:
        """The revisions that would run in a schema; those it has and the program has not are told."""
        known = [each for each in histories if each.name in self._scripts]
        reached = revisions(self._connection, schema, known)
        waiting: list[Revision] = []
        for history in known:
            script = self._scripts[history.name]
            newer = script.unknown(reached[history.name])
            if newer:
                self._tell_newer(history, newer, slug)
            else:
                waiting += script.after(reached[history.name])
        return waiting

    def _tell_newer(self, history: History, newer: Sequence[str], slug: str) -> None:
        addon = self._kernel.catalogue.addons.get(history.name, CORE)
        sentence = _(
            "The tables of %(name)s are at revision %(revision)s, which version %(version)s does not know.",
            name=history.name,
            revision=", ".join(newer),
            version=addon.version,
        )
        self._add("revision-unknown", sentence, _("Install the newer version that made them."), slug)

    def _check_disk(self, schemas: Sequence[str]) -> None:
        """See that there is room: a revision may write every table of a tenant anew.

        Of a server elsewhere nothing is known from here.
        """
        place = _existing(self._kernel.config.data)
        free, needed = shutil.disk_usage(place).free, _RESERVE
        if self._kernel.config.database_url is None:
            sizes = [self._connection.scalar(_SIZE, {"schema": each}) or 0 for each in schemas]
            needed += max(sizes, default=0)
        if free < needed:
            sentence = _(
                "%(free)s GB are free in %(place)s, and %(needed)s GB may be needed.",
                free=f"{free / 1e9:.1f}",
                needed=f"{needed / 1e9:.1f}",
                place=place,
            )
            self._add("disk", sentence, _("Make room."))


def _existing(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())
