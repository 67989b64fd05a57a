"""The Chinese of the documentation: one catalogue a page, a paragraph an entry.

A paragraph whose English changes is English on the Chinese page until its entry is filled anew; the
page says so. Code is not translated, so that it is the same in both languages.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from tools.docs.building import DOCS, extract

TRANSLATIONS: Final = DOCS / "translations" / "zh_CN" / "LC_MESSAGES"
#: The name of a file above a block is the same in every language.
_FILE: Final = re.compile(r"[\w/-]+(/[\w-]+)*\.\w+")
_HEADER: Final = (
    'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
)


def update() -> None:
    """Put what is new into the catalogues and take out what nobody says any more."""
    with tempfile.TemporaryDirectory() as folder:
        templates = extract(Path(folder))
        for path in translated_pages():
            write(path, merged(path, templates))


def untranslated() -> dict[str, int]:
    """``{page: paragraphs without Chinese}`` of the pages that have a catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        templates = extract(Path(folder))
        counts = {path.stem: missing(merged(path, templates)) for path in translated_pages()}
    return {page: count for page, count in counts.items() if count}


def translated_pages() -> list[Path]:
    """The catalogues there are."""
    return sorted(TRANSLATIONS.glob("*.po"))


def merged(path: Path, templates: Path) -> Catalog:
    """The catalogue at ``path`` with the entries of its page as it is now."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    with (templates / f"{path.stem}.pot").open("rb") as file:
        catalogue.update(read_po(file), no_fuzzy_matching=False)
    catalogue.obsolete.clear()
    for message in [each for each in catalogue if isinstance(each.id, str) and _FILE.fullmatch(each.id)]:
        catalogue.delete(message.id)
    return catalogue


def missing(catalogue: Catalog) -> int:
    """How many entries have no Chinese that somebody has read with the present English."""
    return sum(1 for each in catalogue if each.id and (not each.string or each.fuzzy))


def write(path: Path, catalogue: Catalog) -> None:
    """Write a catalogue in the order of its page."""
    for message in catalogue:
        message.auto_comments.clear()
    written = io.BytesIO()
    write_po(written, catalogue, width=110, no_location=True, omit_header=True, include_previous=True)
    path.write_text(f"{_HEADER}\n{written.getvalue().decode().strip()}\n", encoding="utf-8")
