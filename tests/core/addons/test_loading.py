"""What discovery and loading do with addons of every kind of brokenness, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.addons.discovery import discover
from core.app import create_app
from core.auth.platform import create_administrator
from core.kernel import Kernel

_MODEL = """
from sqlalchemy.orm import Mapped
from core.db import fields
from core.db.base import Record
from core.i18n import lazy_gettext
class Thing(Record):
    __tablename__ = "{name}_thing"
    name: Mapped[str] = fields.text(100, label=lazy_gettext("Name"))
"""
_RESOURCE = """
from addons.{name}.models import Thing
from core.i18n import lazy_gettext
from core.resources.declaration import Resource
class ThingResource(Resource):
    name = "{name}.thing"
    model = Thing
    title = title_plural = lazy_gettext("Thing")
    list_columns = ("{column}",)
"""
_LINK = '    other_id: Mapped[int] = fields.link("{target}", label=lazy_gettext("O"))\n'
_GRANTS = """
from core.access.permissions import grant
GRANTS = {{"{role}": [grant("{resource}", "delete")]}}
"""
_CHANNEL = """
from core.i18n import lazy_gettext
from core.resources.channels import Channel
CHANNELS = ({channel},)
"""
_MANIFEST = 'name = "{name}"\ntitle = "T"\nsummary = "S"\nversion = "1"\n'
_ENTRY_POINTS = """
[guanxi.addons]
packaged = guanxi_packaged
vanished = not_a_package
deeper = not_a_package.below
"""
_VIEWS = """
from flask import Blueprint
bp = Blueprint("{bp}", __name__, url_prefix="{prefix}")
{routes}
"""
_HOOKS = """
from core.addons.hookspecs import hookimpl
from core.menus import MenuItem
{hook}
"""


def _resource(column: str) -> str:
    return _RESOURCE.replace("{column}", column)


def _views(routes: str = "", *, bp: str = "{name}", prefix: str = "/{name}") -> str:
    return _VIEWS.replace("{bp}", bp).replace("{prefix}", prefix).replace("{routes}", routes)


def _channel(declared: str) -> str:
    return _CHANNEL.replace("{channel}", declared)


def _hooks(hook: str) -> str:
    return _HOOKS.replace("{hook}", hook)


def _menu(resource: str) -> str:
    item = f'MenuItem(name="things", title="Things", icon="box", resource="{resource}")'
    return _hooks(f"@hookimpl\ndef menu_items():\n    return [\n        {item}\n    ]")


#: Addons by name: their rooms, and what the reason says after the path of the room at fault.
BROKEN: dict[str, tuple[dict[str, str], str, str]] = {
    "syntax": ({"models.py": "\n\ndef ("}, "models.py", ":3: SyntaxError"),
    "raising": ({"models.py": _MODEL + "\nraise ZeroDivisionError('on purpose')"}, "models.py", "on purpose"),
    "leaving": ({"resources.py": "import sys\nsys.exit(3)"}, "resources.py", ":2: SystemExit: 3"),
    "importing": ({"models.py": "import nothing_of_this_name"}, "models.py", "nothing_of_this_name"),
    "column": (
        {"models.py": _MODEL, "resources.py": _resource("nmae")},
        "resources.py",
        "names “nmae”; there are",
    ),
    "depending": (
        {
            "models.py": _MODEL,
            "resources.py": _resource("name").replace("Resource\n", "Resource, Section\n", 1)
            + '    form = (Section(lazy_gettext("A"), "name", when={"name": ("x",)}),)\n',
        },
        "resources.py",
        "the section “a” depends on “name”, which is no choice; there are none",
    ),
    "foreign": (
        {
            "models.py": _MODEL,
            "resources.py": _resource("name").replace('"{name}.', '"customer.'),
        },
        "resources.py",
        "must begin with “foreign.”",
    ),
    "nolink": (
        {
            "models.py": _MODEL
            + '    other_id: Mapped[int] = fields.link("sales.order", label=lazy_gettext("O"))\n',
            "resources.py": _resource("name"),
        },
        "resources.py",
        "leads to “sales.order”, but sales is not listed under depends",
    ),
    "unneeded": (
        {
            "models.py": _MODEL + _LINK.replace("{target}", "customer.customer"),
            "resources.py": _resource("name"),
        },
        "resources.py",
        "customer is not listed under depends",
    ),
    "mapper": (
        {
            "models.py": "from sqlalchemy.orm import relationship\n"
            + _MODEL
            + "    other: Mapped['Nothing'] = relationship('Nothing')\n"
        },
        "",
        "'Nothing'",
    ),
    "unhooked": (
        {"hooks.py": _hooks("@hookimpl\ndef home_kards(): ...")},
        "hooks.py",
        "no hook “home_kards”",
    ),
    "specnamed": (
        {"hooks.py": _hooks("@hookimpl(specname='home_cards')\ndef mine(): ...")},
        "hooks.py",
        "must bear the hook's own name",
    ),
    "argument": (
        {
            "hooks.py": _hooks("@hookimpl\ndef home_cards(tenant): ..."),
            "models.py": _MODEL,
            "resources.py": _resource("name"),
        },
        "hooks.py",
        "home_cards takes tenant, but the hook gives session, actor",
    ),
    "badmenu": (
        {"hooks.py": _menu("core.usher")},
        "hooks.py",
        ":7: there is no resource “core.usher” for this; there are core.user, core.unit",
    ),
    "role": (
        {"permissions.py": _GRANTS.format(role="boss", resource="role.thing")},
        "permissions.py",
        "there is no role “boss”",
    ),
    "granting": (
        {"permissions.py": _GRANTS.format(role="analyst", resource="customer.customer")},
        "permissions.py",
        "“customer.customer” is neither of this addon nor of its needs",
    ),
    "loud": (
        {"channels.py": _channel("Channel('E Shop', lazy_gettext('Shop'))")},
        "channels.py",
        "channel “E Shop”: its name must be of small letters",
    ),
    "taken": (
        {"channels.py": _channel("Channel('import', lazy_gettext('Import'))")},
        "channels.py",
        "channel “import”: there is a channel of this name already",
    ),
    "wordy": ({"channels.py": _channel("'call'")}, "channels.py", "must hold Channels, not 'call'"),
    "nobp": ({"views.py": "bp = None"}, "views.py", "needs a Blueprint called bp"),
    "reaching": (
        {"views.py": _views("@bp.before_app_request\ndef watch(): ...")},
        "views.py",
        "bp must keep to its own addresses",
    ),
    "prefix": ({"views.py": _views(prefix="/customer")}, "views.py", "url_prefix “/prefix”"),
    "twice": (
        {"views.py": _views("@bp.get('/a')\ndef a(): ...\n@bp.get('/b', endpoint='a')\ndef b(): ...")},
        "views.py",
        "a",
    ),
    "needy": ({"addon.toml": "depends", "models.py": _MODEL}, "", "needs syntax"),
    "lonely": ({"addon.toml": "gone", "models.py": _MODEL}, "", "needs not_there"),
}
_GOOD: dict[str, str] = {
    "models.py": _MODEL,
    "resources.py": _resource("name"),
    "views.py": _views("@bp.get('/a')\ndef a(): return 'a'"),
    "hooks.py": _menu("{name}.thing"),
}
_DEPENDS = {"depends": 'depends = ["syntax"]', "gone": 'depends = ["not_there"]'}

_REPORT = """
import json, sys
from core.app import create_app
from core.config import Config
from core.db.base import metadata
from core.kernel import start_kernel
kernel = start_kernel(Config.from_environ(), "postgresql+psycopg2://nobody@/nothing")
app = create_app(kernel)
print(json.dumps({
    "loaded": list(kernel.catalogue.addons),
    "quarantined": kernel.catalogue.quarantined,
    "tables": {name: table.info["addon"] for name, table in metadata.tables.items()},
    "resources": [resource.name for resource in kernel.resources],
    "grants": [grant.resource for _, grant in kernel.permissions.grants_of(kernel.permissions.roles)],
    "blueprints": [name for name, _ in kernel.blueprints],
    "modules": [name for name in sys.modules if name.startswith("addons.")],
}))
"""


def _write(folder: Path, name: str, rooms: dict[str, str]) -> None:
    place = folder / name
    place.mkdir(parents=True)
    more = _DEPENDS.get(rooms.get("addon.toml", ""), "")
    manifest = f"{_MANIFEST}{more}\n"
    for file, content in {"__init__.py": "", **rooms, "addon.toml": manifest}.items():
        (place / file).write_text(content.replace("{name}", name))


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of addons: a good one, and all the broken ones."""
    folder = tmp_path_factory.mktemp("more")
    for name, (rooms, _, _) in BROKEN.items():
        _write(folder, name, rooms)
    _write(folder, "good", _GOOD)
    _write(folder, "customer", {})  # the name is taken
    _write(folder, "renamed", {})
    (folder / "renamed" / "addon.toml").write_text(_MANIFEST.replace("{name}", "other"))
    _write(folder, ".hidden", {"models.py": "raise SystemExit"})
    (folder / "no_addon").mkdir()
    package = folder / "site" / "guanxi_packaged"
    _write(package.parent, "guanxi_packaged", {"models.py": _MODEL.replace("{name}", "packaged")})
    manifest = package / "addon.toml"
    manifest.write_text(manifest.read_text().replace('"guanxi_packaged"', '"packaged"'))
    info = folder / "site" / "guanxi_packaged-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guanxi-packaged\nVersion: 1\n")
    (info / "entry_points.txt").write_text(_ENTRY_POINTS)
    return folder


