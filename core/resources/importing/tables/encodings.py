"""In which encoding a text file is written.

Detectors that guess by frequency are wrong for short and mostly Latin Chinese tables, so the rule is
strict: by its mark, else UTF-8 if all of it is, else GB18030 if all of it is. Everything else is for
people to choose, with the text before their eyes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from core.i18n import _l
from core.resources.importing.tables.problems import UnreadableFile

EMPTY: Final = _l("it is empty; see whether it was saved, and choose it anew")
_BLOCK: Final = 1024 * 1024
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Tried in this order: nearly no text in GB18030 is good UTF-8, but the reverse is common.
_ENCODINGS: Final = ("utf-8", "gb18030")
#: What people choose from.
OFFERED: Final = ("utf-8", "gb18030", "big5", "utf-16", "shift_jis", "euc_kr", "windows-1252", "iso8859-2")
#: Big5 as Windows in Taiwan writes it, then with the signs of Hong Kong.
_KINDS_OF_BIG5: Final = ("cp950", "big5hkscs")
#: A Chinese character in UTF-8. Two bytes of GB18030 are easily good UTF-8; such three are not.
_CHINESE: Final = re.compile(rb"[\xe4-\xe9][\x80-\xbf][\x80-\xbf]")


def bom_of(head: bytes) -> str | None:
    """The encoding that a mark at the beginning of a file names."""
    return next((name for bom, name in _BOMS if head.startswith(bom)), None)


def find_encoding(stream: IO[bytes], named: str | None = None) -> str:
    """The encoding of a text file: as named, by its mark, else UTF-8, else GB18030.

    Raises:
        UnreadableFile: it decodes in none, or parts of it are in different ones; the sentence names the line.
    """
    stream.seek(0)
    head = stream.read(4)
    if not head:
        raise UnreadableFile(EMPTY)
    marked = bom_of(head)
    found = _ENCODINGS if marked is None else (marked,)
    candidates = found if named is None else _named(named)
    broken = None
    for name in candidates:
        broken = _first_broken_line(stream, name.removesuffix("-sig"))
        if broken is None:
            if name == "gb18030" and named is None:
                _require_one_encoding(stream)
            return "utf-8-sig" if name == "utf-8" else name
    if len(candidates) > 1 and named is None:
        _require_one_encoding(stream)
        raise UnreadableFile(
            _l(
                "line %(line)s is written neither in UTF-8 nor in GB18030; choose its encoding,"
                " or save the file as UTF-8",
                line=broken,
            )
        )
    shown = (named or candidates[0]).removesuffix("-sig").upper()
    raise UnreadableFile(_l("line %(line)s is not written in %(name)s", line=broken, name=shown))


def _named(name: str) -> Sequence[str]:
    try:
        found = codecs.lookup(name)
    except LookupError:
        found = None
    if found is None or not getattr(found, "_is_text_encoding", True):
        raise UnreadableFile(_l("there is no encoding “%(name)s”", name=name[:60]))
    return _KINDS_OF_BIG5 if found.name == "big5" else (found.name,)


def _first_broken_line(stream: IO[bytes], encoding: str) -> int | None:
    """Where ``stream`` is not in ``encoding``; None when all of it is."""
    stream.seek(0)
    decoder: Any = codecs.getincrementaldecoder(encoding)()
    line = 1
    while True:
        block = stream.read(_BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            return line + (block[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0)
        if not block:
            return None
        line += text.count("\n")


def _require_one_encoding(stream: IO[bytes]) -> None:
    """See that not some lines are in UTF-8 and others are not, as in files put together from two.

    Such a file may well decode as GB18030, into nonsense.

    Raises:
        UnreadableFile: it is so; the sentence names the first line that differs from those before.
    """
    first: str | None = None
    for number, line in _lines(stream):
        if line.isascii():
            continue
        kind = _kind(line)
        if kind is None:
            continue
        if first is None:
            first = kind
        elif kind != first:
            raise UnreadableFile(
                _l(
                    "line %(line)s is written in another encoding than the lines before it (%(here)s,"
                    " they in %(before)s); save all of it as UTF-8",
                    line=number, here=_SHOWN[kind], before=_SHOWN[first],
                )
            )  # fmt: skip


_SHOWN: Final = {"utf-8": "UTF-8", "gb18030": "GB18030"}


def _kind(line: bytes) -> str | None:
    """In what a line is clearly written; None when it could be either or is neither."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8" if _CHINESE.search(line) else None
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return "gb18030"


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, long ones in pieces."""
    stream.seek(0)
    number, rest = 1, b""
    while block := stream.read(_BLOCK):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield number, line
            number += 1
        if len(rest) > _BLOCK:
            rest = b""
    if rest:
        yield number, rest
