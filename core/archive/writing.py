"""Writing an archive: rows by COPY, files from their folder, both as streams."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol, Self

from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.pool import NullPool

from core import __version__
from core.archive.contents import Part, addons_in, contents, owner_of, quoted, sequences_in
from core.archive.manifest import (
    MANIFEST,
    AddonEntry,
    FileEntry,
    Manifest,
    SequenceEntry,
    TableEntry,
    TenantFacts,
)
from core.db import platform
from core.db.provision import find_tenant
from core.db.tenancy import Tenant
from core.errors import Conflict
from core.i18n import _l
from core.resources.storage import folders_of, kept_file, writing_files

if TYPE_CHECKING:
    from core.kernel import Kernel

#: So much is gathered before it is compressed, and read of a file at once.
BLOCK: Final = 256 * 1024
#: Of deflate: 140 to 200 MB/s on customers and their search; 6 leaves 80 % of the bytes at a third of that.
_LEVEL: Final = 1
#: What the text of values depends on.
FORM: Final = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
}
_SET: Final = text("select set_config(:name, :value, true)")
_SIZE: Final = text("""
    select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = :schema and c.relkind = 'r' and c.relname = any(:names)
""")


class NoTables(Conflict):
    """The tenant's schema is not there, or empty: nothing that could be called its archive."""

    code = "no-tables"
    message = _l("“%(slug)s” has no tables here.")


class Tell(Protocol):
    """Is told how far the work is; what it raises ends it."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` bytes of about ``total``; ``what`` is the table or file at hand."""


