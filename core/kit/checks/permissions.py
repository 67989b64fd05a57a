"""Whether all that an addon says about rights is of resources and verbs there are."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from core.access.permissions import VERBS, Grant
from core.addons.manifest import Manifest
from core.i18n import _
from core.kit.findings import Finding, line_of
from core.resources.registry import Resources
from core.settings.permissions import THINGS

#: Of every resource besides the standing ones: giving views of its list to others.
_SHARING: Final = "share"


def check_permissions(addon: Manifest, resources: Resources) -> Iterator[Finding]:
    """See that what is granted, and what is asked for by ``.may("...", "...")``, is there.

    Args:
        addon: loaded, so that its roles are known to be right.
        resources: all there are.
    """
    module = sys.modules.get(f"{addon.package}.permissions")
    things = {*THINGS, *getattr(module, "THINGS", ())}
    if f"{addon.package}.settings" in sys.modules:
        things.add(f"{addon.name}.settings")
    if module is not None:
        path = Path(str(module.__file__))
        grants: Mapping[str, Sequence[Grant]] = getattr(module, "GRANTS", {})
        for item in dict.fromkeys(each for items in grants.values() for each in items):
            for verb in sorted(item.verbs):
                yield from _right(path, 0, resources, things, item.resource, verb)
    for path in sorted(addon.folder.rglob("*.py")):
        if {"migrations", "tests"} & set(path.relative_to(addon.folder).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="may"),
                    args=[ast.Constant(value=str(name)), ast.Constant(value=str(verb))],
                ):
                    yield from _right(path, node.lineno, resources, things, name, verb)


def _right(
    path: Path, line: int, resources: Resources, things: Collection[str], name: str, verb: str
) -> Iterator[Finding]:
    """What is wrong with a verb on a resource; a line of 0 is looked for.

    ``things`` have rights without being resources, and verbs of their own.
    """
    if name in things:
        return
    if name not in resources:
        known = [each.name for each in resources]
        yield Finding(
            "permissions",
            path,
            line or line_of(path, f'"{name}"'),
            _("There is no resource “%(name)s”.", name=name),
            _("There are: %(names)s.", names=", ".join(get_close_matches(name, known, 3) or sorted(known))),
        )
        return
    verbs = dict.fromkeys([*VERBS, _SHARING, *resources[name].verbs()])
    if verb not in verbs:
        yield Finding(
            "permissions",
            path,
            line or line_of(path, f" {verb} ", f'"{verb} ', f' {verb}"', f'"{verb}"'),
            _("Nothing called “%(verb)s” can be done with %(name)s.", verb=verb, name=name),
            _("There are: %(names)s. An action brings its own verb.", names=", ".join(verbs)),
        )
