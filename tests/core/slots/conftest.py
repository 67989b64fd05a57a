"""Small addons in a folder of their own that stand on the same screens, and a program that knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.app import create_app
from core.auth.login import COOKIE
from core.config import Config
from core.db.embedded import Server
from core.db.provision import set_addons
from core.db.tenancy import Tenant
from core.kernel import Kernel, start_kernel
from core.testing.plugin import Browser
from core.web.security import csrf_token

_HEAD = """
from core.addons.hookspecs import hookimpl, part
from core.i18n import lazy_gettext as _t
from core.menus import COMMANDS, MenuGroup, MenuItem
from core.web.view_models import ActionView, Banner, Panel
ON = "customer.customer"
"""
#: Addons by name: the rest of the manifest, and what their hooks say.
GOOD: Mapping[str, tuple[str, str]] = {
    "alpha": (
        'depends = ["customer"]',
        """
        @hookimpl
        def menu_items():
            return [
                MenuItem(name="first", title=_t("First"), icon="box", url="/alpha", before="core.home"),
                MenuItem(name="leads", title=_t("Alpha leads"), icon="box", url="/alpha/leads",
                         replace="customer.leads"),
                MenuItem(name="pets", title=_t("Pets"), icon="box", group="alpha.zoo", url="/alpha/pets"),
                MenuItem(name="run", title=_t("Alpha runs"), icon="box", group=COMMANDS, url="/alpha/run"),
                MenuGroup("zoo", _t("Alpha zoo"), before="customer.lists"),
            ]

        @part("home_cards", "news", title=_t("News"), before="customer.my-day")
        def news():
            return Panel("news", "News")

        @part("record_panels", "map", title=_t("Map"), on=ON, after="customer.contacts")
        def plan(record):
            return Panel("map", f"Map of {record['name']}")

        @part("record_panels", "people", title=_t("People"), on=ON, replace="customer.contacts")
        def people(session):
            return Panel("people", "People of alpha")

        @part("record_banners", "debt", title=_t("Debt"), on=ON, before="core.archived")
        def debt():
            pay = ActionView("pay", "Pay", "/alpha/pay")
            return Banner("Bills are overdue", "warn", "alert-triangle", pay)

        @part("record_cards", "wide", title=_t("Wide"), on=ON, before="core.timeline")
        def wide():
            return Panel("wide", "A wide card")

        @part("record_actions", "call", title=_t("Call"), on=ON, replace="core.edit")
        def call(record):
            return ActionView("call", "Ring them", "/alpha/call", "phone", primary=True)

        @part("list_actions", "scan", title=_t("Scan"), on=ON, before="core.create")
        def scan():
            return ActionView("scan", "Scan a card", "/alpha/scan", "scan")

        @part("list_panels", "sums", title=_t("Sums"), on=ON)
        def sums():
            return Panel("sums", "Sums of alpha")

        @part("form_panels", "hint", title=_t("Hint"), on=ON)
        def hint(record):
            return Panel("hint", f"Hint for {record['name'] if record else 'a new one'}")
        """,
    ),
    "beta": (
        'depends = ["customer"]\nextends = ["alpha", "absent"]',
        """
        @part("home_cards", "more", title=_t("More"), after="alpha.news")
        def more():
            return Panel("more", "More of beta")

        @part("home_cards", "lost", title=_t("Lost"), after="absent.card")
        def lost():
            return Panel("lost", "Lost of beta")

        @part("record_panels", "staff", title=_t("Staff"), on=ON, replace="alpha.people")
        def staff(session, record):
            if record["name"] == "Broken":
                raise ZeroDivisionError("on purpose")
            return Panel("staff", "Staff of beta")

        @hookimpl
        def record_panels(resource):
            return [Panel("one", f"One for {resource.name}"), Panel("two", "Two")]
        """,
    ),
}


def _part(slot: str, more: str = "", *, name: str = "x", function: str = "x", takes: str = "") -> str:
    """A part, as an addon writes it."""
    return f'@part("{slot}", "{name}", title=_t("X"){more})\ndef {function}({takes}): ...'


def _item(more: str) -> str:
    """An entry of the menu, as an addon writes it."""
    item = f'MenuItem(name="x", title=_t("X"), icon="x"{more})'
    return f"@hookimpl\ndef menu_items():\n    return [{item}]"


_NEEDS = 'depends = ["customer"]'
_CIRCLE = (
    _part("home_cards", ', before="circle.y"'),
    _part("home_cards", ', before="circle.x"', name="y", function="y"),
)
#: Addons that cannot be used, and what the reason says after the path of the room.
BROKEN: Mapping[str, tuple[str, str, str]] = {
    "noslot": ("", _part("on_event"), "“on_event” is no place"),
    "nohook": (
        "",
        _part("record_pannels"),
        "there is no hook “record_pannels”; there are record_panels, ",
    ),
    "noanchor": (
        _NEEDS,
        _part("home_cards", ', after="customer.my-dey"'),
        "after=“customer.my-dey” is not there; there are customer.my-day, ",
    ),
    "elsewhere": (
        _NEEDS,
        _part("home_cards", ', after="customer.contacts"'),
        "after=“customer.contacts” is not there; there are customer.recent-customers, ",
    ),
    "apart": (
        _NEEDS,
        _part("record_panels", ', on="customer.lead", after="customer.contacts"'),
        "after=“customer.contacts” is not there; there are ",
    ),
    "unneeded": (
        "",
        _part("home_cards", ', after="customer.my-day"'),
        "after=“customer.my-day”: customer is listed neither under depends nor under extends",
    ),
    "noresource": (
        _NEEDS,
        _part("record_panels", ', on="customer.costumer"'),
        "there is no resource “customer.costumer” that noresource needs; there are customer.customer, ",
    ),
    "argument": (
        "",
        _part("home_cards", takes="record"),
        "x takes record, but the hook gives session, actor",
    ),
    "doubled": (
        "",
        "\n".join((_part("home_cards"), _part("record_panels", function="y"))),
        "“doubled.x” is there already, at ",
    ),
    "several": (
        "",
        _part("home_cards", ', before="a.b", after="a.c"'),
        "ValueError: either before or after says where it stands, not both",
    ),
    "circle": ("", "\n".join(_CIRCLE), "before=“circle.y” leads in a circle back to “circle.x”"),
    "misnamed": ("", _part("home_cards", name="No Name"), "the name “No Name” must"),
    "nogroup": (
        "",
        _item(', group="core.setings", url="/x"'),
        "there is no group “core.setings” in the menu; there are core.settings, ",
    ),
    "noentry": (
        "",
        _item(', url="/x", after="core.user"'),
        "after=“core.user” is not there; there are core.users, ",
    ),
    "nowhere": ("", _item(""), "the entry “x” leads nowhere"),
    "noitem": (
        "",
        '@hookimpl\ndef menu_items():\n    return ["x"]',
        "must give MenuItems and MenuGroups, not 'x'",
    ),
}
_SETTINGS_HEAD = """
from core.db import fields
from core.i18n import lazy_gettext as _t
from core.resources.declaration import Section
from core.resources.settings import Settings
from sqlalchemy.orm import Mapped
"""
#: The settings of one that is good.
SETTINGS = """
class AlphaSettings(Settings):
    title, summary = _t("Alpha rules"), _t("Made for tests")
    limit: Mapped[int] = fields.integer(label=_t("Upper limit"), default=5)
    loud: Mapped[bool] = fields.flag(label=_t("Loud"))
    hello: Mapped[str | None] = fields.text(40, label=_t("Greeting"))
    words: Mapped[list[str]] = fields.tags(label=_t("Words"))
    since: Mapped[date | None] = fields.day(label=_t("Since"))
    sections = (Section(_t("Limits"), "limit", "since"), Section(_t("Voice"), "loud", "hello", "words"))
