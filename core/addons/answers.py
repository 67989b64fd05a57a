"""What a hook may be answered with: read from the annotation of its specification, checked item by item.

``Sequence[Panel] | None`` accepts Panels, one or many. A specification that promises nothing definite
(``Any``, a bare ``list``, no annotation) accepts everything.
"""

from __future__ import annotations

import ast
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

_UNIONS: Final = (typing.Union, types.UnionType)
#: Every value is of these, or nothing is.
_ANYTHING: Final = (object, Any, types.NoneType)


class Nonsense(TypeError):
    """An implementation answered with something its hook does not take; the sentence names classes only."""


class Answers:
    """The classes that the items of a hook's answers are of."""

    def __init__(self, wanted: tuple[type, ...]) -> None:
        self._wanted = wanted
        self._known: set[type] = set()

    def require(self, items: Iterable[Any]) -> None:
        """See that every item is of a wanted class.

        Raises:
            Nonsense: one is not.
        """
        for item in items:
            if type(item) not in self._known:
                self._learn(type(item))

    def _learn(self, given: type) -> None:
        if not any(issubclass(given, _present(each)) for each in self._wanted):
            names = " or ".join(each.__name__ for each in self._wanted)
            raise Nonsense(f"it gave {given.__name__} where {names} is wanted")
        self._known.add(given)


@cache
def answers_of(specification: Callable[..., Any]) -> Answers | None:
    """What a specification promises; None where it promises nothing definite."""
    annotation = specification.__annotations__.get("return")
    if isinstance(annotation, str):
        names = _Names(specification)
        try:
            annotation = eval(annotation, {}, names)  # noqa: S307 - a line of the program itself
        except Exception:  # noqa: BLE001 - an annotation nobody can read is no promise
            return None
    wanted = _items(annotation)
    return Answers(wanted) if wanted else None


class _Later(type):
    """Stands for a class whose module is imported for type checkers only."""

    module: str


class _Names(dict[str, Any]):
    """The names an annotation may use, those under ``if TYPE_CHECKING`` as well."""

    def __init__(self, specification: Callable[..., Any]) -> None:
        super().__init__()
        self._globals: dict[str, Any] = specification.__globals__
        self._path: str = specification.__code__.co_filename

    def __missing__(self, name: str) -> Any:
        if name in self._globals:
            return self._globals[name]
        later = _Later(name, (), {})
        later.module = _imports_for_checkers(self._path)[name]
        return later


@cache
def _imports_for_checkers(path: str) -> dict[str, str]:
    """What ``from x import y`` under ``if TYPE_CHECKING`` brings: ``{name: module}``."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    guarded = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    ]
    return {
        alias.asname or alias.name: str(node.module)
        for each in guarded
        for node in each.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _present(wanted: type) -> type | tuple[type, ...]:
    """The class itself; none for one whose module nobody has imported, so that nothing can be of it."""
    if not isinstance(wanted, _Later):
        return wanted
    found = getattr(sys.modules.get(wanted.module), wanted.__name__, None)
    return found if isinstance(found, type) else ()


def _items(annotation: Any) -> tuple[type, ...]:
    """The classes of the items an annotation allows; empty where it allows anything."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in _UNIONS:
        parts = [_items(each) for each in inner if each is not types.NoneType]
    elif _is_many(origin):
        parts = [_items(each) for each in inner if each is not Ellipsis]
    else:
        found = origin or annotation
        is_definite = isinstance(found, type) and found not in _ANYTHING and not _is_many(found)
        return ((found, int) if found is float else (found,)) if is_definite else ()
    return tuple(one for part in parts for one in part) if all(parts) else ()


def _is_many(found: Any) -> bool:
    """Whether it holds items, as `core.addons.hooks` takes an answer apart."""
    if not isinstance(found, type) or not issubclass(found, Iterable):
        return False
    return not issubclass(found, str | bytes | Mapping)
