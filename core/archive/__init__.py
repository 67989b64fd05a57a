"""One archive engine: a tenant, or what an addon holds in it, in one file and back again.

An archive is a ZIP file, written and read as a stream:

    tables/<table>.copy    the rows of a table, as PostgreSQL's COPY writes them as text
    stored/<folder>/...    the files kept for the tenant, each under its SHA-256
    manifest.json          the last member: what the archive is of, and the SHA-256 of all the others

Nothing in an archive is ever run: tables are made by the migrations of the code that is installed, at
the revisions the manifest names, and only rows are taken from the file. The doors:

- `write_archive` in the transaction it is given; `snapshot` opens one for a tenant that is in use;
- `contents` says which tables, and which rows of the core's tables, belong to an addon: what is
  archived, and what a purge takes away;
- `read_manifest` and `verify` look at a file;
- `restore_tenant` makes a tenant of it, `restore_in_place` puts one back, `restore_addon` gives a
  tenant an addon's tables and rows back. Each runs in the transaction of the owner's connection it is
  given, and leaves nothing when that is rolled back;
- `core.archive.tenants` holds what the commands do: whole tenants, in transactions of their own.

What comes out of an archive sends nothing and runs nothing by itself until it is released
(`Tenant.held`): jobs of the archived tenant have no entry in the queue, periodic jobs pass it over, and
of new jobs only those run that are declared ``while_held``. Whoever sends something asks for it.
"""

from __future__ import annotations

from core.archive.contents import Part, contents
from core.archive.manifest import ArchiveDamaged, Manifest, NoArchive
from core.archive.reading import read_manifest, verify
from core.archive.restoring import Restored, restore_addon, restore_in_place, restore_tenant
from core.archive.writing import Tell, snapshot, write_archive

__all__ = [
    "ArchiveDamaged",
    "Manifest",
    "NoArchive",
    "Part",
    "Restored",
    "Tell",
    "contents",
    "read_manifest",
    "restore_addon",
    "restore_in_place",
    "restore_tenant",
    "snapshot",
    "verify",
    "write_archive",
]