"""


def _settings(*lines: str) -> str:
    """A class of settings, as an addon writes it."""
    return "class Own(Settings):\n" + "\n".join(f"    {line}" for line in lines)


_TITLE = 'title = _t("T")'
_NUMBER = 'a: Mapped[int] = fields.integer(label=_t("A"), default=1)'
#: Settings that cannot be used, and what the reason says.
BROKEN_SETTINGS: Mapping[str, tuple[str, str]] = {
    "untitled": (_settings(_NUMBER), "Own needs a title and settings"),
    "nodefault": (
        _settings(_TITLE, 'a: Mapped[int] = fields.integer(label=_t("A"))'),
        "Own.a needs a default, or an annotation that allows None",
    ),
    "linking": (
        _settings(_TITLE, 'a: Mapped[int | None] = fields.link("core.user", label=_t("A"))'),
        "Own.a is a link; a setting is one of text, ",
    ),
    "sectioned": (
        _settings(_TITLE, _NUMBER, 'sections = (Section(_t("S"), "b"),)'),
        "Own.sections names “b”; there are a",
    ),
    "partial": (
        _settings(_TITLE, _NUMBER, _NUMBER.replace("a:", "b:"), 'sections = (Section(_t("S"), "a"),)'),
        "Own.sections must show each setting once",
    ),
    "twofold": (
        _settings(_TITLE, _NUMBER) + "\n" + _settings(_TITLE, _NUMBER).replace("Own", "Other"),
        "an addon has one class of settings",
    ),
}
_MANIFEST = 'name = "{name}"\ntitle = "T"\nsummary = "Made for tests"\nversion = "1"\n{more}\n'


def _write(folder: Path, name: str, more: str, hooks: str, settings: str = "") -> None:
    (folder / name).mkdir(parents=True)
    if settings:
        head = f"from datetime import date\n{_SETTINGS_HEAD}"
        (folder / name / "settings.py").write_text(f"{head}\n{settings}\n")
    (folder / name / "__init__.py").touch()
    (folder / name / "addon.toml").write_text(_MANIFEST.format(name=name, more=more))
    (folder / name / "hooks.py").write_text(f"{_HEAD}\n{dedent(hooks)}\n")


@dataclass(frozen=True, slots=True)
class Site:
    """A program with the addons, on the database of the other tests."""

    kernel: Kernel
    app: Flask
    tenant: Tenant
    owner: Engine

    def seen_by(self, browser: Browser) -> Browser:
        """The same signed-in browser, at this program."""
        client, cookie = self.app.test_client(), browser.client.get_cookie(COOKIE, domain=browser.host)
        assert cookie is not None
        client.set_cookie(COOKIE, cookie.value, domain=browser.host)
        csrf = csrf_token(self.kernel.config.secret_key, cookie.value)
        return Browser(client, browser.actor, csrf, browser.host)

    @contextmanager
    def on(self, *addons: str) -> Iterator[None]:
        """Switch addons on for the main tenant, within the block."""
        self._set(self.tenant.addons | set(addons))
        try:
            yield
        finally:
            self._set(self.tenant.addons)

    def _set(self, addons: frozenset[str]) -> None:
        with self.owner.begin() as connection:
            set_addons(connection, self.tenant, addons)


@pytest.fixture(scope="module")
def site(
    server: Server, tenant: Tenant, owner_engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("stands") / "addons"
    for name, (more, hooks) in GOOD.items():
        _write(folder, name, more, hooks, SETTINGS if name == "alpha" else "")
    for name, (settings, _said) in BROKEN_SETTINGS.items():
        _write(folder, name, "", "", settings)
    for name, (more, hooks, _said) in BROKEN.items():
        _write(folder, name, more, hooks)
    data = tmp_path_factory.mktemp("site")
    config = Config.from_environ({"GUANXI_DATA": str(data), "GUANXI_ADDONS_PATH": str(folder)})
    kernel = start_kernel(config, server.app_url)
    yield Site(kernel, create_app(kernel), tenant, owner_engine)
    kernel.close()
