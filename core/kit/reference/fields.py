"""The field words: what a column of an addon may be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy.orm import MappedColumn

from core.db import fields
from core.i18n import Lazy, _, _l
from core.kit.reference.markdown import code, codes, docstring, fence, page, table
from core.resources.filters import OPERATORS

#: What people call the kinds.
_ARGUMENTS: Final[dict[str, Lazy]] = {
    "label": _l("What people read."),
    "help": _l("A sentence below the control of a form."),
    "search": _l("Whether the quick search looks into it."),
    "sensitivity": _l("How carefully it is handled: who sees it, and whether masked."),
    "readonly": _l("Set by the system; input that names it is refused."),
    "index": _l("Whether many rows are found by it fast."),
    "unique": _l("Whether two records may hold the same."),
    "default": _l("What a new record holds unless it is said otherwise."),
}


def words() -> dict[str, Callable[..., Any]]:
    """The functions that make columns, by name, in the order of the module."""
    return {
        name: function
        for name, function in vars(fields).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and function.__module__ == fields.__name__
        and "MappedColumn" in str(inspect.signature(function).return_annotation)
    }


def fields_page() -> str:
    """Each field word: how it is called, what it means, which filters it has."""
    said = _(
        "A field word makes a column and says what it means: from it come the control of a form, the"
        " filters, the check of what comes in, the API and the files. Whether it may stay empty is said by"
        " the annotation: `Mapped[str]` or `Mapped[str | None]`."
    )
    arguments = table(
        (_("Argument"), _("Means")), ((code(name), str(text)) for name, text in _ARGUMENTS.items())
    )
    kinds = table(
        (_("Kind"), _("Conditions it can be filtered by")),
        ((code(kind.value), codes(operators)) for kind, operators in OPERATORS.items()),
    )
    return page(
        _("Field words"),
        said,
        f"## {_('What most of them take')}",
        arguments,
        f"## {_('Conditions')}",
        kinds,
        f"## {_('The words')}",
        *_words(),
    )


def _words() -> Iterator[str]:
    for name, function in words().items():
        yield f"### {name}"
        signature = str(inspect.signature(function)).partition(" -> ")[0].replace("'", "")
        yield fence("python", f"fields.{name}{signature}")
        yield from docstring(function.__doc__)
        made = _made(function)
        if made:
            yield made


def _made(function: Callable[..., Any]) -> str:
    """The kind and the column a word makes, found by asking it for one with the least it takes."""
    needed: dict[str, Any] = {
        "length": 40,
        "label": _l("Name"),
        "choices": _Example,
        "target": "core.user",
        "prefix": "C-",
        "sequence": "example",
    }
    taken = inspect.signature(function).parameters
    required = {
        name: needed[name] for name, each in taken.items() if each.default is each.empty and name in needed
    }
    made = function(**required)
    assert isinstance(made, MappedColumn)
    word = made.column.info.get("word")
    column = code(made.column.type)
    if word is None:
        return _("Column %(column)s; no field of its own.", column=column)
    return _("Kind %(kind)s, column %(column)s.", kind=code(word.kind.value), column=column)


class _Example(fields.Choice):
    """A list of one."""

    ONE = "one", _l("Name")
