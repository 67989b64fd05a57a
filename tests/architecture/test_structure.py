"""The house keeps its order: who imports whom, and how things are named."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.addons.discovery import discover
from core.addons.manifest import Manifest
from core.db.base import metadata
from core.kernel import Kernel

_ROOT = Path(__file__).parents[2]
_ADDONS = {manifest.name: manifest for manifest in discover([_ROOT / "addons"]).manifests}
_BAD_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py", "util.py", "helper.py"}


def _imported(tree: ast.AST) -> Iterator[str]:
    """Every module a file imports; of ``from a import b`` it is ``a.b``, which may be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def foreign_imports(addon: Manifest, source: str) -> list[str]:
    """What a file of ``addon`` imports of other addons against the rules."""
    found = []
    for module in _imported(ast.parse(source)):
        package, *rest = module.split(".")
        if package != "addons" or rest[:1] == [addon.name]:
            continue
        if not rest or rest[0] not in addon.depends or rest[1:2] != ["api"]:
            found.append(module)
    return found


def _files(addon: Manifest) -> list[Path]:
    return sorted(addon.folder.rglob("*.py"))


def test_there_are_addons_to_look_at() -> None:
    assert "customer" in _ADDONS


@pytest.mark.parametrize("addon", _ADDONS.values(), ids=list(_ADDONS))
def test_an_addon_imports_of_others_the_api_of_what_it_needs_only(addon: Manifest) -> None:
    wrong = {
        str(path): found for path in _files(addon) if (found := foreign_imports(addon, path.read_text()))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from addons.catalog import api", []),
        ("from addons.catalog.api import price", []),
        ("import addons.catalog.api", []),
        ("import addons.sales.models", []),
        ("from core.db import base", []),
        ("import addons.catalog", ["addons.catalog"]),
        ("import addons.catalog.models", ["addons.catalog.models"]),
        ("from addons.catalog import models", ["addons.catalog.models"]),
        ("def f():\n    from addons.marketing import api", ["addons.marketing.api"]),
    ],
)
def test_an_import_against_the_rules_is_found(source: str, found: list[str]) -> None:
    title = _ADDONS["customer"].title
    sales = Manifest("sales", title, title, "1", _ROOT, "addons.sales", ("catalog",), ("marketing",))
    assert foreign_imports(sales, source) == found


def test_the_core_imports_no_addon() -> None:
    for path in sorted((_ROOT / "core").rglob("*.py")):
        modules = _imported(ast.parse(path.read_text()))
        assert not [module for module in modules if module.split(".")[0] == "addons"], path


@pytest.mark.usefixtures("kernel")
def test_every_table_bears_the_name_of_its_addon() -> None:
    assert metadata.tables
    for name, table in metadata.tables.items():
        assert name.startswith(f"{table.info['addon']}_"), name


def test_every_resource_bears_the_name_of_its_addon_and_of_its_table(kernel: Kernel) -> None:
    for resource in kernel.resources:
        addon, _, name = resource.name.partition(".")
        assert (addon, resource.table.info["addon"]) == (resource.addon, resource.addon)
        assert resource.table.name == f"{addon}_{name}"


def test_no_two_resources_live_at_one_address(kernel: Kernel) -> None:
    paths = [resource.path for resource in kernel.resources]
    assert len(paths) == len(set(paths))


def test_files_are_named_by_what_they_hold() -> None:
    folders = (_ROOT / name for name in ("core", "addons", "tests", "tools"))
    assert not [path for folder in folders for path in folder.rglob("*.py") if path.name in _BAD_NAMES]


def test_every_module_of_the_program_says_what_it_is() -> None:
    for folder in ("core", "addons"):
        for path in sorted((_ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            assert ast.get_docstring(tree) or not tree.body, path


def test_the_web_process_never_names_the_owners_login() -> None:
    words = ("owner_url", "owner_database_url", "require_owner", "owner_engine")
    paths = sorted((_ROOT / "core" / "web").rglob("*.py"))
    assert len(paths) > 10
    server = sorted((_ROOT / "core" / "server").rglob("*.py"))
    assert len(server) > 1
    for path in (*paths, *server, _ROOT / "core" / "app.py"):
        assert not [word for word in words if word in path.read_text()], path