@contextmanager
def snapshot(owner_url: str, slug: str) -> Iterator[tuple[Connection, Tenant]]:
    """A transaction of the owner that sees a tenant as it is now, while it stays in use.

    An upgrade of the tenant waits for its end, or it for the upgrade's; nobody else does.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
    """
    engine = create_engine(owner_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            schema = find_tenant(connection, slug).schema
            # Taken before the snapshot, which would otherwise show the tables from before the wait.
            key = "hashtext('guanxi'), hashtext(:schema)"
            connection.execute(text(f"select pg_advisory_lock_shared({key})"), {"schema": schema})
            connection.rollback()
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection, find_tenant(connection, slug)
            connection.rollback()
    finally:
        engine.dispose()


def write_archive(
    connection: Connection,
    kernel: Kernel,
    tenant: Tenant,
    path: Path,
    *,
    addons: Collection[str] | None = None,
    tell: Tell | None = None,
) -> Manifest:
    """Write a tenant, or what some addons hold in it, into a file that appears when it is whole.

    Args:
        connection: of the owner, in a transaction: `snapshot`'s, or one that keeps others from writing.
        kernel: knows the addons and the data folder; an addon whose package is gone is written as well.
        tenant: whose.
        path: must not exist yet; only its owner may read it.
        addons: the whole tenant when None; otherwise these addons' tables, their rows of the core's
            tables, and the files these name.
        tell: is told how far it is.

    Raises:
        NoTables: there is nothing of the tenant in the database.
        FileExistsError: there is a file already.
        StorageFull: no space is left; nothing is left behind.
        OSError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    if path.exists():
        raise FileExistsError(17, os.strerror(17), str(path))
    try:
        with writing_files():
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                manifest = _Writer(connection, kernel, tenant, file, tell).write(addons)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


class _Writer:
    """Writes one archive."""

    def __init__(
        self, connection: Connection, kernel: Kernel, tenant: Tenant, file: IO[bytes], tell: Tell | None
    ) -> None:
        self._connection = connection
        self._kernel = kernel
        self._tenant = tenant
        self._schema = quoted(connection, tenant.schema)
        self._file = file
        self._tell = tell
        self._done = self._total = 0
        self._lost: list[str] = []

    def write(self, only: Collection[str] | None) -> Manifest:
        """Write all members; gives the manifest, which is the last of them."""
        if "core" not in addons_in(self._connection, self._tenant.schema):
            raise NoTables(slug=self._tenant.slug)
        made_at: datetime = self._connection.execute(text("select statement_timestamp()")).scalar_one()
        for name, value in FORM.items():
            self._connection.execute(_SET, {"name": name, "value": value})
        parts = contents(self._connection, self._tenant.schema, only)
        files = dict(self._files(parts, everything=only is None))
        self._total = sum(part.size for part in parts) + sum(path.stat().st_size for path in files.values())
        with zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as self._zip:
            tables = tuple(self._table(part) for part in parts)
            kept = tuple(entry for each in files.items() if (entry := self._stored(*each)) is not None)
            manifest = Manifest(
                version=__version__,
                made_at=made_at.astimezone(UTC).isoformat(timespec="seconds"),
                tenant=self._facts(),
                only=tuple(sorted(only or ())),
                addons=self._addons(only),
                tables=tables,
                sequences=tuple(self._sequences(only)),
                files=kept,
                database_size=self._database_size(parts),
                lost=tuple(self._lost),
            )
            self._zip.writestr(MANIFEST, manifest.to_json())
        return manifest

    def _table(self, part: Part) -> TableEntry:
        """Write the rows of a table."""
        columns = ", ".join(quoted(self._connection, name) for name in part.columns)
        source = f"{self._schema}.{quoted(self._connection, part.table)}"
        rows = f"{source} ({columns})"
        if part.where:
            named = ", ".join(f"{part.table}.{quoted(self._connection, name)}" for name in part.columns)
            rows = f"(select {named} from {source} where {part.where})"  # noqa: S608
        entry = TableEntry(part.table, part.addon, part.columns, 0, 0, "")
        member = _Member(self._zip, entry.member, lambda size: self._say(min(size, part.size), part.table))
        with member as to, closing(self._connection.connection.cursor()) as cursor:
            cursor.copy_expert(f"copy {rows} to stdout (encoding 'UTF8')", to)
            written = cursor.rowcount
        self._done += part.size
        return replace(entry, rows=written, size=to.size, sha256=to.sha256)

    def _files(self, parts: list[Part], *, everything: bool) -> Iterator[tuple[str, Path]]:
        """The files to write, by the path they are known by; notes those that should be there and are not."""
        folders = folders_of(self._kernel.config.data, self._tenant.id)
        named = {part.table: set(self._digests(part)) for part in parts if "sha256" in part.columns}
        wanted = set().union(*named.values())
        there = set()
        for folder, place in folders.items():
            for path in sorted(place.glob("*/*")):
                if path.is_file() and (everything or path.name in wanted):
                    there.add(path.name)
                    yield f"{folder}/{path.relative_to(place).as_posix()}", path
        self._lost += sorted(named.get("core_attachment", set()) - there)

    def _digests(self, part: Part) -> Iterator[str]:
        """The files that rows of a table name."""
        source = f"{self._schema}.{quoted(self._connection, part.table)}"
        where = f" where {part.where}" if part.where else ""
        column = f"{part.table}.sha256"
        yield from self._connection.exec_driver_sql(
            f"select distinct {column} from {source}{where}",  # noqa: S608
            execution_options={"no_parameters": True},
        ).scalars()

    def _stored(self, name: str, path: Path) -> FileEntry | None:
        """Write a file as it is, since most are compressed; None where it has gone meanwhile."""
        entry = FileEntry(name, 0, "")
        try:
            source = path.open("rb")
        except FileNotFoundError:  # an export or an upload whose time was over
            return None
        with source, _Member(self._zip, entry.member, lambda size: self._say(size, name), stored=True) as to:
            while block := source.read(BLOCK):
                to.write(block)
        self._done += to.size
        if kept_file(path.parents[1], path.name) == path and to.sha256 != path.name:
            self._lost.append(path.name)
        return FileEntry(name, to.size, to.sha256)

    def _facts(self) -> TenantFacts:
        """What the platform knows of the tenant."""
        hosts = select(platform.tenant_host.c.host).where(platform.tenant_host.c.tenant_id == self._tenant.id)
        default = select(platform.tenant.c.is_default).where(platform.tenant.c.id == self._tenant.id)
        tenant = self._tenant
        return TenantFacts(
            slug=tenant.slug,
            name=tenant.name,
            language=tenant.language,
            timezone=tenant.timezone,
            country=tenant.country,
            is_default=bool(self._connection.scalar(default)),
            hosts=tuple(sorted(self._connection.scalars(hosts))),
        )

    def _addons(self, only: Collection[str] | None) -> tuple[AddonEntry, ...]:
        """The addons that are on or have tables, in the order of their needs; without a package: last."""
        known, there = self._kernel.catalogue.addons, addons_in(self._connection, self._tenant.schema)
        found = []
        names = there.keys() | self._tenant.addons if only is None else there.keys() & set(only)
        for name in (*(each for each in known if each in names), *sorted(names - known.keys())):
            addon, is_on = known.get(name), name == "core" or name in self._tenant.addons
            version, title = (addon.version, str(addon.title)) if addon else ("", name)
            found.append(AddonEntry(name, version, title, is_on, there.get(name, ())))
        return tuple(found)

    def _sequences(self, only: Collection[str] | None) -> Iterator[SequenceEntry]:
        """How far everything has counted that counts for these tables."""
        known = addons_in(self._connection, self._tenant.schema)
        for name, table in sequences_in(self._connection, self._tenant.schema):
            if only is None or owner_of(table, known) in only:
                place = f"{self._schema}.{quoted(self._connection, name)}"
                counted = text(f"select last_value, is_called from {place}")  # noqa: S608
                yield SequenceEntry(name, *self._connection.execute(counted).one())

    def _database_size(self, parts: list[Part]) -> int:
        """Bytes the tables take with their indexes, where all their rows are written."""
        names = [part.table for part in parts if not part.where]
        size = self._connection.scalar(_SIZE, {"schema": self._tenant.schema, "names": names})
        return int(size or 0)

    def _say(self, size: int, what: str) -> None:
        if self._tell is not None:
            self._tell(self._done + size, self._total, what)


class _Member:
    """One member of the file while it is written: gathers, hashes and counts what COPY hands over by rows."""

    def __init__(
        self, archive: zipfile.ZipFile, name: str, say: Callable[[int], None], *, stored: bool = False
    ) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o600 << 16
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        info._compresslevel = _LEVEL  # type: ignore[attr-defined] # public in Python 3.13
        self._member = archive.open(info, "w", force_zip64=True)
        self._say = say
        self._gathered = bytearray()
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of everything written."""
        return self._digest.hexdigest()

    def write(self, content: bytes) -> int:
        """Take a piece."""
        self._gathered += content
        if len(self._gathered) >= BLOCK:
            self._pass_on()
        return len(content)

    def _pass_on(self) -> None:
        self._digest.update(self._gathered)
        self._member.write(self._gathered)
        self.size += len(self._gathered)
        self._gathered.clear()
        self._say(self.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._pass_on()
        finally:  # also where somebody who was told how far it is has stopped it
            self._member.close()
