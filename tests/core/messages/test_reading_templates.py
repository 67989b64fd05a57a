"""What a template may say: tags and filters there are, found at the start by file and line."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.addons.manifest import AddonError
from core.i18n import either
from core.kernel import Kernel
from core.kit.checks.messages import check_messages
from core.messages import Template
from core.messages.declaration import Templates
from core.messages.room import MessagesRoom
from core.messages.tags import BadTag, Tag, parse
from core.messages.writing import mask

_ROOM = """from core.i18n import lazy_gettext as _t
from core.messages import Template

TEMPLATES = (
    Template(
        "hello",
        about="customer.contact",
        title=_t("Hello"),
        subject=_t("Hello {{name}}"),
        text=_t("You are {{customer.owner.name}}'s, {{birthday|weekday}}"),
        to="customer.email",
    ),
)
"""


def _module(folder: Path, source: str) -> ModuleType:
    path = folder / "messages.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("toy_messages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read(kernel: Kernel, folder: Path, source: str) -> Any:
    addon = replace(kernel.catalogue.addons["customer"], name="toys", depends=("customer",))
    return MessagesRoom(Templates(), kernel.resources).read(addon, _module(folder, source))


def test_a_text_is_pieces_and_tags() -> None:
    assert parse("Dear {{ name | upper }}, {{a.b}}!") == (
        "Dear ", Tag(("name",), ("upper",)), ", ", Tag(("a", "b")), "!"
    )  # fmt: skip
    assert parse("{ no tag }") == ("{ no tag }",)
    assert parse("{{{name}}}") == ("{", Tag(("name",)), "}")
    assert str(Tag(("a", "b"), ("date", "upper"))) == "{{a.b|date|upper}}"


@pytest.mark.parametrize(
    "text",
    [
        "{{name",
        "name}}",
        "{{}}",
        "{{a..b}}",
        "{{A}}",
        "{{name|}}",
        "{{name|shout}}",
        "{{ 1+1 }}",
    ],
)
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(BadTag):
        parse(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("138 0013 8000", "138****8000"),
        ("ada@example.com", "a***@example.com"),
        ("王雨桐", "王**"),
        ("12345678", "12****78"),
        ("A", "A"),
    ],
)
def test_a_mask_leaves_the_ends(value: str, shown: str) -> None:
    assert mask(value) == shown


def test_a_room_gives_its_templates(kernel: Kernel, tmp_path: Path) -> None:
    [found] = _read(kernel, tmp_path, _ROOM)
    assert (found.id, found.about) == ("toys.hello", "customer.contact")
    assert isinstance(found, Template)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ("{{name}}", "{{nam}}", 9, "there is no field “nam” here; there are name,"),
        ("{{customer.owner", "{{custmer.owner", 10, "there is no field “custmer” here; there are customer,"),
        ("owner.name", "owner.nme", 10, "there is no field “nme” here; there are name,"),
        ("|weekday", "|weekdy", 10, "There is no filter “weekdy”; there are weekday,"),
        ("birthday|weekday", "name|weekday", 10, "the filter “weekday” does not fit"),
        ('"customer.contact"', '"customer.contract"', 7, "there is no resource “customer.contract”"),
        ('"customer.contact"', '"core.nothing"', 7, "there is no resource “core.nothing”"),
        ('"customer.email"', '"customer.phone"', 6, "is no mail address"),
        ('"customer.email"', '"customer.mail"', 11, "there is no field “mail” here; there are email,"),
        ('"hello"', '"Hello!"', 6, "must be small letters"),
        ("{{name}}", "{{name", 9, "a tag begins with {{ and ends with }}"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(
    kernel: Kernel, tmp_path: Path, right: str, wrong: str, line: int, said: str
) -> None:
    assert right in _ROOM
    with pytest.raises(AddonError) as refused:
        _read(kernel, tmp_path, _ROOM.replace(right, wrong))
    assert said in str(refused.value)
    assert f"messages.py:{line}: " in str(refused.value)


def test_every_supplied_template_can_be_filled_in_both_languages(kernel: Kernel) -> None:
    assert {each.addon for each in kernel.templates} >= {"customer", "industry_tradefair"}
    for addon in kernel.catalogue.addons.values():
        assert list(check_messages(addon, kernel)) == []
    for each in kernel.templates:
        zh, en = each.supplied("zh"), each.supplied("en")
        assert zh.text != en.text
        assert zh.subject != en.subject


def test_a_wrong_tag_of_a_translation_is_found_by_the_check(kernel: Kernel) -> None:
    visit = next(each for each in kernel.templates if each.id == "customer.visit")
    templates = Templates()
    templates.add(replace(visit, subject=either("{{nme}}，您好", "Dear {{name}}")))
    [finding] = check_messages(kernel.catalogue.addons["customer"], replace(kernel, templates=templates))
    assert "there is no field “nme” here; there are name," in finding.problem
    assert finding.path.name == "customer.po"
