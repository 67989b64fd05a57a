"""The reference: what stands in the registries, written as Markdown pages in the reader's language.

Nothing in it is written by hand, so what is registered is in it, addons of others included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from core.i18n import _
from core.kernel import Kernel
from core.kit.reference.commands import commands_page
from core.kit.reference.environment import environment_page
from core.kit.reference.fields import fields_page
from core.kit.reference.hooks import hooks_page
from core.kit.reference.markdown import fence, page
from core.kit.reference.messages import messages_page
from core.kit.reference.public import public_page
from core.kit.reference.resources import resources_page
from core.kit.reference.rights import rights_page
from core.kit.reference.slots import slots_page
from core.kit.reference.tables import tables_page
from core.kit.reference.work import channels_page, jobs_page


def reference(kernel: Kernel, program: click.Group) -> Mapping[str, str]:
    """Write the reference of what this process has loaded.

    Args:
        kernel: the registries.
        program: the command with all its commands.

    Returns:
        ``{path: Markdown}``; ``index.md`` leads to the others.
    """
    pages = {
        "hooks.md": hooks_page(kernel),
        "slots.md": slots_page(kernel),
        "fields.md": fields_page(),
        "rights.md": rights_page(kernel),
        "commands.md": commands_page(program),
        "jobs.md": jobs_page(kernel),
        "channels.md": channels_page(kernel),
        "messages.md": messages_page(kernel),
        "environment.md": environment_page(),
        "public.md": public_page(),
    }
    for addon in kernel.catalogue.addons.values():
        pages[f"resources/{addon.name}.md"] = resources_page(kernel, addon)
    for addon in kernel.catalogue.addons.values():
        pages[f"tables/{addon.name}.md"] = tables_page(addon)
    return {"index.md": _front(pages), **pages}


def _front(pages: Mapping[str, str]) -> str:
    """The page that leads to the others."""
    said = _(
        "Written from the registries of the program, so that it tells what there is. Descriptions of"
        " functions and commands are in English, as in the code."
    )
    groups = {
        _("For authors of addons"): (
            "hooks.md",
            "slots.md",
            "fields.md",
            "public.md",
            "jobs.md",
            "channels.md",
            "messages.md",
        ),
        _("For administrators"): ("rights.md", "commands.md", "environment.md"),
        _("Records and API"): tuple(each for each in pages if each.startswith("resources/")),
        _("Data dictionary"): tuple(each for each in pages if each.startswith("tables/")),
    }
    return page(_("Reference"), said, *(part for group in groups.items() for part in _group(pages, *group)))


def _group(pages: Mapping[str, str], title: str, names: tuple[str, ...]) -> Iterator[str]:
    yield f"## {title}"
    yield "\n".join(f"- [{pages[name].splitlines()[0].removeprefix('# ')}]({name})" for name in names)
    yield fence("{toctree}", "\n".join([":hidden:", "", *(name.removesuffix(".md") for name in names)]))
