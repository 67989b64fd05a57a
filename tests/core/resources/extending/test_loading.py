"""What is said to an author whose extension does not fit: file, line, and what may have been meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from core.config import Config
from core.db.base import metadata
from core.kernel import Kernel, start_kernel
from core.settings.preview import preview
from tests.core.resources.extending.conftest import Site, write_addon

_HEAD = """
from sqlalchemy.orm import Mapped
from core.db import fields
from core.db.base import Extension, Record
from core.i18n import lazy_gettext as _l
"""
_MODEL = (
    _HEAD
    + """
class Facts(Extension, of="{of}"):
    __tablename__ = "{name}_facts"
    {column}
"""
)
_NUMBER = '{name}_number: Mapped[int | None] = fields.integer(label=_l("Number"))'
_DECLARED = """
from core.i18n import lazy_gettext as _l
from core.resources.declaration import Action, Lines, Resource, Same, Section
from core.resources.extending import Placed, ResourceExtension
class CustomerExtension(ResourceExtension):
    of = "{of}"
    {more}
"""
_LINES = """
from addons.{name} import models
class StandResource(Resource):
    name = "{name}.stand"
    model = models.Stand
    title = title_plural = _l("Stand")
    label = "place"
    is_nested = True
"""
_STAND = """
class Stand(Record):
    __tablename__ = "{name}_stand"
    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"))
    place: Mapped[str] = fields.text(20, label=_l("Place"))
"""

#: What is wrong with a model: ``{addon: (what it extends, a column, what is said behind file and line)}``.
_MODELS: Final = {
    "noplace": (
        "customer.custmer",
        "",
        "7: it extends “customer.custmer”, which is not there; there are customer.c",
    ),
    "needless": ("fair.stand", "", "7: it extends “fair.stand”, but fair is not listed under depends"),
    "native": (
        "customer.customer",
        'city: Mapped[str | None] = fields.text(9, label=_l("City"))',
        "7: customer.customer has a field “city” already, brought by customer itself; choose another name",
    ),
    "aline": (
        "customer.customer",
        'phones: Mapped[str | None] = fields.text(9, label=_l("Phones"))',
        "7: customer.customer has a field “phones” already",
    ),
    "clash": (
        "customer.customer",
        'grape: Mapped[str | None] = fields.text(9, label=_l("Grape"))',
        "customer.customer has a field “grape” already, brought by wine in ",
    ),
    "needed": (
        "customer.customer",
        'hall_b: Mapped[str] = fields.text(9, label=_l("Hall"))',
        "7: Facts.hall_b may not be empty and has no default",
    ),
    "numbers": (
        "customer.customer",
        'serial: Mapped[str | None] = fields.series("S", "s", label=_l("Serial"))',
        "7: Facts.serial is given by the database",
    ),
}
#: What is wrong with a declaration: ``{addon: (what it says, what is said behind the file)}``.
_DECLARATIONS: Final = {
    "column": (
        'list_columns = ("column_nmber",)',
        "7: CustomerExtension.list_columns names “column_nmber”; there are column_number, ",
    ),
    "beside": (
        'list_columns = (Placed("beside_number", after="nme"),)',
        "7: CustomerExtension.list_columns names “nme”; there are name, ",
    ),
    "section": (
        'sections = (Section(_l("S"), "section_number", after="basic"),)',
        "7: CustomerExtension.sections names “basic”; there are basics, ",
    ),
    "hides": (
        'sections = (Section(_l("S"), "hides_number", replace="basics"),)',
        "what replaces a part of the form must show “name”",
    ),
    "inform": (
        'form_fields = (Placed("inform_number", section="bottom"),)',
        "7: CustomerExtension.form_fields names “bottom”; there are ",
    ),
    "twice": (
        'actions = (Action("log_contact", _l("Log"), print),)',
        "7: there is an action “log_contact” already",
    ),
    "same": ('duplicates = (Same("same_numbr"),)', "names “same_numbr”; there are same_number"),
    "lost": (
        'lines = (Lines("booths", "lost.stnd", "customer", _l("S"), _l("S")),)',
        "names “lost.stnd”; there are lost.stand",
    ),
    "stays": (
        'lines = (Lines("booths", "stays.stand", "customer", _l("S"), _l("S")),)',
        "stays.stand.customer must be a link to customer.customer with on_delete=\"CASCADE\"",
    ),
}  # fmt: skip
_MANIFEST = (
    'name = "{name}"\ntitle = "T"\nsummary = "S"\nversion = "1"\ndepends = ["customer"]\nextends = ["wine"]\n'
)


@pytest.fixture(scope="module")
def said(site: Site, extending_addons: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel in whose sight all those addons stand beside good ones."""
    folder = tmp_path_factory.mktemp("wrong")
    for name, (of, column, _words) in _MODELS.items():
        files = {"models.py": _MODEL.format(of=of, name=name, column=column or _NUMBER.format(name=name))}
        write_addon(folder, name, files, _MANIFEST.format(name=name))
    for name, (more, _words) in _DECLARATIONS.items():
        models = _MODEL.format(of="customer.customer", name=name, column=_NUMBER.format(name=name))
        resources = _DECLARED.format(of="customer.customer", more=more)
        if "lines" in more:
            models, resources = models + _STAND.format(name=name), resources + _LINES.format(name=name)
        files = {"models.py": models, "resources.py": resources}
        write_addon(folder, name, files, _MANIFEST.format(name=name))
    path = f"{extending_addons}:{folder}"
    config = Config.from_environ({"GUANXI_DATA": str(folder), "GUANXI_ADDONS_PATH": path})
    kernel = start_kernel(config, site.kernel.database.engine.url.render_as_string(hide_password=False))
    yield kernel
    kernel.close()


