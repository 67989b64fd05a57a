"""Supplied records are written once, follow upgrades, and leave alone what the tenant has made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from core.access.actor import OPERATOR
from core.db.session import tenant_of
from core.errors import Forbidden, NotFound
from core.seeds.standing import State, bring_back, standings, take_shipped
from core.seeds.writing import SeedRefused
from core.testing.plugin import MakeActor
from tests.core.seeds.conftest import Shop

_CUSTOMERS = """
resource: customer.customer
mode: {mode}
records:
  - {{id: harbour, name: {name}, city: {city}}}
  - {{id: crane, name: Crane, parent: harbour}}
"""
_STANDARD = """
resource: customer.standard
mode: managed
records:
  - id: fair
    name: {{zh: 展会, en: Fair}}
    threshold: {threshold}
    product_line: Fairs
    criteria:
      - {{text: {first}, weight: 10}}
      - {{text: Left a card, weight: 20, required: true}}
"""


def _customers(mode: str = "managed", name: str = "Harbour", city: str = "Oslo") -> str:
    return _CUSTOMERS.format(mode=mode, name=name, city=city)


def _standard(threshold: int = 50, first: str = "Came") -> str:
    return _STANDARD.format(threshold=threshold, first=first)


def _channels(shop: Shop) -> set[str]:
    return set(shop.session.scalars(text("select distinct channel from core_timeline_entry")))


def test_what_is_written_once_is_never_touched_again(shop: Shop) -> None:
    told = shop.upgrade(_customers("once"))
    assert told.written == ["customer.harbour", "customer.crane"]
    assert shop.get("crane")["parent"] == {"id": shop.number("harbour"), "label": "Harbour"}
    assert _channels(shop) == {"seed"}
    assert not shop.upgrade(_customers("once", name="Port", city="Bergen"))
    assert shop.get("harbour")["name"] == "Harbour"
    shop.kernel.resources["customer.customer"].service.delete(
        shop.session, [shop.number("crane")], actor=OPERATOR
    )
    assert not shop.upgrade()
    assert shop.states() == {"harbour": State.OWN, "crane": State.DELETED}


def test_what_is_managed_follows_field_by_field(shop: Shop) -> None:
    shop.upgrade(_customers())
    shop.edit("harbour", name="Our harbour", level="A")
    told = shop.upgrade(_customers(name="Port", city="Bergen"))
    assert (told.updated, told.kept) == (["customer.harbour"], {"customer.harbour": ["name"]})
    record = shop.get("harbour")
    assert (record["name"], record["city"], record["level"]) == ("Our harbour", "Bergen", "A")
    assert shop.states() == {"harbour": State.KEPT, "crane": State.SAME}
    assert not shop.upgrade()
    told = shop.upgrade(_customers(name="Our harbour", city="Bergen"))
    assert shop.states()["harbour"] is State.SAME
    assert shop.upgrade(_customers(name="Quay", city="Bergen")).updated == ["customer.harbour"]
    assert shop.get("harbour")["name"] == "Quay"


def test_what_was_deleted_or_put_away_stays_so_until_it_is_brought_back(shop: Shop) -> None:
    shop.upgrade(_customers())
    service = shop.kernel.resources["customer.customer"].service
    first = shop.number("crane")
    service.delete(shop.session, [first], actor=OPERATOR)
    service.archive(shop.session, [shop.number("harbour")], actor=OPERATOR)
    told = shop.upgrade(_customers(city="Bergen").replace("name: Crane", "name: Big crane"))
    assert not told
    assert shop.get("harbour")["city"] == "Oslo"
    assert shop.states() == {"harbour": State.ARCHIVED, "crane": State.DELETED}
    for key in ("harbour", "crane"):
        bring_back(shop.session, shop.seeds, f"customer.{key}", actor=OPERATOR)
    assert shop.number("crane") != first
    assert (shop.get("crane")["name"], shop.get("harbour")["archived_at"]) == ("Big crane", None)
    shop.upgrade(_customers(city="Bodø"))
    assert shop.get("harbour")["city"] == "Bodø"


def test_lines_are_one_value_and_keep_their_numbers(shop: Shop) -> None:
    shop.upgrade(_standard())
    before = shop.get("fair", "customer.standard")
    assert before["name"] == "Fair"
    assert not shop.upgrade(_standard())
    assert shop.upgrade(_standard(first="Was there")).updated == ["customer.fair"]
    after = shop.get("fair", "customer.standard")
    numbers, texts = (
        [[line[name] for line in record["criteria"]] for record in (before, after)]  # type: ignore[attr-defined]
        for name in ("id", "text")
    )
    assert numbers[0] == numbers[1]
    assert texts == [["Came", "Left a card"], ["Was there", "Left a card"]]
    lines = [{"id": numbers[0][0], "text": "Really came"}, {"id": numbers[0][1]}]
    service = shop.kernel.resources["customer.standard"].service
    service.update(shop.session, shop.number("fair"), {"criteria": lines}, actor=OPERATOR)
    told = shop.upgrade(_standard(60, first="Stood there"))
    assert told.kept == {"customer.fair": ["criteria"]}
    assert shop.get("fair", "customer.standard")["threshold"] == 60
    take_shipped(shop.session, shop.seeds, "customer.fair", ["criteria"], actor=OPERATOR)
    assert shop.states() == {"fair": State.SAME}


def test_texts_are_those_of_the_tenants_language(shop: Shop) -> None:
    shop.ship(_standard())
    shop.session.info["binding"] = replace(tenant_of(shop.session), language="zh")
    shop.upgrade()
    assert shop.get("fair", "customer.standard")["name"] == "展会"


def test_what_a_rule_refuses_is_told_and_stops_nothing_else(shop: Shop) -> None:
    shop.upgrade(_standard())
    twin = "  - {id: twin, name: Twin, product_line: Fairs, criteria: [{text: Came}]}\n"
    with pytest.raises(SeedRefused, match=r"customer\.twin.*records\.yaml:12.*Product line"):
        shop.upgrade(_standard() + twin, strict=True)
    told = shop.upgrade(_standard(70) + twin)
    assert (told.updated, list(told.refused)) == (["customer.fair"], ["customer.twin"])
    assert shop.states() == {"fair": State.SAME, "twin": State.REFUSED}
    shop.kernel.resources["customer.standard"].service.delete(
        shop.session, [shop.number("fair")], actor=OPERATOR
    )
    assert shop.upgrade().written == ["customer.twin"]
    assert shop.states() == {"fair": State.DELETED, "twin": State.SAME}


def test_a_field_that_is_new_in_the_file_is_filled_where_it_is_empty(shop: Shop) -> None:
    shop.upgrade(_customers())
    shop.edit("crane", city="Ours")
    new = _customers().replace("parent: harbour", "parent: harbour, city: Trondheim, description: New")
    assert shop.upgrade(new).kept == {"customer.crane": ["city"]}
    assert (shop.get("crane")["city"], shop.get("crane")["description"]) == ("Ours", "New")
    assert not shop.upgrade(_customers())
    assert shop.get("crane")["description"] == "New"


def test_what_is_no_longer_supplied_stays_with_the_tenant(shop: Shop) -> None:
    shop.upgrade(_customers())
    assert not shop.upgrade(_standard().replace("mode: managed", "mode: sample"))
    assert shop.states() == {"harbour": State.DROPPED, "crane": State.DROPPED}
    assert shop.get("harbour")["name"] == "Harbour"


def test_taking_and_bringing_back_need_the_rights_on_the_record(shop: Shop, actor_as: MakeActor) -> None:
    shop.upgrade(_customers())
    shop.edit("harbour", city="Ours")
    shop.upgrade(_customers(city="Bergen"))
    reader = actor_as("executive")
    with pytest.raises(Forbidden):
        take_shipped(shop.session, shop.seeds, "customer.harbour", ["city"], actor=reader)
    with pytest.raises(NotFound):
        take_shipped(shop.session, shop.seeds, "customer.nothing", ["city"], actor=OPERATOR)
    with pytest.raises(NotFound):
        take_shipped(shop.session, shop.seeds, "customer.harbour", ["level"], actor=OPERATOR)
    assert shop.get("harbour")["city"] == "Ours"
    own = standings(shop.session, shop.seeds, {"customer"}, actor_as("account_manager"))
    assert own == []


def test_links_lead_nowhere_once_their_record_is_deleted(shop: Shop) -> None:
    alone = _customers().rpartition("  - ")[0]
    shop.upgrade(alone)
    shop.kernel.resources["customer.customer"].service.delete(
        shop.session, [shop.number("harbour")], actor=OPERATOR
    )
    assert shop.upgrade(_customers()).written == ["customer.crane"]
    assert shop.get("crane")["parent"] is None
