"""Where addons are found: the ``addons`` folder, folders of the operator, installed packages."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from core.addons.manifest import AddonError, Manifest, read_manifest

#: Entry point group of addons that come as packages; the value is the package's import name.
GROUP: Final = "guanxi.addons"
#: The package every addon found in a folder is imported under, as ``addons.<name>``.
NAMESPACE: Final = "addons"


@dataclass(slots=True)
class Found:
    """What discovery saw: readable manifests, and the reasons of the rest by folder or entry point."""

    manifests: list[Manifest] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)


def discover(folders: Iterable[Path]) -> Found:
    """Read the manifests below ``folders`` and of installed packages; the first of a name wins."""
    found = Found()
    for folder in folders:
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            found.broken[str(folder)] = f"{folder}: {error.strerror}"
            continue
        _add_to_namespace(folder)
        for path in paths:
            if path.is_dir() and not path.name.startswith((".", "_")) and (path / "addon.toml").exists():
                _read(found, path.name, path, f"{NAMESPACE}.{path.name}")
    _add_installed()
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        try:
            spec = importlib.util.find_spec(point.value)
        except Exception as error:  # noqa: BLE001 - finding a package imports those above it
            found.broken[point.name] = f"the package “{point.value}”: {type(error).__name__}: {error}"
            continue
        if spec is None or not spec.submodule_search_locations:
            found.broken[point.name] = f"the package “{point.value}” is not there"
            continue
        folder = Path(next(iter(spec.submodule_search_locations)))
        # Installed beside our own, it was found there already.
        if all(other.folder.resolve() != folder.resolve() for other in found.manifests):
            _read(found, point.name, folder, point.value)
    return found


def _read(found: Found, name: str, folder: Path, package: str) -> None:
    try:
        manifest = read_manifest(folder, package)
        if package.startswith(f"{NAMESPACE}.") and manifest.name != folder.name:
            raise AddonError(
                f"{folder / 'addon.toml'}: the name “{manifest.name}” must be that of the folder"
            )
        twin = next((other for other in found.manifests if other.name == manifest.name), None)
        if twin is not None:
            said = f"another addon is called “{manifest.name}” already: {twin.folder}"
            raise AddonError(f"{folder}: {said}")
    except AddonError as error:
        found.broken[name] = "; ".join(filter(None, (found.broken.get(name), str(error))))
    else:
        found.manifests.append(manifest)


def _add_installed() -> None:
    """Make addons importable that packages have brought as ``addons.<name>``, wherever they lie."""
    spec = PathFinder.find_spec(NAMESPACE)
    for path in (spec.submodule_search_locations or ()) if spec is not None else ():
        _add_to_namespace(Path(path))


def _add_to_namespace(folder: Path) -> None:
    """Make the addons in ``folder`` importable as ``addons.<name>``, wherever the folder lies."""
    package = sys.modules.get(NAMESPACE)
    if package is None:
        package = types.ModuleType(NAMESPACE, "Addons, wherever their folders lie.")
        package.__path__ = []
        sys.modules[NAMESPACE] = package
    paths = list(package.__path__)
    if str(folder) not in paths:
        package.__path__ = [*paths, str(folder)]
