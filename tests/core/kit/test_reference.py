"""The reference: everything that is registered stands in it, in the reader's language."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from core.access.permissions import READY_ROLES
from core.addons.hookspecs import first_sentence
from core.cli.group import cli
from core.config import VARIABLES
from core.db.base import tables_of
from core.i18n import gettext, speaking
from core.kernel import Kernel
from core.kit.checks import PUBLIC, PUBLIC_IN_TESTS
from core.kit.reference import reference
from core.kit.reference.commands import commands_of
from core.kit.reference.fields import words
from core.kit.reference.markdown import docstring, plain, prose
from core.messages.tags import FILTERS
from core.resources.extending.side_table import side_tables
from core.settings.places import places


@pytest.fixture(scope="module")
def pages(kernel: Kernel) -> Mapping[str, str]:
    """The pages in English."""
    with speaking("en"):
        return reference(kernel, cli)


def test_everything_that_is_registered_is_there(kernel: Kernel, pages: Mapping[str, str]) -> None:
    wanted = {("hooks.md", f"## {hook.name}") for hook in kernel.hooks.views()}
    wanted |= {
        ("hooks.md", f"(`{each.addon}`)") for hook in kernel.hooks.views() for each in hook.implementations
    }
    wanted |= {("slots.md", f"| `{each.id}` |") for place in places(kernel) for each in place.standing} | {
        ("slots.md", f"## {place.name}") for place in places(kernel)
    }
    wanted |= {("fields.md", f"### {name}") for name in words()}
    wanted |= {("rights.md", f"## {each.name}") for each in kernel.resources if not each.is_nested}
    wanted |= {("rights.md", f"## {thing}") for thing in ("core.addon",)}
    wanted |= {("rights.md", f"| `{role.code}` |") for role in READY_ROLES}
    wanted |= {("commands.md", f"## {name}") for name, _command in commands_of(cli, "guanxi")}
    wanted |= {("jobs.md", f"| `{kind.name}` |") for kind in kernel.jobs}
    wanted |= {("channels.md", f"| `{each.name}` |") for each in kernel.channels}
    wanted |= {("messages.md", f"| `{each.id}` |") for each in kernel.templates}
    wanted |= {("messages.md", f"| `{name}` |") for name in FILTERS}
    wanted |= {("environment.md", f"| `{each.name}` |") for each in VARIABLES}
    wanted |= {("public.md", f"| `{name}` |") for name in PUBLIC | PUBLIC_IN_TESTS}
    for resource in kernel.resources:
        page = f"resources/{resource.addon}.md"
        section = pages[page].partition(f"## {resource.name}\n")[2].partition("\n## ")[0]
        for name in (*resource.fields, *resource.lines_fields, *(each.name for each in resource.actions)):
            assert f"| `{name}` |" in section, f"{resource.name}.{name}"
    for addon in kernel.catalogue.addons:
        for side in side_tables(addon):
            heading = f"## Added to {side.resource}\n"
            section = pages[f"resources/{addon}.md"].partition(heading)[2].partition("\n## ")[0]
            assert [name for name in side.fields if f"| `{name}` |" not in section] == []
        for table in tables_of(addon):
            wanted.add((f"tables/{addon}.md", f"## {table.name}"))
            wanted |= {(f"tables/{addon}.md", f"| `{column.name}` |") for column in table.columns}
    missing = sorted(each for each in wanted if each[1] not in pages[each[0]])
    assert missing == []
    assert len(wanted) > 300


def test_every_command_says_what_it_takes(pages: Mapping[str, str]) -> None:
    for name, command in commands_of(cli, "guanxi"):
        section = pages["commands.md"].partition(f"## {name}\n")[2].partition("\n## ")[0]
        for parameter in command.params:
            if getattr(parameter, "hidden", False):
                continue
            assert max(parameter.opts, key=len).upper() in section.upper(), f"{name} {parameter.name}"


def test_the_front_leads_to_every_page(pages: Mapping[str, str]) -> None:
    assert [name for name in pages if name != "index.md" and f"]({name})" not in pages["index.md"]] == []


def test_the_reference_speaks_chinese(kernel: Kernel) -> None:
    with speaking("zh"):
        pages = reference(kernel, cli)
        sentences = [gettext(first_sentence(hook.documentation)) for hook in kernel.hooks.views()]
    assert [each for each in sentences if prose(each) not in pages["hooks.md"]] == []
    assert "| `city` | 城市 |" in pages["resources/customer.md"]
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text.splitlines()[0]) for text in pages.values())


def test_marks_of_markdown_are_only_marks_where_they_are_meant() -> None:
    assert plain("a_b *c* <d> [e] | 3") == r"a\_b \*c\* \<d\> \[e\] \| 3"
    assert prose("Give ``a | b`` and `c` or <d>.") == r"Give `a \| b` and `c` or \<d\>."
    told = list(
        docstring(
            "First\n    line.\n\n    Args:\n        one: is\n            and on.\n        two: short.\n    "
        )
    )
    assert told == ["First line.", "**Args**", "- one: is and on.\n- two: short."]
    assert os.linesep.join(docstring(None)) == ""
