"""Whether all that an addon says about rights is of resources and verbs there are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from core.access.permissions import READY_ROLES, VERBS
from core.addons.manifest import Manifest
from core.i18n import _
from core.kit.findings import Finding
from core.resources.registry import Resources

#: Of every resource besides the standing ones: giving views of its list to others.
_SHARING: Final = "share"


def check_permissions(addon: Manifest, resources: Resources) -> Iterator[Finding]:
    """See that grants, questions after rights and menu entries name what is there.

    Looked at are the texts in ``grant("...", "...")`` and ``.may("...", "...")``, and the roles that
    ``GRANTS`` is by.
    """
    for path in sorted(addon.folder.rglob("*.py")):
        if {"migrations", "tests"} & set(path.relative_to(addon.folder).parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            match node:
                case ast.Call(args=[ast.Constant(value=str(name)), ast.Constant(value=str(verbs)), *_rest]):
                    called = ast.unparse(node.func)
                    if called in ("grant", "permissions.grant") or called.endswith(".may"):
                        yield from _right(path, node.lineno, resources, name, verbs.split())
        if path == addon.folder / "permissions.py":
            yield from _roles(path, tree)


def _right(path: Path, line: int, resources: Resources, name: str, verbs: list[str]) -> Iterator[Finding]:
    if name not in resources:
        known = [each.name for each in resources]
        near = get_close_matches(name, known, 3) or sorted(known)
        yield Finding(
            "permissions",
            path,
            line,
            _("There is no resource “%(name)s”.", name=name),
            _("There are: %(names)s.", names=", ".join(near)),
        )
        return
    known = [*VERBS, _SHARING, *resources[name].verbs()]
    for verb in verbs:
        if verb not in known:
            yield Finding(
                "permissions",
                path,
                line,
                _("Nothing called “%(verb)s” can be done with %(name)s.", verb=verb, name=name),
                _(
                    "There are: %(names)s. An action brings its own verb.",
                    names=", ".join(dict.fromkeys(known)),
                ),
            )


def _roles(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """The keys of ``GRANTS``."""
    known = [role.code for role in READY_ROLES]
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if not isinstance(value, ast.Dict) or not any(
            isinstance(target, ast.Name) and target.id == "GRANTS" for target in targets
        ):
            continue
        for key in value.keys:
            if isinstance(key, ast.Constant) and key.value not in known:
                yield Finding(
                    "permissions",
                    path,
                    key.lineno,
                    _("There is no role “%(name)s”.", name=key.value),
                    _("There are: %(names)s.", names=", ".join(known)),
                )
