"""Names of added fields, made from their labels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from core.resources.declaration import ADDED
from core.search.pinyin import syllables

#: No native field and none of an addon begins so: an upgrade never meets a name that is taken.
PREFIX: Final = ADDED
_MAX: Final = 32


def name_for(label_en: str, label_zh: str, taken: Collection[str]) -> str:
    """A name for a field: its English label in ASCII, else the Chinese one in pinyin; numbered where taken.

    Args:
        label_en: may be empty.
        label_zh: may be empty.
        taken: names that are in use, with the prefix.
    """
    said = _slug(label_en) or _slug(" ".join(syllables(label_zh))) or "field"
    first = name = f"{PREFIX}{said[:_MAX].rstrip('_')}"
    number = 1
    while name in taken:
        number += 1
        name = f"{first}_{number}"
    return name


def slug_for(title_en: str, title_zh: str, taken: Collection[str]) -> str:
    """A name for a kind of record, made like that of a field, but without the prefix."""
    prefixed = {f"{PREFIX}{each}" for each in taken}
    name = name_for(title_en, title_zh, prefixed).removeprefix(PREFIX)
    return name if name[0].isalpha() else name_for(f"r_{name}", "", prefixed).removeprefix(PREFIX)


def value_for(label_en: str, label_zh: str, taken: Collection[str]) -> str:
    """A stored value for an option of a choice, made like a name, without the prefix."""
    return name_for(label_en, label_zh, {f"{PREFIX}{each}" for each in taken}).removeprefix(PREFIX)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
