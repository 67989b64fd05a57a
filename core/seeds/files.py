"""The files in the ``data`` folder of an addon: YAML, groups of records of one resource and one mode.

    resource: customer.standard
    mode: managed
    records:
      - id: bant
        name: {zh: BANT 资格标准, en: BANT}
        threshold: 60

Several groups stand in one file between lines of ``---``. Only plain values are read, no objects.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

from core.addons.pointing import nearest_first

#: Of a seed within its addon.
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_GROUP: Final = ("resource", "mode", "records")
#: LibYAML reads a file in a tenth of the time; its wheels have it, a build from source may not.
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mode(StrEnum):
    """What becomes of a seed after it was written."""

    ONCE = "once"
    MANAGED = "managed"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and where."""

    path: Path
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True, eq=False)
class Seed:
    """One record as a file has it."""

    addon: str
    #: ``<addon>.<id>``.
    key: str
    resource: str
    mode: Mode
    #: By field name, as they are written.
    values: Mapping[str, Any]
    path: Path
    line: int
    #: Where each field stands.
    lines: Mapping[str, int]

    @property
    def place(self) -> str:
        """File and line, as people find them: ``data/standards.yaml:4``."""
        return f"{self.path.parent.name}/{self.path.name}:{self.line}"

    def problem(self, sentence: str, field: str = "") -> Problem:
        """Something that is wrong with it, or with one of its fields."""
        return Problem(self.path, self.lines.get(field, self.line), sentence)


def read_seeds(addon: str, folder: Path) -> tuple[list[Seed], list[Problem]]:
    """Read all files below ``folder``, in the order of their names.

    Returns:
        The seeds, and what is wrong with the form of the files. What they mean is checked elsewhere.
    """
    seeds: list[Seed] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.y*ml")):
        for found in _read(addon, path):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                seeds.append(found)
    first: dict[str, Seed] = {}
    for seed in seeds:
        if first.setdefault(seed.key, seed) is not seed:
            problems.append(seed.problem(f"the id “{seed.key}” is taken already, at {first[seed.key].place}"))
    return list(first.values()), problems


def _read(addon: str, path: Path) -> Iterator[Seed | Problem]:
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        yield _unreadable(path, error)
        return
    try:
        while loader.check_node():
            node = loader.get_node()
            twice = list(_twice(path, node))
            yield from twice or _group(addon, path, loader, node)
    except yaml.YAMLError as error:
        yield _unreadable(path, error)
    finally:
        loader.dispose()


def _unreadable(path: Path, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error)
    return Problem(path, mark.line + 1 if mark else 1, f"this is no YAML: {said}")


def _twice(path: Path, node: yaml.Node) -> Iterator[Problem]:
    """Names that stand twice in one mapping, of which YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        names: set[Hashable] = set()
        for key, value in node.value:
            if key.value in names:
                yield Problem(path, _line(key), f"“{key.value}” stands here twice")
            names.add(key.value)
            yield from _twice(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _twice(path, each)


def _group(addon: str, path: Path, loader: Any, node: yaml.Node) -> Iterator[Seed | Problem]:
    if not isinstance(node, yaml.MappingNode):
        yield Problem(path, _line(node), "a group needs resource, mode and records")
        return
    parts = {key.value: (key, value) for key, value in node.value}
    for name in parts.keys() - set(_GROUP):
        known = ", ".join(nearest_first(name, _GROUP))
        yield Problem(path, _line(parts[name][0]), f"“{name}” is unknown; known are {known}")
    missing = [name for name in _GROUP if name not in parts]
    if missing:
        yield Problem(path, _line(node), f"“{missing[0]}” is missing")
        return
    mode = loader.construct_object(parts["mode"][1])
    if mode not in list(Mode):
        known = ", ".join(nearest_first(str(mode), list(Mode)))
        yield Problem(path, _line(parts["mode"][1]), f"there is no mode “{mode}”; there are {known}")
        return
    records = parts["records"][1]
    if not isinstance(records, yaml.SequenceNode):
        yield Problem(path, _line(records), "“records” must be a list")
        return
    resource = str(loader.construct_object(parts["resource"][1]))
    for record in records.value:
        yield _record(addon, path, loader, record, resource, Mode(mode))


def _record(
    addon: str, path: Path, loader: Any, node: yaml.Node, resource: str, mode: Mode
) -> Seed | Problem:
    if not isinstance(node, yaml.MappingNode):
        return Problem(path, _line(node), "a record needs an id and values by field name")
    values: dict[str, Any] = loader.construct_mapping(node, deep=True)
    key = values.pop("id", None)
    if key is None:
        return Problem(path, _line(node), "“id” is missing")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        said = f"the id “{key}” must begin with a letter and hold small letters, digits and _ only"
        return Problem(path, _line(node), said)
    lines = {each.value: _line(each) for each, _value in node.value}
    return Seed(addon, f"{addon}.{key}", resource, mode, values, path, _line(node), lines)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
