"""Texts in the sources that pass by the catalogues, so that nobody could translate them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from jinja2 import Environment

from core.i18n import _
from core.kit.texts.problems import Problem
from core.kit.texts.sources import PYTHON_WORDS, TEMPLATE_WORDS, called

#: A comment that stands alone in a program which holds Chinese that nobody reads as a text of ours:
#: what people type, names of places.
DATA_MARK: Final = "# Chinese as data"
#: Programs that may hold it without saying so.
_DATA_FILES: Final = ("samples.py", "sample_data.py", "sample_leads.py", "synonyms.py")
#: Words on a page that are the same in every language, or stand there in their own.
_PROPER: Final = frozenset(
    {"Guanxi", "关系", "English", "EN", "中文", "中", "文", "API", "CSV", "OpenAPI", "ID"}
)
#: Attributes of elements that people read or hear.
_SPOKEN_ATTRIBUTES: Final = frozenset({"alt", "aria-description", "aria-label", "placeholder", "title"})

_CHINESE: Final = re.compile(r"[㐀-鿿]")
_WORD: Final = re.compile(r"[A-Za-z]{2,}|[㐀-鿿]+")
_ATTRIBUTE: Final = re.compile(r'[\w:-]+="[^"]*"?')
_SENTENCE: Final = re.compile(r"[A-Z][a-z]+(?:[ ,.…?!:]|$)")


def program_texts(path: Path, *, is_data: bool = False) -> Iterator[Problem]:
    """Composed texts in ``_()``, and Chinese in a program that does not say that it holds it as data."""
    source = path.read_text(encoding="utf-8")
    is_data = (
        is_data or path.name in _DATA_FILES or any(line.strip() == DATA_MARK for line in source.splitlines())
    )
    tree = ast.parse(source)
    explained = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := called(node)) in PYTHON_WORDS:
            for argument in node.args[: len(PYTHON_WORDS[name])]:
                if isinstance(argument, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.BoolOp):
                    yield Problem(
                        path,
                        node.lineno,
                        _("%(name)s() takes a text as it is, not a composed one", name=name),
                    )
        if is_data or not isinstance(node, ast.Constant) or id(node) in explained:
            continue
        if isinstance(node.value, str) and _CHINESE.search(node.value):
            sentence = _("Chinese in the program: “%(text)s”", text=node.value[:40])
            yield Problem(path, node.lineno, sentence)


def template_texts(path: Path) -> Iterator[Problem]:
    """Words in a template that reach the page without passing ``_()``."""
    source = path.read_text(encoding="utf-8")
    bare, literals = _take_apart(source)
    for line, text in [*_Texts.read(bare), *literals]:
        words = [word for word in _WORD.findall(text) if word not in _PROPER]
        if words:
            yield Problem(path, line, _("“%(text)s” is not wrapped in _()", text=text.strip()[:60]))


def _take_apart(source: str) -> tuple[str, list[tuple[int, str]]]:
    """Split a template.

    Returns:
        The markup with expressions and tags taken out (their line ends kept), and the English
        sentences in expressions that stand outside of ``_()``: ``(line, text)``.
    """
    bare: list[str] = []
    literals: list[tuple[int, str]] = []
    #: Of each open bracket, whether it belongs to a call that translates.
    brackets: list[bool] = []
    name = ""
    for line, kind, value in Environment(autoescape=True).lex(source):
        bare.append(value if kind == "data" else "\n" * value.count("\n"))
        if kind == "string" and not any(brackets) and _SENTENCE.match(ast.literal_eval(value)):
            literals.append((line, ast.literal_eval(value)))
        elif kind == "operator" and value in "([{":
            brackets.append(value == "(" and name in TEMPLATE_WORDS)
        elif kind == "operator" and value in ")]}" and brackets:
            brackets.pop()
        if kind != "whitespace":
            name = value if kind == "name" else ""
    return "".join(bare), literals


class _Texts(HTMLParser):
    """Collects what of a page's markup people read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._silent = 0

    @classmethod
    def read(cls, markup: str) -> list[tuple[int, str]]:
        """The texts in ``markup`` with their lines."""
        parser = cls()
        parser.feed(markup)
        parser.close()
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take its spoken attributes."""
        self._silent += tag in ("script", "style", "kbd", "code")
        for name, value in attrs:
            if name in _SPOKEN_ATTRIBUTES and value:
                self.found.append((self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        """Speak again after a script."""
        self._silent -= tag in ("script", "style", "kbd", "code")

    def handle_data(self, data: str) -> None:
        """Take a text; what a macro writes as attributes of somebody's element is none."""
        data = _ATTRIBUTE.sub("", data)
        if not self._silent and data.strip():
            line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            self.found.append((line, data))
