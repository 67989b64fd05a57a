"""What an addon holds in a tenant, and what stands against removing it.

Everything is found in PostgreSQL's own catalogue, so also of an addon whose package is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from core.addons.manifest import CORE, NAME
from core.addons.switching import NoSuchAddon
from core.archive import Part, contents
from core.archive.contents import addons_in, owner_of, quoted
from core.db.tenancy import Tenant
from core.errors import Conflict, NotFound
from core.i18n import Lazy, _l
from core.resources.storage import folders_of, kept_file

if TYPE_CHECKING:
    from core.kernel import Kernel

#: What people call the rows in tables of the core that belong to an addon.
_ROWS: Final[Mapping[str, Lazy]] = {
    "core_attachment": _l("Attachments"),
    "core_bulk_run": _l("Edits of many records"),
    "core_change_set": _l("Sets of changes that can be undone"),
    "core_change_set_row": _l("Records in such sets"),
    "core_custom_field": _l("Custom fields"),
    "core_export": _l("Exports"),
    "core_import": _l("Imports with their mappings"),
    "core_import_row": _l("Rows of imports that wait or are bad"),
    "core_job": _l("Background jobs"),
    "core_message_template": _l("Message templates"),
    "core_saved_view": _l("Saved views"),
    "core_search_doc": _l("Entries of the search"),
    "core_seed": _l("Supplied data"),
    "core_search_state": _l("Entries of the search"),
    "core_setting": _l("Settings"),
    "core_timeline_entry": _l("Entries in histories"),
    "core_view_habit": _l("What people have arranged in lists"),
}

#: Where attached files are kept, among the folders of a tenant.
_ATTACHED: Final = "files"

#: What an addon may have in a schema besides tables, views before what they are made of.
_OBJECTS: Final = text("""
    select relname as name, format('%I.%I', cast(:schema as text), relname) as place,
        case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
            when 'f' then 'foreign table' else 'table' end as kind
    from pg_class c
    where relnamespace = to_regnamespace(quote_ident(:schema)) and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
            and d.deptype in ('i', 'a') and c.relkind = 'S')
    union all
    select proname, format('%I.%I(%s)', :schema, proname, pg_get_function_identity_arguments(oid)), 'routine'
    from pg_proc
    where pronamespace = to_regnamespace(quote_ident(:schema))
    union all
    select typname, format('%I.%I', :schema, typname), case typtype when 'd' then 'domain' else 'type' end
    from pg_type t
    where typnamespace = to_regnamespace(quote_ident(:schema)) and typtype in ('e', 'd', 'c', 'r')
        and not exists (select from pg_class where oid = t.typrelid and relkind <> 'c')
    order by 1
""")
_ESTIMATES: Final = text("""
    select relname, reltuples::bigint as rows from pg_class
    where relnamespace = to_regnamespace(quote_ident(:schema)) and relkind = 'r'
""")
#: From so many rows on a table is not counted where a page only mentions it.
_MANY: Final = 200_000
#: In which order they go, so that nothing is in the way of anything.
_ORDER: Final = (
    "materialized view", "view", "foreign table", "table", "sequence", "routine", "domain", "type",
)  # fmt: skip
_LINKS: Final = text("""
    select child.relname as child, parent.relname as parent from pg_constraint k
    join pg_class child on child.oid = k.conrelid join pg_class parent on parent.oid = k.confrelid
    where k.contype = 'f' and parent.relnamespace = to_regnamespace(quote_ident(:schema)) order by 1, 2
""")
_SIZES: Final = text("""
    select relname, pg_total_relation_size(oid) as size from pg_class
    where relnamespace = to_regnamespace(quote_ident(:schema)) and relkind = 'r'
