"""What an addon imports: the public part of the core, itself, and the ``api`` of what it needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from core.addons.manifest import Manifest
from core.i18n import _
from core.kit.findings import Finding

#: The modules of the core that addons may import; they change only with notice (docs/addons.md).
PUBLIC: Final = frozenset(
    {
        "core.access.actor",
        "core.access.models",
        "core.access.permissions",
        "core.addons.hookspecs",
        "core.auth.models",
        "core.db.base",
        "core.db.fields",
        "core.db.session",
        "core.db.tenancy",
        "core.errors",
        "core.events",
        "core.i18n",
        "core.jobs",
        "core.menus",
        "core.messages",
        "core.resources.batch",
        "core.resources.channels",
        "core.resources.declaration",
        "core.resources.duplicates",
        "core.resources.extending",
        "core.resources.filters",
        "core.resources.gateway",
        "core.resources.models",
        "core.resources.query",
        "core.resources.schemas",
        "core.resources.service",
        "core.resources.settings",
        "core.resources.values",
        "core.search.names",
        "core.seeds",
        "core.web.display",
        "core.web.lifecycle",
        "core.web.pages.duplicates",
        "core.web.pages.forms",
        "core.web.pages.request",
        "core.web.shell",
        "core.web.view_models",
    }
)
#: What tests may import besides.
PUBLIC_IN_TESTS: Final = frozenset(
    {
        "core.db.migrate",
        "core.db.provision",
        "core.kernel",
        "core.testing.conformance",
        "core.testing.jobs",
        "core.testing.plugin",
    }
)


def check_imports(addon: Manifest, packages: Mapping[str, str]) -> Iterator[Finding]:
    """See that every file of ``addon`` imports only what it may; nothing is run.

    Args:
        addon: the addon.
        packages: ``{import name of the package: addon}`` of all others that are installed.
    """
    for path in sorted(addon.folder.rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError) as error:
            line = getattr(error, "lineno", None) or 1
            problem = _("This is no Python: %(why)s", why=str(error))
            yield Finding("syntax", path, line, problem, _("Correct the file."))
            continue
        package = ".".join([addon.package, *path.relative_to(addon.folder).parts[:-1]])
        in_tests = "tests" in path.relative_to(addon.folder).parts
        for line, module, name in _imported(tree, package):
            yield from _judged(addon, packages, path, line, module, name, in_tests=in_tests)


def _imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str, str]]:
    """``(line, module, name)`` of all that is imported; the name is empty for a whole module."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name, "") for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                origin = ".".join([*above, *([module] if module else [])])
                yield from ((node.lineno, origin, alias.name) for alias in names)
            case ast.Call(func=function, args=[ast.Constant(value=str(module)), *_]) if ast.unparse(
                function
            ).rpartition(".")[2] in ("import_module", "__import__"):
                yield node.lineno, module, ""


def _judged(
    addon: Manifest,
    packages: Mapping[str, str],
    path: Path,
    line: int,
    module: str,
    name: str,
    *,
    in_tests: bool,
) -> Iterator[Finding]:
    whole = f"{module}.{name}" if name else module
    if whole == addon.package or whole.startswith(f"{addon.package}."):
        return
    if module == "core" or module.startswith("core."):
        known = PUBLIC | PUBLIC_IN_TESTS if in_tests else PUBLIC
        if whole in known:
            return
        if module not in known:
            yield Finding(
                "imports",
                path,
                line,
                _("%(module)s is the core's own affair.", module=whole),
                _("Import what docs/addons.md lists under “What an addon may import”, or ask for a hook."),
            )
        elif name.startswith("_") and name not in _TRANSLATING:
            yield Finding(
                "imports",
                path,
                line,
                _("%(name)s of %(module)s is private.", name=name, module=module),
                _("Use a name without an underscore."),
            )
        return
    owner = _owner(whole, packages)
    if owner is None:
        return
    origin, other = owner
    if other not in addon.depends:
        yield Finding(
            "imports",
            path,
            line,
            _(
                "%(module)s is of the addon %(other)s, which this one does not need.",
                module=whole,
                other=other,
            ),
            _("Name %(other)s under depends in addon.toml, or meet it through a hook.", other=other),
        )
    elif not f"{whole}.".startswith(f"{origin}.api."):
        yield Finding(
            "imports",
            path,
            line,
            _("%(module)s is private to the addon %(other)s.", module=whole, other=other),
            _("Import from %(origin)s.api alone, or reach it by the name of its resource.", origin=origin),
        )


#: Functions of `core.i18n`.
_TRANSLATING: Final = ("_", "_l", "_p", "_lp")


def _owner(module: str, packages: Mapping[str, str]) -> tuple[str, str] | None:
    """``(package, addon)`` that a module is of, None for one of no addon."""
    for package, addon in packages.items():
        if module == package or module.startswith(f"{package}."):
            return package, addon
    if module.startswith("addons."):
        name = module.split(".")[1]
        return f"addons.{name}", name
    return None
