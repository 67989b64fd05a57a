"""The customisation of a tenant as an addon: what things are called, and that what is written runs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.access.permissions import Scope
from core.customising import object_services
from core.customising.definitions import Definition, Option
from core.customising.objects import MadeUp
from core.customising.services import add_field, set_archived
from core.db.fields import Kind, Sensitivity
from core.db.provision import find_tenant
from core.errors import Invalid
from core.kernel import OWN_ADDONS, Kernel, start_kernel
from core.kit.customised import NothingAdded, planned
from core.kit.customised.plan import Plan, plan
from core.kit.customised.sources import Sources
from core.kit.customised.texts import Texts
from core.resources.declaration import Resource
from core.resources.editions import resource_seen
from tests.core.kit.conftest import Guanxi

ROOT = OWN_ADDONS.parent
CUSTOMER = "customer.customer"
MACHINES = MadeUp(
    1, "machines", "设备", "Machine", "Machines", "tools",
    (("account_manager", "read", Scope.OWN), ("executive", "read", Scope.ALL)),
)  # fmt: skip
_numbers = count(1)


def field(kind: Kind, name: str, en: str = "", zh: str = "", **more: Any) -> Definition:
    """A definition as it is stored; of customers unless said otherwise."""
    more = {"resource": CUSTOMER, **more}
    return Definition(id=next(_numbers), name=name, kind=kind, label_en=en, label_zh=zh, **more)


@pytest.fixture
def seen(kernel: Kernel) -> dict[str, Resource]:
    """What a tenant may see: customers, users, and machines that were made up."""
    names = (CUSTOMER, "core.user", "custom.machines")
    return dict.fromkeys(names, kernel.resources[CUSTOMER])


def sources(found: Plan, known: dict[Any, str] | None = None) -> tuple[dict[str, str], Texts]:
    """The files, and what they say."""
    texts = Texts(found.addon, known or {})
    return Sources(found, "Equipment", "设备管理", texts).files(), texts


def test_names_lose_their_prefix_unless_another_has_them(seen: dict[str, Resource]) -> None:
    fields = [
        field(Kind.TEXT, "x_nick"),
        field(Kind.TEXT, "x_city"),
        field(Kind.TEXT, "x_2nd"),
        field(Kind.TEXT, "x_class"),
        field(Kind.DAY, "x_date"),
        field(Kind.INTEGER, "x_count"),
        field(Kind.LINK, "x_keeper_id", target="core.user"),
        field(Kind.TEXT, "x_keeper_id_2"),
        field(Kind.TEXT, "x_nick_key"),
    ]
    [table] = plan("gear", fields, [], seen).tables
    assert [each.column for each in table.columns] == [
        "nick", "gear_city", "gear_2nd", "gear_class", "gear_date", "gear_count",
        "keeper_id", "keeper_id_2", "gear_nick_key",
    ]  # fmt: skip
    assert (table.name, table.klass, table.resource) == ("gear_customer", "CustomerFacts", CUSTOMER)
    with pytest.raises(Invalid):
        plan("g" * 41, [field(Kind.TEXT, "x_" + "n" * 32)], [], seen)


def test_kinds_become_resources_and_links_follow_them(seen: dict[str, Resource]) -> None:
    fields = [
        field(Kind.LINK, "x_machine", target="custom.machines"),
        field(Kind.LINK, "x_firm", resource="custom.machines", target=CUSTOMER),
        field(Kind.LINK, "x_part_of", resource="custom.machines", target="custom.machines"),
        field(Kind.LINK, "x_lost", target="gone.thing"),
        field(Kind.TEXT, "x_also_lost", resource="gone.thing"),
    ]
    found = plan("gear", fields, [MACHINES], seen)
    assert [each.resource for each in found.tables] == ["gear.machine", CUSTOMER]
    assert found.depends == ["customer"]
    targets = {each.name: (each.target, each.is_circular) for table in found.tables for each in table.columns}
    assert targets == {
        "machine": ("gear.machine", False),
        "firm": (CUSTOMER, False),
        "part_of": ("gear.machine", False),
    }
    assert found.left == {f"{CUSTOMER}.x_lost": "gone.thing", "gone.thing.x_also_lost": "gone.thing"}
    assert found.as_data()["objects"] == [
        {"from": "custom.machines", "resource": "gear.machine", "table": "gear_machine"}
    ]


def test_what_a_field_can_do_comes_along(seen: dict[str, Resource]) -> None:
    options = (Option("gold", "金牌", "Gold", "ok"), Option("2nd", "银牌", ""), Option("Gold", "", "More"))
    fields = [
        field(
            Kind.CHOICE, "x_grade", "Level", "级别",
            options=options, default="gold", is_frequent=True, in_list=True, beside="kind",
        ),
        field(Kind.INTEGER, "x_seats", "Seats", is_required=True, sensitivity=Sensitivity.SECRET),
        field(Kind.TEXT, "x_nick", 'Nick "name"', is_searched=True, default="老王", in_quick_create=True),
    ]  # fmt: skip
    files, texts = sources(plan("gear", fields, [MACHINES], seen))
    for text in files.values():
        ast.parse(text)
    models, resources = files["models.py"], files["resources.py"]
    assert (
        'GOLD = "gold", _l("Gold"), "ok"\n    OPTION_2 = "2nd", _l("2nd")\n    OPTION_3 = "Gold", ' in models
    )
    assert "default=CustomerGrade.GOLD" in models
    assert "sensitivity=Sensitivity.SECRET" in models
    assert 'default="老王"' in models
    assert "# Chinese as data" in models
    assert 'form_fields = (Placed("grade", section="basics"),)' in resources
    assert 'list_columns = ("grade",)' in resources
    assert 'quick_filters = ("grade",)' in resources
    assert 'quick_create = ("nick",)' in resources
    assert 'NEEDED = {"customer.customer": ["seats"]}' in files["services.py"]
    assert 'grant("gear.machine", "read export", Scope.OWN)' in files["permissions.py"]
    assert texts.chinese[None, "Level"] == "级别"


def test_a_word_has_one_translation() -> None:
    texts = Texts("gear", {(None, "Grade"): "等级", (None, "City"): "城市"})
    assert texts.code("Grade", "等级", "a") == "_l('Grade')"
    assert texts.code("City", "", "a") == "_l('City')"
    assert texts.code("Grade", "级别", "a") == "_lp('gear', 'Grade')"
    assert texts.code("Grade", "档次", "a") == "_lp('a', 'Grade')"
    assert texts.chinese == {
        (None, "Grade"): "等级", (None, "City"): "城市", ("gear", "Grade"): "级别", ("a", "Grade"): "档次",
    }  # fmt: skip


def test_what_is_put_away_stays_behind(kernel: Kernel, session: Session) -> None:
    with pytest.raises(NothingAdded):
        planned(session, kernel.resources, "gear", kernel.catalogue.addons)
    for label in ("Nick", "Old"):
        add_field(session, kernel.resources, CUSTOMER, {"kind": "text", "label_en": label}, actor=OPERATOR)
    set_archived(session, kernel.resources, CUSTOMER, "x_old", archived=True, actor=OPERATOR)
    found = planned(session, kernel.resources, "gear", kernel.catalogue.addons)
    assert [each.name for table in found.tables for each in table.columns] == ["nick"]


def _customise(kernel: Kernel, session: Session) -> None:
    """Add what administrators may: every kind of field, a kind of record, links both ways."""

    def add(resource: str, kind: str, en: str, zh: str, **more: Any) -> None:
        values = {"kind": kind, "label_en": en, "label_zh": zh, **more}
        add_field(session, kernel.resources, resource, values, actor=OPERATOR)

    options = [{"zh": "金牌", "en": "Gold", "tone": "ok"}, {"zh": "银牌", "en": "Silver", "tone": "mute"}]
    wish = {
        "title_en": "Machine", "title_zh": "机台", "plural_en": "Machines", "icon": "tools",
        "grants": {"account_manager": {"read": "own", "write": "own"}, "executive": {"read": "all"}},
    }  # fmt: skip
    object_services.make_up(session, wish, actor=OPERATOR)
    add(CUSTOMER, "text", "Nickname", "绰号", in_list="yes", is_searched="yes")
    add(CUSTOMER, "choice", "Grade", "客户档次", options=options, is_frequent="yes", beside="name")
    add(CUSTOMER, "integer", "Seats", "座位数", sensitivity="sensitive", is_frequent="yes")
    for kind in ("multiline", "pick", "flag", "day", "instant", "phone", "email", "url", "tags"):
        add(CUSTOMER, kind, f"Own {kind}", "")
    add(CUSTOMER, "link", "Keeper", "保管人", target="core.user")
    add(CUSTOMER, "link", "Favourite machine", "常用机台", target="custom.machines")
    add("custom.machines", "text", "Serial no.", "序列编号", is_required="yes", in_list="yes")
    add("custom.machines", "link", "Used by", "使用方", target=CUSTOMER)
    machines, customers = (resource_seen(session, name) for name in ("custom.machines", CUSTOMER))
    assert machines is not None
    assert customers is not None
    [press] = machines.service.create(session, [{"name": "Press", "x_serial_no": "S-1"}], actor=OPERATOR)
    values = {
        "name": "Lotus Tea", "x_nickname": "Lotty", "x_grade": "silver", "x_seats": 12,
        "x_own_day": "2026-02-10", "x_own_tags": ["tea"], "x_favourite_machine": press,
    }  # fmt: skip
    [lotus] = customers.service.create(session, [values], actor=OPERATOR)
    machines.service.update(session, press, {"x_used_by": lotus}, actor=OPERATOR)


@pytest.mark.slow
def test_what_is_written_passes_its_check_and_its_tests(
    guanxi: Guanxi, own_database: Any, config: Any, tmp_path: Path
) -> None:
    def run(*words: str, addons: Path | None = None) -> str:
        done = guanxi(*words, addons=addons)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("init")
    run("tenant", "create", "one", "--name", "One", "--addon", "customer")
    _in(own_database, config, "one", _customise)
    named = ("--title", "Equipment care", "--title-zh", "机台管理")
    run("customisation", "export", "--tenant", "one", "--name", "equipment", "--to", str(tmp_path), *named)
    written = tmp_path / "equipment"
    assert {each.name for each in tmp_path.iterdir()} == {"equipment"}
    again = guanxi("customisation", "export", "--tenant", "one", "--name", "equipment", "--to", str(tmp_path))
    assert again.returncode == 1
    assert "there already" in again.stderr
    assert len(json.loads((written / "customisation.json").read_text(encoding="utf-8"))["fields"]) == 16
    assert "nothing to mend" in run("addon", "check", "equipment", addons=tmp_path)
    for command in (["check"], ["format", "--check"]):
        options = [*command, "--no-cache", "--config", str(ROOT / "pyproject.toml"), str(written)]
        style = subprocess.run(
            [sys.executable, "-m", "ruff", *options], capture_output=True, text=True, check=False
        )
        assert style.returncode == 0, style.stdout
    environ = {name: each for name, each in os.environ.items() if not name.startswith(("PYTEST_", "GUANXI_"))}
    arguments = ["-c", str(ROOT / "pyproject.toml"), "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(written / "tests"), *arguments],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    run("addon", "enable", "equipment", "--tenant", "one", addons=tmp_path)
    adopt = ("customisation", "adopt", "equipment", "--tenant", "one")
    for words in ([*adopt, "--dry-run"], adopt):
        counted = json.loads(run(*words, "--json", addons=tmp_path))
        assert counted == [
            {"resource": "equipment.machine", "taken": 1, "left": 0},
            {"resource": CUSTOMER, "taken": 1, "left": 0},
        ]
    columns = "name,nickname,grade,seats,own_day,own_tags,favourite_machine"
    wanted = ("--tenant", "one", "--format", "jsonl", "--columns", columns)
    [line] = run("export", CUSTOMER, *wanted, addons=tmp_path).splitlines()
    shown = json.loads(line)
    assert shown.pop("favourite_machine")["label"] == "Press"
    assert shown == {
        "name": "Lotus Tea", "nickname": "Lotty", "grade": "silver", "seats": 12, "own_day": "2026-02-10",
        "own_tags": ["tea"],
    }  # fmt: skip
    refused = guanxi(*adopt, addons=tmp_path)
    assert refused.returncode == 1


def _in(urls: Any, config: Any, slug: str, do: Callable[[Kernel, Session], None]) -> None:
    """Do something in a transaction of a tenant of another database."""
    kernel, engine = start_kernel(config, urls.app), create_engine(urls.require_owner())
    try:
        with engine.connect() as connection:
            tenant = find_tenant(connection, slug)
        with kernel.database.unit_of_work(tenant) as session:
            do(kernel, session)
    finally:
        kernel.close()
        engine.dispose()
