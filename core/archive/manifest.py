"""What an archive says of itself: ``manifest.json``, the last member of the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from core.errors import Conflict, Invalid
from core.i18n import _l
from core.resources.storage import FOLDERS

#: Raised with every change that an older program could not read.
FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_PRODUCT: Final = "guanxi"


class NoArchive(Invalid):
    """The file is not one that `core.archive` has written; ``reason`` says what is the matter."""

    code = "no-archive"
    message = _l("“%(name)s” is not an archive: %(reason)s")


class NewerFormat(Conflict):
    """A later version of Guanxi has written the archive."""

    code = "archive-newer"
    message = _l(
        "The archive was written by Guanxi %(version)s. Restore it with that version or a newer one."
    )


class ArchiveDamaged(Conflict):
    """Something in the file is not as it was written; ``member`` is where."""

    code = "archive-damaged"
    message = _l("The archive is damaged at “%(member)s”. Nothing was changed; use another copy of it.")


@dataclass(frozen=True, slots=True)
class AddonEntry:
    """An addon that was on or had tables; the core is one of them."""

    name: str
    #: Empty where its package was gone.
    version: str
    title: str
    is_on: bool
    #: What its history had reached.
    revisions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table; of the core's tables in the archive of an addon, the rows that belong to it."""

    name: str
    addon: str
    columns: tuple[str, ...]
    rows: int
    #: Of the rows as COPY writes them.
    size: int
    sha256: str

    @property
    def member(self) -> str:
        """Where in the file its rows are."""
        return f"tables/{self.name}.copy"


@dataclass(frozen=True, slots=True)
class SequenceEntry:
    """How far a sequence or an identity has counted."""

    name: str
    value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file kept for the tenant; ``path`` begins with one of `core.resources.storage.FOLDERS`."""

    path: str
    size: int
    sha256: str

    @property
    def member(self) -> str:
        """Where in the file it is."""
        return f"stored/{self.path}"


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What the platform knows of the tenant; nothing of this names the installation it came from."""

    slug: str
    name: str
    language: str
    timezone: str
    country: str
    is_default: bool
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive is of, and what lies in it."""

    #: The version of Guanxi, and the instant in UTC (ISO 8601).
    version: str
    made_at: str
    tenant: TenantFacts
    #: Empty for a whole tenant, otherwise the addons whose data this is.
    only: tuple[str, ...]
    #: In the order of their needs, the core first.
    addons: tuple[AddonEntry, ...]
    tables: tuple[TableEntry, ...]
    sequences: tuple[SequenceEntry, ...]
    files: tuple[FileEntry, ...]
    #: What the tables took in the database, with their indexes.
    database_size: int = 0
    #: Attached files that were not there or not whole when the archive was written: ``(path, ...)``.
    lost: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def size(self) -> int:
        """Bytes of all rows and files, not compressed."""
        return sum(table.size for table in self.tables) + sum(file.size for file in self.files)

    @property
    def on(self) -> frozenset[str]:
        """The addons that were on."""
        return frozenset(addon.name for addon in self.addons if addon.is_on and addon.name != "core")

    def to_json(self) -> bytes:
        """The manifest as it lies in the file."""
        return orjson.dumps({"product": _PRODUCT, **asdict(self)}, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, content: bytes, name: str) -> Manifest:
        """Read it again.

        Args:
            content: what lies in the file.
            name: of the file, for sentences.

        Raises:
            NoArchive: it is something else.
            NewerFormat: this program does not know the form.
        """
        try:
            values = orjson.loads(content)
            if values.pop("product") != _PRODUCT:
                raise NoArchive(name=name, reason=MANIFEST)
            if values["format"] > FORMAT:
                raise NewerFormat(version=values["version"])
            facts = values.pop("tenant")
            return cls(
                tenant=TenantFacts(**{**facts, "hosts": tuple(facts["hosts"])}),
                addons=tuple(
                    AddonEntry(**{**each, "revisions": tuple(each["revisions"])})
                    for each in values.pop("addons")
                ),
                tables=tuple(
                    TableEntry(**{**each, "columns": tuple(each["columns"])}) for each in values.pop("tables")
                ),
                sequences=tuple(SequenceEntry(**each) for each in values.pop("sequences")),
                files=tuple(_file(each) for each in values.pop("files")),
                only=tuple(values.pop("only")),
                lost=tuple(values.pop("lost")),
                **values,
            )
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise NoArchive(name=name, reason=MANIFEST) from error


def _file(values: dict[str, Any]) -> FileEntry:
    """One file; its path leads below one of the folders, whoever wrote the manifest."""
    path = PurePosixPath(values["path"])
    if path.is_absolute() or ".." in path.parts or path.parts[0] not in FOLDERS:
        raise ValueError(values["path"])
    return FileEntry(**values)