@pytest.fixture(scope="module")
def report(more: Path, repository: Path) -> dict[str, Any]:
    """What a fresh process says after loading them all."""
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join([str(repository), str(more / "site")]),
        "GUANXI_DATA": str(more / "data"),
        "GUANXI_ADDONS_PATH": str(more),
    }
    done = subprocess.run(
        [sys.executable, "-c", _REPORT], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_addon_is_quarantined_with_its_file_and_leaves_nothing(
    report: dict[str, Any], more: Path, name: str
) -> None:
    _, room, said = BROKEN[name]
    reason = report["quarantined"][name]
    assert said in reason
    if room:
        assert str(more / name / room) in reason
    assert "\n" not in reason
    assert name not in report["loaded"]
    assert name not in report["tables"].values()
    assert f"{name}.thing" not in report["resources"]
    assert name not in report["blueprints"]
    assert not [module for module in report["modules"] if module.startswith(f"addons.{name}")]


def test_everybody_else_works(report: dict[str, Any]) -> None:
    assert set(report["loaded"]) == {"core", "customer", "industry_tradefair", "good", "packaged"}
    assert {"good.thing", "customer.customer", "core.user"} <= set(report["resources"])
    assert {"good", "customer"} <= set(report["blueprints"])
    assert report["tables"]["good_thing"] == "good"
    assert "customer.customer" in report["grants"]
    assert not [resource for resource in report["grants"] if resource.startswith(("role.", "granting."))]


def test_addons_are_found_in_folders_and_as_installed_packages(report: dict[str, Any]) -> None:
    assert report["tables"]["packaged_thing"] == "packaged"
    assert ".hidden" not in report["quarantined"]
    assert "no_addon" not in report["quarantined"]


def test_the_first_of_a_name_wins_and_the_other_is_told(report: dict[str, Any], more: Path) -> None:
    assert report["tables"]["customer_customer"] == "customer"
    assert str(more / "customer") in report["quarantined"]["customer"]
    assert "another addon is called “customer” already" in report["quarantined"]["customer"]


def test_a_name_that_is_not_the_folders_is_told(report: dict[str, Any], more: Path) -> None:
    assert str(more / "renamed" / "addon.toml") in report["quarantined"]["renamed"]
    assert "other" not in report["loaded"]


@pytest.mark.parametrize("name", ["vanished", "deeper"])
def test_an_installed_package_that_is_gone_is_told(report: dict[str, Any], name: str) -> None:
    assert "not_a_package" in report["quarantined"][name]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "not-there"
    assert discover([missing]).broken[str(missing)] == f"{missing}: No such file or directory"


def test_every_reason_there_is_was_expected(report: dict[str, Any]) -> None:
    others = {"customer", "renamed", "vanished", "deeper"}
    assert set(report["quarantined"]) == set(BROKEN) | others


def test_the_addons_that_come_with_guanxi_are_all_well(kernel: Kernel, repository: Path) -> None:
    found = discover([repository / "addons"])
    assert found.broken == {}
    assert {manifest.name for manifest in found.manifests} | {"core"} <= set(kernel.catalogue.addons)


@pytest.fixture
def platform_page(kernel: Kernel, owner_engine: Engine) -> Callable[[Flask, str], str]:
    """A page of the platform as its administrator sees it."""

    def read(app: Flask, path: str) -> str:
        with owner_engine.begin() as connection:
            create_administrator(connection, "ops@example.com", "a long password")
        client, host = app.test_client(), f"http://{kernel.config.platform_host}"
        page = client.get("/platform/login", base_url=host).text
        csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
        form = {"csrf_token": csrf, "email": "ops@example.com", "password": "a long password"}
        assert client.post("/platform/login", base_url=host, data=form).status_code == 302
        return client.get(path, base_url=host).text

    return read


@pytest.mark.usefixtures("tenants")
def test_the_platform_shows_what_is_quarantined_and_which_hooks_failed(
    kernel: Kernel, platform_page: Callable[[Flask, str], str]
) -> None:
    catalogue = replace(kernel.catalogue, quarantined={"fleet": "fleet/models.py:3: SyntaxError: <oops>"})
    page = platform_page(create_app(replace(kernel, catalogue=catalogue)), "/platform/addons")
    assert "fleet/models.py:3: SyntaxError: &lt;oops&gt;" in page
    assert "quarantined" in page
    assert "customer" in page
