from __future__ import annotations

import ast
from pathlib import Path

import pytest

from core.addons.discovery import discover
from core.addons.manifest import Manifest
from core.i18n import _l
from core.kernel import OWN_ADDONS
from core.kit.checks.imports import PUBLIC, PUBLIC_IN_TESTS, check_imports

GUIDE = OWN_ADDONS.parent / "docs" / "addons.md"


def _found(folder: Path, source: str, file: str = "services.py") -> list[str]:
    title = _l("Sales")
    sales = Manifest("sales", title, title, "1", folder, "addons.sales", ("catalog", "stock"), ("mail",))
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(source)
    packages = {"addons.catalog": "catalog", "addons.mail": "mail", "acme_stock": "stock"}
    return [f"{each.line}: {each.problem}" for each in check_imports(sales, packages)]


@pytest.mark.parametrize(
    "source",
    [
        "from addons.sales import models\nfrom addons.sales.models import Quote\nimport addons.sales",
        "from addons.catalog import api",
        "from addons.catalog.api import price\nimport addons.catalog.api",
        "from acme_stock.api import left",
        "from . import models\nfrom .models import Quote",
        "from core.i18n import _, _l, _p, _lp\nfrom core.db import fields\nimport core.errors",
        "import json\nfrom flask import Blueprint",
    ],
)
def test_what_may_be_imported(tmp_path: Path, source: str) -> None:
    assert _found(tmp_path, source) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import addons.catalog.models", "1: addons.catalog.models is private to the addon catalog."),
        ("from addons.catalog import models", "1: addons.catalog.models is private to the addon catalog."),
        ("import addons.catalog", "1: addons.catalog is private to the addon catalog."),
        ("from acme_stock.models import Box", "1: acme_stock.models.Box is private to the addon stock."),
        ("from ..catalog import models", "1: addons.catalog.models is private to the addon catalog."),
        (
            "def f():\n    from addons.mail.api import send",
            "2: addons.mail.api.send is of the addon mail, which this one does not need.",
        ),
        (
            "import addons.gone.api",
            "1: addons.gone.api is of the addon gone, which this one does not need.",
        ),
        ("from core.kernel import Kernel", "1: core.kernel.Kernel is the core's own affair."),
        ("import core", "1: core is the core's own affair."),
        ("\nfrom core import kernel", "2: core.kernel is the core's own affair."),
        (
            "from core.testing.plugin import Browser",
            "1: core.testing.plugin.Browser is the core's own affair.",
        ),
        ("from core.db.fields import _column", "1: _column of core.db.fields is private."),
        (
            "import importlib\nimportlib.import_module('core.kernel')",
            "2: core.kernel is the core's own affair.",
        ),
        ("def (", "1: This is no Python: invalid syntax (services.py, line 1)"),
    ],
)
def test_what_may_not(tmp_path: Path, source: str, problem: str) -> None:
    [found] = _found(tmp_path, source)
    assert found.replace("<unknown>", "services.py") == problem


def test_tests_may_import_more(tmp_path: Path) -> None:
    source = "from core.testing.plugin import Browser\nfrom core.kernel import Kernel\nimport core.cli"
    assert _found(tmp_path, source, "tests/test_x.py") == ["3: core.cli is the core's own affair."]


@pytest.mark.parametrize("addon", discover([OWN_ADDONS]).manifests, ids=lambda each: each.name)
def test_our_own_addons_keep_to_it(addon: Manifest) -> None:
    assert list(check_imports(addon, {})) == []


def test_what_is_public_is_there_and_stands_in_the_guide() -> None:
    root = OWN_ADDONS.parent
    for module in PUBLIC | PUBLIC_IN_TESTS:
        path = root / module.replace(".", "/")
        source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        assert ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))), module
    guide = (
        GUIDE.read_text(encoding="utf-8").partition("### What an addon may import")[2].partition("\n## ")[0]
    )
    rows = {line.split("`")[1] for line in guide.splitlines() if line.startswith("| `core.")}
    assert rows == PUBLIC
    assert all(f"`{module}`" in guide for module in PUBLIC_IN_TESTS)
