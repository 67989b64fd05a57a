"""Python expressions laid out as our formatter would, for programs that are written by programs."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

WIDTH: Final = 110
_STEP: Final = 4


def statement(node: ast.stmt, indent: int = _STEP) -> list[str]:
    """The lines of a statement; calls and lists are broken where a line would be too long."""
    match node:
        case ast.Expr(value=value):
            return _laid_out(value, indent)
        case ast.Assign(targets=[target], value=value):
            return _laid_out(value, indent, f"{expression(target)} = ")
        case ast.AnnAssign(target=target, annotation=kind, value=ast.expr() as value):
            return _laid_out(value, indent, f"{expression(target)}: {expression(kind)} = ")
    return [" " * indent + line for line in ast.unparse(node).splitlines()]


def one_line(code: str) -> str:
    """A call that was laid out over several lines, on one."""
    [node] = ast.parse(code.strip()).body
    assert isinstance(node, ast.Expr)
    return expression(node.value)


def _laid_out(node: ast.expr, indent: int, before: str = "", after: str = "") -> list[str]:
    """The lines of an expression between two texts."""
    line = f"{' ' * indent}{before}{expression(node)}{after}"
    if _fits(line):
        return [line]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and not before:
        *most, last = _pieces(node.value, WIDTH - indent - len(after) - 2)
        return [" " * indent + _quoted(piece) for piece in most] + [f"{' ' * indent}{_quoted(last)}{after}"]
    opened = _opened(node)
    if opened is None:
        return [line]
    head, parts, close = opened
    lines = [f"{' ' * indent}{before}{head}"]
    inner = indent + _STEP
    together = " " * inner + ", ".join(name + expression(value) for name, value in parts)
    if isinstance(node, ast.Call) and _fits(together):
        lines.append(together)
    else:
        comma = "," if len(parts) > 1 or not isinstance(node, ast.Call) else ""
        for name, value in parts:
            lines += _laid_out(value, inner, name, comma)
    return [*lines, f"{' ' * indent}{close}{after}"]


def _fits(line: str) -> bool:
    """Whether a line is short enough; Chinese is as wide as two letters."""
    return len(line) + sum(unicodedata.east_asian_width(each) in "WF" for each in line) <= WIDTH


def _opened(node: ast.expr) -> tuple[str, list[tuple[str, ast.expr]], str] | None:
    """What stands before a bracket, the parts in it (with the name of a keyword), and its end."""
    match node:
        case ast.Call() if node.args or node.keywords:
            parts = [("", each) for each in node.args]
            parts += [(f"{each.arg}=" if each.arg else "**", each.value) for each in node.keywords]
            return f"{expression(node.func)}(", parts, ")"
        case ast.List(elts=parts) if parts:
            return "[", [("", each) for each in parts], "]"
        case ast.Tuple(elts=parts) if parts:
            return "(", [("", each) for each in parts], ")"
        case ast.Dict(keys=keys, values=values) if keys and all(keys):
            named = zip(keys, values, strict=True)
            return "{", [(f"{expression(key)}: ", value) for key, value in named if key is not None], "}"
        case _:
            return None


def expression(node: ast.expr) -> str:
    """An expression on one line, with double quotes."""
    match node:
        case ast.Constant(value=str(text)):
            return _quoted(text)
        case ast.Call():
            parts = [expression(each) for each in node.args]
            parts += [f"{each.arg}={expression(each.value)}" for each in node.keywords if each.arg]
            parts += [f"**{expression(each.value)}" for each in node.keywords if not each.arg]
            return f"{expression(node.func)}({', '.join(parts)})"
        case ast.Attribute(value=owner, attr=name):
            return f"{expression(owner)}.{name}"
        case ast.Subscript(value=owner, slice=ast.Tuple(elts=parts)) if parts:
            return f"{expression(owner)}[{', '.join(map(expression, parts))}]"
        case ast.Subscript(value=owner, slice=key):
            return f"{expression(owner)}[{expression(key)}]"
        case ast.List(elts=parts):
            return f"[{', '.join(map(expression, parts))}]"
        case ast.Tuple(elts=[only]):
            return f"({expression(only)},)"
        case ast.Tuple(elts=parts):
            return f"({', '.join(map(expression, parts))})"
        case ast.Dict(keys=keys, values=values):
            pairs = [
                f"{expression(key)}: {expression(value)}" if key is not None else f"**{expression(value)}"
                for key, value in zip(keys, values, strict=True)
            ]
            return f"{{{', '.join(pairs)}}}"
        case _:
            return ast.unparse(node)


def _quoted(text: str) -> str:
    """A text in double quotes, unless single ones spare it some escapes."""
    written = repr(text)
    inner = written[1:-1] if written[0] == '"' else written[1:-1].replace("\\'", "'")
    if text.count('"') > text.count("'"):
        return "'" + inner.replace("'", "\\'") + "'"
    return '"' + inner.replace('"', '\\"') + '"'


def _pieces(text: str, width: int) -> Iterator[str]:
    """A long text in pieces that end behind a blank; written one below the other they are one again."""
    piece = ""
    for word in re.findall(r"[^ ]+ *| +", text):
        if piece and len(_quoted(piece + word)) - 2 > width:
            yield piece
            piece = ""
        piece += word
    yield piece
