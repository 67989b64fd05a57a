"""What kind of file it is, by its first bytes; names and media types are only what somebody said."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from typing import IO, Final

from core.i18n import Lazy, _l
from core.resources.importing.tables.encodings import EMPTY, bom_of
from core.resources.importing.tables.problems import UnreadableFile, WrongKind

#: Bytes looked at.
SAMPLE: Final = 64 * 1024
_PICTURE: Final = _l("it is a picture; choose the table itself, as CSV or a workbook")
_PROGRAM: Final = _l("it is a program; choose a table, as CSV or a workbook")
_PACKED: Final = _l("it is compressed; unpack it first")
_MEDIA: Final = _l("it is a sound or a film; choose a table, as CSV or a workbook")
_TEXT: Final = _l("it is a text document; copy its table into a spreadsheet and save that")
_MAGIC: Final[Sequence[tuple[bytes, Lazy]]] = (
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF87a", _PICTURE),
    (b"GIF89a", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"\x00\x00\x01\x00", _PICTURE),
    (b"MZ", _PROGRAM),
    (b"\x7fELF", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"%PDF-", _l("it is a PDF; ask for the table itself, as CSV or a workbook")),
    (b"{\\rtf", _TEXT),
    (b"SQLite format 3\x00", _l("it is a database; export the table from it as CSV")),
    (b"\x1f\x8b", _PACKED),
    (b"7z\xbc\xaf", _PACKED),
    (b"Rar!", _PACKED),
    (b"\xfd7zXZ", _PACKED),
    (b"(\xb5/\xfd", _PACKED),
    (b"BZh", _PACKED),
    (b"ID3", _MEDIA),
    (b"OggS", _MEDIA),
)
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype|html|table|head|meta|\?xml|style|div)", re.IGNORECASE)
_JSON: Final = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\[{\]])')
#: Control characters that no text holds; a few strays are the matter of their rows.
_CONTROLS: Final = bytes(each for each in range(32) if each not in b"\t\n\r\f\x1a\x1b")
#: A part every file of a kind has, by the kind.
_PARTS: Final = {"xlsx": "xl/workbook.xml", "xlsb": "xl/workbook.bin", "ods": "content.xml"}
_WORKBOOKS: Final = ("xlsx", "xlsb", "ods", "xls")


def find_kind(stream: IO[bytes]) -> str:
    """What a file is: ``csv``, ``json``, ``xlsx``, ``xlsb``, ``ods`` or ``xls``.

    Raises:
        UnreadableFile: it is empty or damaged.
        WrongKind: it is none of these.
    """
    stream.seek(0)
    head = stream.read(SAMPLE)
    if not head:
        raise UnreadableFile(EMPTY)
    if head.startswith(_ZIP):
        return _packed_kind(stream)
    if head.startswith(_OLD_OFFICE):
        return "xls"
    if bom_of(head) is None:
        _require_text(head)
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise WrongKind(
            _l(
                "it is a web page or XML, whatever its name says; open it with a spreadsheet program"
                " and save it as xlsx or CSV"
            )
        )
    encoding = bom_of(head) or "utf-8"
    return "json" if _JSON.match(head[:4096].decode(encoding, errors="replace")) else "csv"


def is_workbook(kind: str) -> bool:
    """Whether files of this kind have sheets."""
    return kind in _WORKBOOKS


def _packed_kind(stream: IO[bytes]) -> str:
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise UnreadableFile(_l("it is a workbook that is damaged; save it anew")) from None
    for kind, part in _PARTS.items():
        if part in names:
            return kind
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise WrongKind(_TEXT)
    raise WrongKind(_PACKED)


def _require_text(head: bytes) -> None:
    for magic, reason in _MAGIC:
        if head.startswith(magic):
            raise WrongKind(reason)
    if head[:4] == b"RIFF" or head[4:8] == b"ftyp" or (head[:2] == b"BM" and b"\x00" in head[:64]):
        raise WrongKind(_PICTURE if head[8:12] == b"WEBP" or head[:2] == b"BM" else _MEDIA)
    strays = len(head) - len(head.translate(None, _CONTROLS))
    if strays > 8 and strays * 100 > len(head):
        raise WrongKind(_l("it is no text; save the table as CSV in UTF-8"))
