"""What the form of the columns says, and the mapping it means; the one becomes the other and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from core.resources.importing import ColumnMap

#: The field of a column that goes into the note.
NOTE: Final = "+note"
#: Lines of values that are set in every row.
MAX_FIXED: Final = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """Where one column shall go."""

    #: Name of the column of the resource, without the field by which a link is found; "" for none.
    name: str = ""
    note: str = ""
    by: str = ""
    creates: bool = False
    order: str = ""
    #: ``{cell: value}``
    values: Mapping[str, str] = field(default_factory=dict)

    def to_json(self, header: str) -> Any:
        """As a mapping has it."""
        if not self.name:
            return None
        if self.name == NOTE:
            return {"note": self.note or header}
        found: dict[str, Any] = {"field": self.name}
        if self.by:
            found["by"] = self.by
        if self.creates and not self.by:
            found["create"] = True
        if self.order:
            found["format"] = self.order
        if self.values:
            found["values"] = dict(self.values)
        return self.name if set(found) == {"field"} else found

    @classmethod
    def from_json(cls, wish: Any, links: Mapping[str, Any]) -> Wish:
        """Of a mapping.

        Args:
            wish: a name, an object, or None.
            links: the names of columns that are links.
        """
        if not isinstance(wish, dict):
            name = wish if isinstance(wish, str) else ""
            link, _dot, by = name.rpartition(".")
            return cls(link, by=by) if link in links else cls(name)
        if "note" in wish:
            return cls(NOTE, note=wish["note"] if isinstance(wish["note"], str) else "")
        return cls(
            wish["field"],
            by=wish.get("by", ""),
            creates=bool(wish.get("create")),
            order=wish.get("format", ""),
            values=wish.get("values", {}),
        )


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value set in every row, or where a new record has none."""

    field: str = ""
    value: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """The whole form."""

    columns: Sequence[Wish]
    fixed: Sequence[Fixed] = ()
    key: str = ""
    mode: str = ""
    clear_blank: bool = False
    keep_authors: bool = False

    def mapping(self, header: Sequence[str]) -> ColumnMap:
        """The mapping it means."""
        said = [each for each in self.fixed if each.field and each.value]
        return ColumnMap(
            {name: wish.to_json(name) for name, wish in zip(header, self.columns, strict=True)},
            {each.field: each.value for each in said if not each.is_default},
            {each.field: each.value for each in said if each.is_default},
        )


def read_wish(posted: MultiDict[str, str], place: int) -> Wish:
    """What the form says of one column."""
    prefix = f"c{place}."
    values = {}
    for number in range(MAX_MEANINGS):
        cell, value = posted.get(f"{prefix}cell{number}"), posted.get(f"{prefix}value{number}", "").strip()
        if cell is None:
            break
        if value:
            values[cell] = value
    return Wish(
        posted.get(f"{prefix}field", "").strip(),
        note=posted.get(f"{prefix}note", "").strip(),
        by=posted.get(f"{prefix}by", ""),
        creates=posted.get(f"{prefix}create") == "1",
        order=posted.get(f"{prefix}format", ""),
        values=values,
    )


#: Cells of a column whose meaning can be said.
MAX_MEANINGS: Final = 40


def read_form(posted: MultiDict[str, str], width: int) -> Posted:
    """What the form of the columns says."""
    fixed = [
        Fixed(
            posted.get(f"x{number}.field", ""),
            posted.get(f"x{number}.value", "").strip(),
            posted.get(f"x{number}.when") == "new",
        )
        for number in range(MAX_FIXED)
    ]
    return Posted(
        [read_wish(posted, place) for place in range(width)],
        [each for each in fixed if each.field or each.value],
        posted.get("key", ""),
        posted.get("mode", ""),
        posted.get("clear_blank") == "1",
        posted.get("keep_authors") == "1",
    )
