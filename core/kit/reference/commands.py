"""The commands, with what they take."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from core.i18n import _
from core.kit.reference.markdown import code, docstring, fence, page, plain, prose, table


def commands_page(program: click.Group) -> str:
    """Each command of ``program``: its sentence, its example, its arguments and options."""
    said = _(
        "Every command tells the same with `--help`. It exits with 0 when it did its work, 1 when it could"
        " not, with one line saying why, and 2 when it was called wrongly."
    )
    return page(_("Commands"), said, *_described(program, "guanxi"))


def commands_of(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """``(words, command)`` of all that can be called below a group, by name."""
    for own, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{name} {own}")
        else:
            yield f"{name} {own}", command


def _described(program: click.Group, name: str) -> Iterator[str]:
    for words, command in commands_of(program, name):
        text, _between, example = inspect.cleandoc(command.help or "").partition("Example:")
        yield f"## {words}"
        yield from docstring(text)
        if example.strip():
            yield fence("sh", example)
        yield table((_("Argument or option"), _("Means")), _parameters(command))


def _parameters(command: click.Command) -> Iterator[tuple[str, str]]:
    context = click.Context(command)
    for each in command.params:
        if isinstance(each, click.Argument):
            yield code(each.make_metavar(context)), plain(_("needed") if each.required else "")
        elif isinstance(each, click.Option) and not each.hidden:
            record = each.get_help_record(context)
            if record is not None:
                yield code(record[0]), prose(record[1])
