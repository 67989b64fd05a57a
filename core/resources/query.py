"""What is asked of a list: filter, search, order, page and fields, read from query parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import Invalid
from core.i18n import _l
from core.resources.filters import OPERATORS, All, Condition, Node, from_text

MAX_PER_PAGE: Final = 500
DEFAULT_PER_PAGE: Final = 80
MAX_PAGE: Final = 1_000_000
#: The filter that lets everything pass.
EVERYTHING: Final = All()
_OPERATORS: Final = frozenset(op for ops in OPERATORS.values() for op in ops)
#: Parameters that are no condition on a field.
RESERVED: Final = frozenset({"q", "filter", "sort", "page", "per_page", "cursor", "fields", "count"})


@dataclass(frozen=True, slots=True)
class Order:
    """One column of the sort order."""

    path: str
    descending: bool = False

    @classmethod
    def read(cls, text: str) -> Order:
        """Read ``-amount`` or ``name``."""
        return cls(text.removeprefix("-"), text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.path}" if self.descending else self.path


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the gateway."""

    where: Node = EVERYTHING
    q: str = ""
    #: Empty: the resource's own order.
    sort: tuple[Order, ...] = ()
    #: Empty: every field the reader may see.
    fields: tuple[str, ...] = ()
    page: int = 1
    per_page: int = DEFAULT_PER_PAGE
    cursor: str | None = None
    count: bool = True


def read_query(args: Mapping[str, Sequence[str]]) -> Query:
    """Read query parameters (contract.md, "HTTP"); fields are looked up later, by the gateway.

    Raises:
        Invalid: a parameter has a value of the wrong form, or a filter is none.
    """
    errors: dict[str, list[object]] = {}
    parts: list[Node] = []
    single = {name: values[-1] for name, values in args.items() if name in RESERVED}
    if single.get("filter"):
        parts.append(from_text(single["filter"]))
    for name, values in args.items():
        if name not in RESERVED:
            parts += [read_condition(name, value) for value in values]
    page = _number(single.get("page"), 1, MAX_PAGE, errors, "page")
    per_page = _number(single.get("per_page"), DEFAULT_PER_PAGE, MAX_PER_PAGE, errors, "per_page")
    if errors:
        raise Invalid(errors)  # type: ignore[arg-type]
    return Query(
        where=parts[0] if len(parts) == 1 else All(tuple(parts)),
        q=single.get("q", "").strip()[:200],
        sort=tuple(Order.read(each) for each in _list(single.get("sort"))),
        fields=tuple(dict.fromkeys(_list(single.get("fields")))),
        page=page,
        per_page=per_page,
        cursor=single.get("cursor") or None,
        count=single.get("count") != "no",
    )


def read_condition(name: str, value: str) -> Condition:
    """Read one parameter, ``amount.gte=5`` or ``city=上海``."""
    path, _, last = name.rpartition(".")
    op = last if path and last in _OPERATORS else "eq"
    path = path if op == last and path else name
    return Condition(path, op, tuple(_list(value)) if op == "in" else value)


def _list(text: str | None) -> Iterable[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _number(text: str | None, default: int, top: int, errors: dict[str, list[object]], name: str) -> int:
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= top:
        errors[name] = [_l("Write a number from 1 to %(top)s.", top=top)]
    return number