""")


class AddonIsOn(Conflict):
    """What is on has its data."""

    code = "addon-is-on"
    message = _l("Switch %(name)s off first.")


class AddonHeld(Conflict):
    """Others need it, and are on or have data; ``names`` are the addons."""

    code = "addon-held"
    message = _l("%(held)s need it. Remove their data first.")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(held=", ".join(names))


class NothingHeld(NotFound):
    """There is nothing of this addon."""

    code = "nothing-held"
    message = _l("There is no data of %(name)s.")


@dataclass(frozen=True, slots=True)
class Held:
    """A table of the addon, or the rows in a table of the core that belong to it."""

    table: str
    rows: int
    #: Bytes with indexes; of a table of the core, nothing is known.
    size: int = 0


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """Everything an addon holds in a tenant, and what stands against removing it."""

    addon: str
    is_on: bool
    #: Addons that need it and are on or have data, and whoever else points into its tables.
    dependents: Sequence[str]
    tables: Sequence[Held]
    #: In tables of the core, such with rows only.
    rows: Sequence[Held]
    #: Sequences, views, functions and types of its own: ``sequence: gifts_number``.
    objects: Sequence[str]
    #: Attached files that nothing else needs, and their bytes.
    files: int
    files_size: int

    @property
    def total(self) -> int:
        """Rows of its own tables."""
        return sum(each.rows for each in self.tables)

    @property
    def size(self) -> int:
        """Bytes of its own tables and files."""
        return sum(each.size for each in self.tables) + self.files_size

    def titled_rows(self) -> dict[str, int]:
        """The rows in tables of the core by what people call them; by the table where there is no word."""
        found: dict[str, int] = {}
        for each in self.rows:
            title = str(_ROWS.get(each.table, each.table))
            found[title] = found.get(title, 0) + each.rows
        return found

    def require(self) -> None:
        """See that nothing stands against it.

        Raises:
            AddonIsOn: it is on.
            AddonHeld: others need it.
        """
        if self.is_on:
            raise AddonIsOn(name=self.addon)
        if self.dependents:
            raise AddonHeld(self.dependents)

    def as_data(self) -> dict[str, Any]:
        """The plan as JSON has it."""
        return {**asdict(self), "total": self.total, "size": self.size}


def plan_purge(kernel: Kernel, connection: Connection, tenant: Tenant, name: str) -> PurgePlan:
    """Find all that an addon holds, whatever has become of its package.

    Args:
        kernel: knows what needs what, and the folder of files.
        connection: may read the tenant's tables; the tenant's own role will do.
        tenant: as it stands now.
        name: the addon.

    Raises:
        NoSuchAddon: that is no addon's name.
        NothingHeld: there is nothing of it.
    """
    if name == CORE.name or not NAME.fullmatch(name):
        raise NoSuchAddon(name=name)
    parts = contents(connection, tenant.schema, [name])
    sizes = {row.relname: row.size for row in connection.execute(_SIZES, {"schema": tenant.schema})}
    held = [(part, _count(connection, tenant, part)) for part in parts]
    tables = [Held(part.table, rows, sizes.get(part.table, 0)) for part, rows in held if not part.where]
    rows = [Held(part.table, rows) for part, rows in held if part.where and rows]
    objects = [
        f"{kind}: {label}" for kind, label, _ in objects_of(connection, tenant, name) if kind != "table"
    ]
    if not (tables or rows or objects or name in addons_in(connection, tenant.schema)):
        raise NothingHeld(name=name)
    files = unneeded_files(kernel, connection, tenant, parts)
    return PurgePlan(
        addon=name,
        is_on=name in tenant.addons,
        dependents=tuple(_dependents(kernel, connection, tenant, name)),
        tables=tuple(tables),
        rows=tuple(rows),
        objects=tuple(objects),
        files=len(files),
        files_size=sum(path.stat().st_size for path in files if path.exists()),
    )


def _count(connection: Connection, tenant: Tenant, part: Part) -> int:
    source = f"{quoted(connection, tenant.schema)}.{quoted(connection, part.table)}"
    where = f" where {part.where}" if part.where else ""
    return int(run(connection, f"select count(*) from {source}{where}").scalar_one())  # noqa: S608


def run(connection: Connection, statement: str) -> Any:
    """Run a statement made of names from the catalogue; a percent sign in it stands for itself."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def objects_of(connection: Connection, tenant: Tenant, name: str) -> list[tuple[str, str, str]]:
    """What an addon has in the schema: ``[(kind, name, name in SQL)]``, without what goes with a table."""
    known = {*addons_in(connection, tenant.schema), name}
    found = [
        (row.kind, row.name, row.place)
        for row in connection.execute(_OBJECTS, {"schema": tenant.schema})
        if row.name == f"mig_{name}" or owner_of(row.name, known) == name
    ]
    return sorted(found, key=lambda each: (_ORDER.index(each[0]), each[1]))


def with_tables(connection: Connection, tenant: Tenant) -> set[str]:
    """The addons that have tables in a tenant, besides the one that counts their revisions."""
    return {part.addon for part in contents(connection, tenant.schema)}


def rows_kept(connection: Connection, tenant: Tenant) -> dict[str, int]:
    """What is kept of the addons that are off: ``{name: rows of its tables}``, big tables as estimated.

    Args:
        connection: may read the tenant's tables; the tenant's own role will do.
        tenant: as it stands now.
    """
    estimates = {row.relname: row.rows for row in connection.execute(_ESTIMATES, {"schema": tenant.schema})}
    found: dict[str, int] = {}
    for part in contents(connection, tenant.schema):
        if part.addon not in ("", CORE.name, *tenant.addons):
            guess = estimates.get(part.table, 0)
            rows = guess if guess > _MANY else _count(connection, tenant, part)
            found[part.addon] = found.get(part.addon, 0) + rows
    return found


def _dependents(kernel: Kernel, connection: Connection, tenant: Tenant, name: str) -> list[str]:
    there = with_tables(connection, tenant)
    needing = [each for each in kernel.catalogue.dependents(name) if each in tenant.addons or each in there]
    known = {*addons_in(connection, tenant.schema), name}
    for child, parent in connection.execute(_LINKS, {"schema": tenant.schema}):
        whose = owner_of(child, known)
        if owner_of(parent, known) == name and whose != name:
            needing.append(whose or child)
    return list(dict.fromkeys(needing))


def unneeded_files(
    kernel: Kernel, connection: Connection, tenant: Tenant, parts: Sequence[Part]
) -> list[Path]:
    """The attached files that only rows of the addon name."""
    part = next((each for each in parts if each.table == "core_attachment"), None)
    if part is None:
        return []
    source = f"{quoted(connection, tenant.schema)}.core_attachment"
    statement = (
        f"select distinct sha256 from {source} where {part.where}"  # noqa: S608
        f" except select sha256 from {source} where not ({part.where})"
    )
    folder = folders_of(kernel.config.data, tenant.id)[_ATTACHED]
    return [kept_file(folder, digest) for digest in run(connection, statement).scalars()]
