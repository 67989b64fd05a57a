"""Pointing at a mistake: the line a function begins at, and the names somebody may have meant."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from types import ModuleType
from typing import Any, Final

_DEF: Final = re.compile(r"\s*(async\s+)?def\s")


def place_of(function: Callable[..., Any]) -> str:
    """The file and the line of a function's ``def``, as an editor opens them: ``addons/x/hooks.py:12``."""
    code = inspect.unwrap(function).__code__
    lines = enumerate(linecache.getlines(code.co_filename), 1)
    # The code object begins with the first decorator.
    begun = (number for number, line in lines if number >= code.co_firstlineno and _DEF.match(line))
    return f"{code.co_filename}:{next(begun, code.co_firstlineno)}"


def place_in(module: ModuleType, *words: str) -> str:
    """The file of a module and the first line of it that holds one of ``words``, in their order."""
    path = str(module.__file__)
    lines = linecache.getlines(path)
    for word in words:
        for number, line in enumerate(lines, 1):
            if word in line:
                return f"{path}:{number}"
    return path


def place_of_class(declared: type, text: str = "") -> str:
    """The file and the line of a ``class``, as an editor opens them: ``addons/x/models.py:12``.

    Args:
        declared: the class.
        text: of a string in it; its line where it is found.
    """
    try:
        lines, first = inspect.getsourcelines(declared)
    except (OSError, TypeError):
        return declared.__module__
    at = next((place for place, line in enumerate(lines) if text and f'"{text}"' in line), 0)
    return f"{inspect.getsourcefile(declared)}:{first + at}"


def nearest_first(name: str, known: Iterable[str]) -> list[str]:
    """The ``known`` names: those most like ``name`` first, the others in the order of the alphabet."""
    likeness = {each: SequenceMatcher(None, name, each).ratio() for each in known}
    return sorted(likeness, key=lambda each: (-likeness[each] if likeness[each] >= 0.6 else 0.0, each))
