"""Values taken over by an addon: copied once, counted before, refused as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.customising import object_services
from core.customising.adopting import Adopted, NotEmpty, NotThere, adopt
from core.customising.definitions import definitions
from core.customising.services import add_field
from core.errors import Forbidden
from core.kernel import Kernel
from core.resources.declaration import resource_named
from core.resources.editions import resource_seen
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.testing.plugin import MakeActor

pytestmark = pytest.mark.slow

CUSTOMER = "customer.customer"
FAIR = "industry_tradefair.fair"


def _moved(before: str, after: str, resource: str = CUSTOMER, now: str = CUSTOMER) -> dict[str, Any]:
    """An entry of the map of names."""
    return {"from": {"resource": resource, "field": before}, "resource": now, "field": after}


SERVICE = {
    "objects": [],
    "fields": [_moved("x_own_service", "service_offered"), _moved("x_own_goods", "traded_goods")],
}


@pytest.fixture
def gateway(session: Session) -> Gateway:
    """Reads as the operator."""
    return Gateway(session, OPERATOR)


def test_fields_beside_records_take_values_over(
    kernel: Kernel, session: Session, gateway: Gateway, actor_as: MakeActor
) -> None:
    for kind, label in (("pick", "Own service"), ("tags", "Own goods")):
        values = {"kind": kind, "label_en": label}
        add_field(session, kernel.resources, CUSTOMER, values, actor=OPERATOR)
    rows: list[dict[str, Any]] = [
        {"name": "Harbour Works", "x_own_service": "Building", "x_own_goods": ["steel"]},
        {
            "name": "Pier Works",
            "x_own_service": "Printing",
            "service_offered": "Transport",
            "firm_kind": "service",
        },
        {"name": "Quay Works"},
    ]
    customers = resource_named(CUSTOMER)
    builder, newer, plain = customers.service.create(session, rows, actor=OPERATOR)

    def offered() -> list[Any]:
        return [gateway.get(customers, each)["service_offered"] for each in (builder, newer, plain)]

    with pytest.raises(Forbidden):
        adopt(session, kernel.resources, SERVICE, actor=actor_as("analyst"))
    wrong = {**SERVICE, "fields": [*SERVICE["fields"], _moved("x_none", "firm_kind")]}
    with pytest.raises(NotThere):
        adopt(session, kernel.resources, wrong, actor=OPERATOR)
    counted = adopt(session, kernel.resources, SERVICE, actor=OPERATOR, dry_run=True)
    assert counted == [Adopted(CUSTOMER, taken=1, left=1)]
    assert offered() == [None, "Transport", None]
    assert not any(each.is_archived for each in definitions(session, CUSTOMER))
    assert adopt(session, kernel.resources, SERVICE, actor=OPERATOR) == counted
    assert offered() == ["Building", "Transport", None]
    assert gateway.get(customers, builder)["traded_goods"] == ["steel"]
    assert all(each.is_archived for each in definitions(session, CUSTOMER))
    with pytest.raises(NotThere):
        adopt(session, kernel.resources, SERVICE, actor=OPERATOR)
    assert offered() == ["Building", "Transport", None]


def test_made_up_records_are_taken_over_with_their_keys(
    kernel: Kernel, session: Session, gateway: Gateway
) -> None:
    object_services.make_up(session, {"title_en": "Show", "plural_en": "Shows"}, actor=OPERATOR)
    for label in ("Begins", "Ends"):
        values = {"kind": "day", "label_en": label}
        add_field(session, kernel.resources, "custom.shows", values, actor=OPERATOR)
    shows = resource_seen(session, "custom.shows")
    assert shows is not None
    rows: list[dict[str, Any]] = [
        {"name": "Spring", "x_begins": "2026-03-01", "x_ends": "2026-03-03"},
        {"name": "Autumn", "x_begins": "2026-09-01"},
    ]
    [spring, _autumn] = shows.service.create(session, rows, actor=OPERATOR)
    names = {
        "objects": [{"from": "custom.shows", "resource": FAIR}],
        "fields": [
            _moved("x_begins", "begins_on", "custom.shows", FAIR),
            _moved("x_ends", "ends_on", "custom.shows", FAIR),
        ],
    }
    assert adopt(session, kernel.resources, names, actor=OPERATOR) == [Adopted(FAIR, taken=1, left=1)]
    fairs = resource_named(FAIR)
    [fair] = gateway.page(fairs, Query()).records()
    assert (fair["id"], fair["name"], str(fair["ends_on"])) == (spring, "Spring", "2026-03-03")
    assert resource_seen(session, "custom.shows") is None
    new = {"name": "Winter", "city": "Oslo", "begins_on": "2026-12-01", "ends_on": "2026-12-02"}
    assert fairs.service.create(session, [new], actor=OPERATOR)[0] > spring
    object_services.set_archived(session, "shows", archived=False, actor=OPERATOR)
    with pytest.raises(NotEmpty):
        adopt(session, kernel.resources, names, actor=OPERATOR)
    assert gateway.count(fairs, Query()) == 2
