"""``addon.toml``: what an addon is and needs, readable without importing its code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.i18n import Lazy, _l, lazy_gettext

NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")
#: Taken by the core, its addresses and its own migration history.
RESERVED: Final = frozenset(
    {"core", "platform", "settings", "api", "static", "assets", "login", "logout", "preferences", "palette"}
    | {
        "events",
        "feeds",
        "imports",
        "jobs",
        "metrics",
        "healthz",
        "readyz",
        "account",
        "pages",
        "probes",
        "api_docs",
    }
)
_TEXTS: Final = ("name", "title", "summary", "version", "author", "licence", "category", "icon")
_LISTS: Final = ("depends", "extends")
_FLAGS: Final = ("default",)
_REQUIRED: Final = ("name", "title", "summary", "version")


class AddonError(Exception):
    """An addon cannot be used; the sentence names the file and what to change."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of one ``addon.toml``."""

    name: str
    title: Lazy
    summary: Lazy
    version: str
    #: The folder it was read from, and the import name of the package in it.
    folder: Path
    package: str
    depends: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    author: str = ""
    licence: str = ""
    category: str = ""
    icon: str = "puzzle"
    #: Whether a new tenant has it on, unless said otherwise; what serves one industry only is not.
    default: bool = True

    def may_name(self, name: str) -> bool:
        """Whether a thing, called ``<addon>.<name>``, is of the core, this addon, or one it meets."""
        return name.partition(".")[0] in ("core", self.name, *self.depends, *self.extends)


#: The core stands among the addons as the one that is always on.
CORE: Final = Manifest(
    name="core",
    title=_l("Core"),
    summary=_l("People, units and records"),
    version="0.1.0",
    folder=Path(__file__).parents[1],
    package="core.settings",
    icon="settings",
)


def read_manifest(folder: Path, package: str) -> Manifest:
    """Read and check the ``addon.toml`` in ``folder``.

    Raises:
        AddonError: the file is missing, is not TOML, or breaks the schema.
    """
    path = folder / "addon.toml"
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except FileNotFoundError:
        raise AddonError(f"{path}: there is no addon.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise AddonError(f"{path}: {error}") from error
    _check(path, data)
    values: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in data.items()}
    values["title"], values["summary"] = lazy_gettext(values["title"]), lazy_gettext(values["summary"])
    return Manifest(folder=folder, package=package, **values)


def _check(path: Path, data: dict[str, Any]) -> None:
    known = (*_TEXTS, *_LISTS, *_FLAGS)
    problems: list[str] = []
    for key, value in data.items():
        if key not in known:
            problems.append(f"“{key}” is unknown; known are {', '.join(known)}")
        elif key in _TEXTS and not (isinstance(value, str) and value.strip()):
            problems.append(f"“{key}” must be a text")
        elif key in _LISTS and not _is_list_of_names(value):
            problems.append(f"“{key}” must be a list of addon names")
        elif key in _FLAGS and not isinstance(value, bool):
            problems.append(f"“{key}” must be true or false")
    problems += [f"“{key}” is missing" for key in _REQUIRED if key not in data]
    name = data.get("name")
    if isinstance(name, str) and not NAME.fullmatch(name):
        problems.append(f"the name “{name}” must be 2 to 41 lower-case letters, digits and _")
    if isinstance(name, str) and name in RESERVED:
        problems.append(f"the name “{name}” is taken by the core")
    if problems:
        raise AddonError(f"{path}: " + "; ".join(problems))


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and NAME.fullmatch(item) for item in value)


def in_order(manifests: Sequence[Manifest]) -> tuple[list[Manifest], dict[str, str]]:
    """Sort addons so that each stands behind what it needs; equals by name.

    ``extends`` orders too where the other addon is there, but is no need.

    Returns:
        The sorted addons, and ``{name: reason}`` for those that cannot load because an addon they
        need is missing or needs them in turn.
    """
    waiting = {manifest.name: manifest for manifest in sorted(manifests, key=lambda each: each.name)}
    done: list[Manifest] = []
    placed: set[str] = set()
    while waiting:
        ready = next((each for each in waiting.values() if _is_ready(each, placed, waiting)), None)
        if ready is None:  # a circle made by extends alone is broken by name
            ready = next((each for each in waiting.values() if set(each.depends) <= placed), None)
        if ready is None:
            break
        done.append(waiting.pop(ready.name))
        placed.add(ready.name)
    return done, {name: _why_not(each, waiting, placed) for name, each in waiting.items()}


def _is_ready(manifest: Manifest, placed: set[str], waiting: dict[str, Manifest]) -> bool:
    return set(manifest.depends) <= placed and not (set(manifest.extends) & set(waiting))


def _why_not(manifest: Manifest, waiting: dict[str, Manifest], placed: set[str]) -> str:
    missing = [name for name in manifest.depends if name not in placed and name not in waiting]
    if missing:
        return f"needs {', '.join(missing)}, which is not there or does not load"
    circle = ", ".join(name for name in manifest.depends if name in waiting)
    return f"needs {circle}, which cannot load before it"
