"""What is kept of an error in a hook: enough to find it, and nothing that belongs to a tenant.

An error may quote what it stumbled over: a name, a telephone number. The platform's administrator reads
these sentences and is to see nothing of that, so only words that stand in the program itself are kept.
The log of the process has the whole error.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import FrameType
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from core.addons.answers import Nonsense
from core.errors import GuanxiError
from core.i18n import pack

#: Longest sentence that is kept, and longest name of a class or place.
_SENTENCE: Final = 300
_NAME: Final = 120
#: Kinds of errors of PostgreSQL whose first line names tables, columns and functions, but no values.
_NAMES_ONLY: Final = ("23", "40", "42", "53", "55", "57")
#: Where a text of the program is filled in: ``%(name)s``, ``%d``, ``{}``.
_FILLED: Final = re.compile(r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|\{[^{}]*\}")
_LEFT_OUT: Final = "…"
#: All of a text but the space around it.
_INK: Final = re.compile(r"\S(?:.*\S)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Failure:
    """The last error of an implementation."""

    #: Name of the class.
    error: str
    #: What it says, as far as the program says it; "…" stands for the rest. May be empty.
    sentence: str
    #: Module and line, in the addon's own code where the error came through it: ``addons.fleet.hooks:12``.
    place: str
    at: datetime


def failure_of(error: Exception, function: Callable[..., Any], at: datetime) -> Failure:
    """What is kept of an error that came out of ``function``."""
    frames = list(_frames(error))
    name = type(error.orig if isinstance(error, DBAPIError) and error.orig else error).__name__
    return Failure(name[:_NAME], _sentence(error, frames)[:_SENTENCE], _place(frames, function)[:_NAME], at)


def _frames(error: Exception) -> Iterator[tuple[FrameType, int]]:
    """The frames an error came through, the outermost first, each with its line."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _place(frames: Iterable[tuple[FrameType, int]], function: Callable[..., Any]) -> str:
    """The innermost line of the addon; the function's own where the error came from outside of it."""
    code = inspect.unwrap(function).__code__
    package = f"{function.__module__.rpartition('.')[0]}."
    place = f"{function.__module__}:{code.co_firstlineno}"
    for frame, line in frames:
        module = f"{frame.f_globals.get('__name__')}"
        if frame.f_code is code or (len(package) > 1 and module.startswith(package)):
            place = f"{module}:{line}"
    return place


def _sentence(error: Exception, frames: Iterable[tuple[FrameType, int]]) -> str:
    if isinstance(error, Nonsense):
        return str(error)
    if isinstance(error, GuanxiError):
        packed = pack(error.message)
        return _FILLED.sub(_LEFT_OUT, packed["text"] if isinstance(packed, dict) else packed)
    if isinstance(error, DBAPIError):
        code, told = (getattr(error.orig, name, None) for name in ("pgcode", "diag"))
        is_harmless = str(code).startswith(_NAMES_ONLY)
        return str(getattr(told, "message_primary", None) or "") if is_harmless else ""
    try:
        return _own_words(str(error), frames)
    except Exception:  # noqa: BLE001 - an error that cannot even say what it is
        return ""


def _own_words(said: str, frames: Iterable[tuple[FrameType, int]]) -> str:
    """Of what was said, the pieces that stand as texts in the functions it came through."""
    pieces = {
        piece.strip()
        for frame, _line in frames
        for constant in frame.f_code.co_consts
        if isinstance(constant, str)
        for piece in _FILLED.split(constant)
    }
    kept = bytearray(len(said))
    for piece in pieces:
        if len(piece) >= 3:
            # A short word of the program may be part of a longer one of the tenant's.
            before = r"(?<![^\W_])" if piece[0].isalnum() else ""
            after = r"(?![^\W_])" if piece[-1].isalnum() else ""
            for found in re.finditer(f"{before}{re.escape(piece)}{after}", said):
                kept[found.start() : found.end()] = b"\1" * len(piece)
    if not any(kept):
        return ""
    words = ""
    for span in re.finditer("\1+|\0+", kept.decode()):
        text = said[span.start() : span.end()]
        words += text if span[0][0] == "\1" else _INK.sub(_LEFT_OUT, text)
    return " ".join(words.split())
