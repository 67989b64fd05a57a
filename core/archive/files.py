"""Putting the files of an archive into the tenant's folders."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from core.archive.manifest import FileEntry
from core.archive.reading import Archive
from core.archive.writing import BLOCK
from core.resources.storage import folders_of, writing_files


@contextmanager
def storing(archive: Archive, data: Path, tenant: int, report: Callable[[int, str], None]) -> Iterator[None]:
    """Store the files of an archive, then run a block; where that fails, those that are new go again.

    A file that is there already stays as it is: it bears the hash of its content as its name.

    Args:
        archive: where they lie.
        data: the data folder.
        tenant: its number.
        report: is told how many bytes have been read, and of which file.

    Raises:
        ArchiveDamaged: a file is not as it was written.
        StorageFull: no space is left.
    """
    folders, made, done = folders_of(data, tenant), list[Path](), 0
    try:
        with writing_files():
            for entry in archive.manifest.files:
                folder, *rest = PurePosixPath(entry.path).parts
                path = folders[folder].joinpath(*rest)
                if not path.exists():
                    _store(archive, entry, path)
                    made.append(path)
                done += entry.size
                report(done, entry.path)
        yield
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _store(archive: Archive, entry: FileEntry, path: Path) -> None:
    """Write one file; it appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parents[1], delete=False) as file:
        try:
            with archive.member(entry) as member:
                while block := member.read(BLOCK):
                    file.write(block)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).rename(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
