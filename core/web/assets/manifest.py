"""Where the built front-end files are: the address of each and what is inside `icons.json`."""

from __future__ import annotations

import json
import time
from functools import cache, lru_cache
from pathlib import Path
from typing import cast

from core.errors import Unavailable
from core.i18n import _l

#: The folder the build fills; served as ``/static/dist`` and safe to cache for ever.
DIST = Path(__file__).resolve().parent.parent / "static" / "dist"


class AssetsMissing(Unavailable):
    """The front-end files are not built, or ``name`` is not among them."""

    code = "assets-missing"
    message = _l('The front-end file "%(name)s" is not built. Run: python -m core.web.assets')


@cache
def _read(folder: Path, name: str, _changed: int) -> dict[str, str]:
    """The JSON object in a file; ``_changed`` (nanoseconds) makes a new build count without a restart."""
    return cast("dict[str, str]", json.loads((folder / name).read_bytes()))


def read_built(name: str) -> dict[str, str]:
    """The JSON object of names and values that the build wrote as ``name``.

    Raises:
        AssetsMissing: nothing is built.
    """
    try:
        return _read(DIST, name, _changed_at(DIST, name, int(time.monotonic())))
    except FileNotFoundError as error:
        raise AssetsMissing(name=name) from error


@lru_cache(maxsize=8)
def _changed_at(folder: Path, name: str, _second: int) -> int:
    """When a file was built; looked up once a second, since a page asks for dozens of icons."""
    return (folder / name).stat().st_mtime_ns


def asset(name: str) -> str:
    """The address of a built file, e.g. ``style.css`` -> ``/static/dist/style-4F2K7Q.css``.

    Raises:
        AssetsMissing: nothing is built, or there is no such file.
    """
    built = read_built("manifest.json")
    if name not in built:
        raise AssetsMissing(name=name)
    return f"/static/dist/{built[name]}"
