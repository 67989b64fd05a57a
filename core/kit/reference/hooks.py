"""The hooks there are, and who joins in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from core.addons.hooks import HookView
from core.addons.hookspecs import first_sentence
from core.i18n import _
from core.kernel import Kernel
from core.kit.reference.markdown import code, docstring, fence, page, plain, prose


def hooks_page(kernel: Kernel) -> str:
    """Each hook: how it is called, what it asks for, what becomes of failures, who implements it."""
    said = _(
        "An addon joins in with a function in its `hooks` room that bears the hook's name and is marked"
        " `@hookimpl`; it takes those of the arguments it needs. What several addons give is joined, in the"
        " order of their needs."
    )
    return page(_("Hooks"), said, *_hooks(kernel))


def _hooks(kernel: Kernel) -> Iterator[str]:
    titles = {addon.name: str(addon.title) for addon in kernel.catalogue.addons.values()}
    for hook in kernel.hooks.views():
        function = kernel.hooks.specification(hook.name)
        yield f"## {hook.name}"
        yield fence("python", f"def {hook.name}{_signature(function)}")
        yield from _told(hook)
        yield (
            _("**Decides**: a failure stops the work.")
            if hook.decides
            else _("**Isolated**: an addon that fails loses its own part only.")
        )
        yield _("Specified in %(module)s.", module=code(hook.module))
        addons = dict.fromkeys(each.addon for each in hook.implementations)
        names = _(", ").join(f"{plain(titles.get(each, each))} ({code(each)})" for each in addons)
        yield _("Implemented by %(addons)s.", addons=names) if names else _("Nobody implements it yet.")


def _told(hook: HookView) -> Iterator[str]:
    """What the specification says: its first sentence in the reader's language, the rest in English."""
    sentence = first_sentence(hook.documentation)
    yield f"{prose(_(sentence))}"
    whole = " ".join(inspect.cleandoc(hook.documentation).partition("\n\n")[0].split())
    more = whole.removeprefix(sentence).strip()
    rest = inspect.cleandoc(hook.documentation).partition("\n\n")[2]
    yield from (prose(more),) if more else ()
    yield from docstring(rest) if rest else ()


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    kept = [each for name, each in signature.parameters.items() if name != "self"]
    shown = str(signature.replace(parameters=kept)).replace("'", "")
    return shown.replace("typing.", "")
