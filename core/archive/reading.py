"""Reading an archive: its manifest, and its members, each checked while it streams by."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from core.archive.manifest import MANIFEST, ArchiveDamaged, FileEntry, Manifest, NoArchive, TableEntry
from core.archive.writing import BLOCK, Tell
from core.i18n import _l

#: What the standard library says of a member that is not as it was written.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, RuntimeError, ValueError)
Entry = TableEntry | FileEntry


class Archive:
    """An archive that is open for reading."""

    def __init__(self, path: Path) -> None:
        """Open a file and read its manifest.

        Raises:
            NoArchive: it is something else, or its end is missing.
            ArchiveDamaged: the manifest is not as it was written.
            NewerFormat: this program does not know the form.
            OSError: there is no such file, or it cannot be read.
        """
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise NoArchive(name=path.name, reason=_l("it is no ZIP file, or its end is missing.")) from error
        try:
            content = self._zip.read(MANIFEST)
        except KeyError as error:
            self._zip.close()
            raise NoArchive(name=path.name, reason=_l("it has no manifest.")) from error
        except _BROKEN as error:
            self._zip.close()
            raise ArchiveDamaged(member=MANIFEST) from error
        try:
            self.manifest = Manifest.from_json(content, path.name)
        except BaseException:
            self._zip.close()
            raise

    @contextmanager
    def member(self, entry: Entry) -> Iterator[Checked]:
        """Read what a table or a file holds.

        Raises:
            ArchiveDamaged: it is missing, or not as it was written; known at the end of the block at the
                latest, so what was made of it has to be undone.
        """
        try:
            stream = self._zip.open(entry.member)
        except _BROKEN as error:
            raise ArchiveDamaged(member=entry.member) from error
        with stream:
            checked = Checked(stream, entry.member)
            yield checked
            while checked.read(BLOCK):
                pass
        if (checked.size, checked.sha256) != (entry.size, entry.sha256):
            raise ArchiveDamaged(member=entry.member)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()


class Checked:
    """A stream that counts and hashes what is read of it."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of everything read so far."""
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """The next piece.

        Raises:
            ArchiveDamaged: it cannot be made out.
        """
        try:
            block = self._stream.read(size)
        except _BROKEN as error:
            raise ArchiveDamaged(member=self._name) from error
        self._digest.update(block)
        self.size += len(block)
        return block


def read_manifest(path: Path) -> Manifest:
    """What an archive is of.

    Raises:
        NoArchive, ArchiveDamaged, NewerFormat, OSError: as `Archive`.
    """
    with Archive(path) as archive:
        return archive.manifest


def verify(path: Path, tell: Tell | None = None) -> Manifest:
    """Read an archive from beginning to end.

    Raises:
        ArchiveDamaged: a member is missing or not as it was written.
        NoArchive, NewerFormat, OSError: as `Archive`.
    """
    with Archive(path) as archive:
        done, total = 0, archive.manifest.size
        entries: tuple[Entry, ...] = (*archive.manifest.tables, *archive.manifest.files)
        for entry in entries:
            with archive.member(entry) as member:
                while member.read(BLOCK):
                    if tell is not None:
                        tell(done + member.size, total, entry.member)
            done += entry.size
        return archive.manifest
