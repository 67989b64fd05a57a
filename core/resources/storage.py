"""Files that are kept for a tenant, each once under its hash; a full disk is told from other troubles."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path
from typing import IO, Final

from core.errors import StorageFull, TooLarge

_BLOCK: Final = 1024 * 1024
#: What lies in the data folder by tenant, each below its number: attachments and exports, uploaded imports.
FOLDERS: Final = ("files", "imports")


@contextmanager
def writing_files() -> Iterator[None]:
    """Say it with a sentence when the disk is full.

    Raises:
        StorageFull: no space is left for what the block writes.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT, EFBIG):
            raise StorageFull from error
        raise


def keep_file(folder: Path, content: IO[bytes], *, limit: int) -> tuple[int, str]:
    """Store a stream under its hash; one that is there already is kept once.

    Args:
        folder: of the tenant.
        content: read in blocks, never in memory whole.
        limit: bytes.

    Returns:
        ``(bytes, SHA-256)``.

    Raises:
        TooLarge: it is over the limit; nothing is kept.
        StorageFull: no space is left; nothing is kept.
    """
    digest, size = hashlib.sha256(), 0
    with writing_files():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            try:
                while block := content.read(_BLOCK):
                    size += len(block)
                    if size > limit:
                        shown = f"{limit // _BLOCK} MB" if limit >= _BLOCK else f"{limit // 1024} kB"
                        raise TooLarge(limit=shown)
                    digest.update(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
                final = kept_file(folder, digest.hexdigest())
                final.parent.mkdir(exist_ok=True)
                Path(file.name).replace(final)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    return size, digest.hexdigest()


def kept_file(folder: Path, digest: str) -> Path:
    """Where `keep_file` has put the file with this hash."""
    return folder / digest[:2] / digest


def folders_of(data: Path, tenant: int) -> dict[str, Path]:
    """Everything in the data folder that is kept for a tenant: ``{name in FOLDERS: folder}``."""
    return {name: data / name / str(tenant) for name in FOLDERS}