@pytest.mark.parametrize("name", _MODELS)
def test_a_model_that_does_not_fit_is_told_with_its_line(said: Kernel, name: str) -> None:
    reason, words = said.catalogue.quarantined[name], _MODELS[name][2]
    assert f"{name}/models.py:" in reason
    assert words in reason
    assert f"{name}_facts" not in metadata.tables


@pytest.mark.parametrize("name", _DECLARATIONS)
def test_a_declaration_that_does_not_fit_is_told_with_its_line(said: Kernel, name: str) -> None:
    reason, words = said.catalogue.quarantined[name], _DECLARATIONS[name][1]
    assert f"{name}/resources.py:" in reason
    assert words in reason
    assert f"{name}_facts" not in metadata.tables


def test_others_are_untouched(said: Kernel, site: Site) -> None:
    assert {"fair", "wine", "customer"} <= said.catalogue.addons.keys()
    customer = said.resources.named(site.tenants["both"], "customer.customer")
    assert {"booth_size", "grape"} <= customer.fields.keys()
    assert "city" in customer.fields
    assert customer.fields["city"].addon == "customer"


def test_the_preview_says_what_comes_to_others_records(site: Site) -> None:
    for tenant in (site.tenants["both"], site.tenants["plain"]):
        with site.kernel.database.session(tenant) as session:
            session.execute(text("select 1"))
            found = preview(site.kernel, session, ["fair"])
        more = {entry.name: entry.more for entry in found.part("fields")}
        assert "Booth size, Hall, Stage" in more["customer.customer"]
        assert more["customer.customer"].endswith("Stands")
        assert more["customer.contact"] == "Badge"
        sections = {entry.name: (entry.title, entry.more) for entry in found.part("sections")}
        assert sections == {
            "customer.customer:fair.stand": ("Customer: Stand", ""),
            "customer.customer:fair.found": ("Customer: Where to find them", "instead of Reach"),
        }
        [action] = [entry.name for entry in found.part("api") if "customers" in entry.name]
        assert action.endswith("/actions/book")
