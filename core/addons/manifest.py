"""``addon.toml``: what an addon is and needs, readable without importing its code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from core import __version__
from core.i18n import Lazy, _l, lazy_gettext

NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")
#: Taken by the core, its addresses and its own migration history.
RESERVED: Final = frozenset(
    {"core", "platform", "settings", "api", "static", "assets", "login", "logout", "preferences", "palette"}
    | {
        "custom",
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
#: An addon's name, and the versions of it that will do: ``customer>=0.2,<1``.
_NEED: Final = re.compile(rf"({NAME.pattern})\s*(.*)")
_TEXTS: Final = ("name", "title", "summary", "version", "guanxi", "author", "licence", "category", "icon")
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
    #: The versions it can work with, of those among ``depends`` and ``extends`` where they matter, and
    #: of the core.
    ranges: Mapping[str, SpecifierSet] = field(default_factory=dict, hash=False)
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
    version=__version__,
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
    ranges = {"core": SpecifierSet(data.pop("guanxi"))} if "guanxi" in data else {}
    values: dict[str, Any] = dict(data)
    for key in _LISTS:
        needs = dict(map(_need, data.get(key, ())))
        values[key] = tuple(needs)
        ranges |= {name: versions for name, versions in needs.items() if str(versions)}
    values["ranges"] = ranges
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
        elif key in _FLAGS and not isinstance(value, bool):
            problems.append(f"“{key}” must be true or false")
        elif key in _LISTS:
            problems += _problems_of_list(key, value)
    if isinstance(data.get("guanxi"), str) and not _is_range(data["guanxi"]):
        problems.append(f"“guanxi” must be versions of the program, like “>=0.1,<1”, not “{data['guanxi']}”")
    problems += [f"“{key}” is missing" for key in _REQUIRED if key not in data]
    name = data.get("name")
    if isinstance(name, str) and not NAME.fullmatch(name):
        problems.append(f"the name “{name}” must be 2 to 41 lower-case letters, digits and _")
    if isinstance(name, str) and name in RESERVED:
        problems.append(f"the name “{name}” is taken by the core")
    if problems:
        raise AddonError(f"{path}: " + "; ".join(problems))


def _problems_of_list(key: str, value: object) -> list[str]:
    """What is wrong with a list of addons, each with the versions that will do."""
    entries = value if isinstance(value, list) else [value]
    found = [_NEED.fullmatch(each) if isinstance(each, str) else None for each in entries]
    if not isinstance(value, list) or not all(found):
        return [f"“{key}” must be a list of addon names, or of names with versions, like “customer>=0.2,<1”"]
    bad = [match[0] for match in found if match and not _is_range(match[2])]
    names = [match[1] for match in found if match]
    problems = [f"“{key}”: the versions in “{each}” cannot be read; write “customer>=0.2,<1”" for each in bad]
    return problems + [
        f"“{key}” names “{each}” twice" for each in dict.fromkeys(names) if names.count(each) > 1
    ]


def _is_range(versions: str) -> bool:
    try:
        SpecifierSet(versions)
    except InvalidSpecifier:
        return False
    return True


def _need(entry: str) -> tuple[str, SpecifierSet]:
    """An addon's name and the versions of it that will do; an empty set takes all."""
    found = _NEED.fullmatch(entry)
    assert found is not None
    return found[1], SpecifierSet(found[2])
