"""What programs, templates, scripts and manifests say: the texts that pass ``_()`` and its kin."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from babel.messages.extract import extract

from core.addons.hookspecs import first_sentence
from core.kit.texts.catalogues import Key

#: What each argument is, of the functions of `core.i18n` that translate.
PYTHON_WORDS: Final = {
    "_": ("text",),
    "_l": ("text",),
    "gettext": ("text",),
    "lazy_gettext": ("text",),
    "ngettext": ("text", "plural"),
    "pgettext": ("context", "text"),
    "lazy_pgettext": ("context", "text"),
    "_p": ("context", "text"),
    "_lp": ("context", "text"),
}
#: The same for templates and scripts, as Babel writes it down.
TEMPLATE_WORDS: Final[dict[str, Any]] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip
_SCRIPT_WORDS: Final[dict[str, Any]] = {"t": None}


@dataclass(frozen=True, slots=True)
class Said:
    """A text somewhere in the sources."""

    path: Path
    line: int
    text: str
    plural: str | None = None
    context: str | None = None

    @property
    def key(self) -> Key:
        """What gettext looks up."""
        return self.context, self.text


def said_in(folder: Path) -> list[Said]:
    """Every text in the sources below a room, in the order of files and lines."""
    found = list(_manifest(folder))
    for path in files(folder, ".py"):
        found += _program_texts(path)
    for path in templates(folder):
        found += _extract("jinja2.ext:babel_extract", path, TEMPLATE_WORDS)
    for path in files(folder, ".js"):
        found += _extract("javascript", path, _SCRIPT_WORDS)
    return found


def _manifest(folder: Path) -> Iterator[Said]:
    """What an addon is called, in its ``addon.toml``."""
    path = folder / "addon.toml"
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines()
        data = tomllib.loads("\n".join(lines))
        for key in ("title", "summary"):
            line = next((number for number, line in enumerate(lines, 1) if line.startswith(key)), 1)
            if data.get(key):
                yield Said(path, line, data[key])


def _program_texts(path: Path) -> Iterator[Said]:
    """The texts in a program; one in a variable is looked up where it was written down."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    yield from _hooks(path, nodes)
    calls = [node for node in nodes if isinstance(node, ast.Call) and called(node) in PYTHON_WORDS]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        parts = {
            meaning: argument.value
            for meaning, argument in zip(PYTHON_WORDS[called(call)], call.args, strict=False)
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        }
        if parts.get("text") and len(parts) == len(PYTHON_WORDS[called(call)]):
            yield Said(path, call.lineno, parts["text"], parts.get("plural"), parts.get("context"))


def _hooks(path: Path, nodes: Iterable[ast.AST]) -> Iterator[Said]:
    """What hooks are for: the first sentences of their specifications, which the hook explorer shows."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(each, ast.Name) and each.id == "hookspec" for each in node.decorator_list
        ):
            sentence = first_sentence(ast.get_docstring(node))
            if sentence:
                yield Said(path, node.lineno, sentence)


def called(call: ast.Call) -> str:
    """The name of the function a call is of, ``""`` when it has none."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _extract(method: str, path: Path, keywords: dict[str, Any]) -> Iterator[Said]:
    options = {"trimmed": "true"} if "jinja" in method else {"encoding": "utf-8"}
    with path.open("rb") as source:
        for line, text, _comments, context in extract(method, source, keywords, (), options):
            single, plural = (text, None) if isinstance(text, str) else (text[0], text[1])
            if single:
                yield Said(path, line, single, plural, context)


def files(folder: Path, ending: str) -> list[Path]:
    """The sources below a room; migrations, built files and tests say nothing."""
    skipped = {"migrations", "dist", "testing", "tests", "__pycache__", "node_modules"}
    return sorted(
        path
        for path in folder.rglob(f"*{ending}")
        if not skipped & set(path.relative_to(folder).parts) and not path.name.endswith(".min.js")
    )


def templates(folder: Path) -> list[Path]:
    return [path for path in files(folder, ".html") if "templates" in path.parts]
