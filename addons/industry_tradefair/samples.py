"""Sample data: fairs of the sugar and liquor trade with booths, and orders of customers that are there.

Every name is made up. The same data comes every time, its dates counted from today.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from addons.industry_tradefair.models import Booth, BoothKind, Fair, FirmKind, Order, OrderState, Product
from core.access.actor import Actor
from core.db.session import tenant_of
from core.resources.declaration import resource_named, resource_of
from core.resources.gateway import Gateway
from core.resources.query import Query

# Chinese as data
Values = dict[str, Any]

#: Name, city, venue, days from today, days it lasts, goods.
_FAIRS: Final = (
    ("蓉城春季糖酒食品展", "成都", "西岭国际会展中心", 12, 3, ["白酒", "食糖", "休闲食品"]),
    ("Harbour Wine & Spirits", "Rotterdam", "Maas Hall", 47, 4, ["wine", "spirits"]),
    ("泉城秋季糖酒展", "济南", "泉城会展中心", 96, 3, ["白酒", "调味品", "包装"]),
)
_HALLS: Final = ("A", "B")
_BOOTHS_A_HALL: Final = 6
#: Title, product, and the fields of its own; the booth of a booth order is chosen when it is written.
_ORDERS: Final[tuple[tuple[str, Product, Values], ...]] = (
    ("标准展位一个，含搭建", Product.BOOTH, {"needs_builder": True}),
    ("转角展位", Product.BOOTH, {"needs_builder": False}),
    ("Island booth with tasting bar", Product.BOOTH, {"needs_builder": True}),
    ("光地展位", Product.BOOTH, {"needs_builder": False}),
    ("招商网站制作", Product.WEB_DESIGN, {"domain": "zhaoshang.example", "pages": 12, "needs_hosting": True}),
    ("Product site in two languages", Product.WEB_DESIGN, {"domain": "spirits.example", "pages": 8}),
    ("首页通栏广告一个月", Product.WEB_ADVERTISING, {"site": "糖酒资讯网", "ad_format": "首页通栏"}),
    ("Newsletter banner", Product.WEB_ADVERTISING, {"site": "Trade Weekly", "ad_format": "Banner"}),
    ("会刊封底", Product.PERIODICAL, {"periodical": "糖酒会刊", "issue": "春季号", "placement": "back"}),
    ("行业期刊整版", Product.PERIODICAL, {"periodical": "酒业参考", "issue": "5 月刊", "placement": "page"}),
    ("展馆入口户外大牌", Product.OUTDOOR, {"place": "会展中心东入口", "size": "12 × 6 m"}),
    ("机场高速单立柱", Product.OUTDOOR, {"place": "机场高速 12 公里处", "size": "18 × 6 m"}),
)
_FIRMS: Final[tuple[Values, ...]] = (
    {"firm_kind": FirmKind.MAKER.value, "traded_goods": ["白酒", "葡萄酒"]},
    {"firm_kind": FirmKind.TRADER.value, "traded_goods": ["食糖", "休闲食品"]},
    {"firm_kind": FirmKind.SERVICE.value, "service_offered": "展台搭建"},
)
_STATES: Final = (OrderState.CONFIRMED, OrderState.CONFIRMED, OrderState.DRAFT, OrderState.DONE)


def load(session: Session, actor: Actor) -> None:
    """Write the samples through the services; without customers there are no orders."""
    today = datetime.now(ZoneInfo(tenant_of(session).timezone)).date()
    booths = _write_booths(session, actor, _write_fairs(session, actor, today))
    wanted = Query(per_page=len(_ORDERS), count=False)
    customers = list(Gateway(session, actor).page(resource_named("customer.customer"), wanted).records())
    if customers:
        _write_firms(session, actor, [each["id"] for each in customers])
        orders = [
            _order(number, customers[number % len(customers)], booths, today)
            for number in range(len(_ORDERS))
        ]
        resource_of(Order).service.create(session, orders, actor=actor)


def _write_firms(session: Session, actor: Actor, customers: list[int]) -> None:
    """Say of each customer what kind of firm it is."""
    firms = {number: _FIRMS[at % len(_FIRMS)] for at, number in enumerate(customers)}
    resource_named("customer.customer").service.update_many(session, firms, actor=actor)


def _write_fairs(session: Session, actor: Actor, today: date) -> list[int]:
    fairs = [
        {
            "name": name,
            "city": city,
            "venue": venue,
            "begins_on": today + timedelta(days=ahead),
            "ends_on": today + timedelta(days=ahead + days - 1),
            "build_up_on": today + timedelta(days=ahead - 2),
            "goods": goods,
        }
        for name, city, venue, ahead, days, goods in _FAIRS
    ]
    return resource_of(Fair).service.create(session, fairs, actor=actor)


def _write_booths(session: Session, actor: Actor, fairs: list[int]) -> list[int]:
    """Booths of all fairs, those of a fair one behind the other."""
    random, kinds = Random(7), list(BoothKind)  # noqa: S311 - samples, not secrets
    booths = [
        {
            "number": f"{hall}{number:02}",
            "fair": fair,
            "hall": hall,
            "kind": random.choice(kinds).value,
            "area": random.choice((9, 18, 36, 54)),
            "price": random.choice((9800, 12800, 16800)),
        }
        for fair in fairs
        for hall in _HALLS
        for number in range(1, _BOOTHS_A_HALL + 1)
    ]
    return resource_of(Booth).service.create(session, booths, actor=actor)


def _order(number: int, customer: Values, booths: list[int], today: date) -> Values:
    title, product, own = _ORDERS[number]
    values = {
        "title": title,
        "customer": customer["id"],
        "product": product.value,
        "state": _STATES[number % len(_STATES)].value,
        "owner": (customer["owner"] or {}).get("id"),
        "amount": 8000 + 3700 * number,
        "ordered_on": today - timedelta(days=3 * number),
        "due_on": today + timedelta(days=5 + 4 * number),
        **own,
    }
    if product is Product.BOOTH:
        values["booth"] = booths[5 * number]
    if product in (Product.WEB_ADVERTISING, Product.OUTDOOR):
        values |= {"runs_from": today + timedelta(days=7), "runs_until": today + timedelta(days=37)}
    if product is Product.PERIODICAL:
        values["copy_due_on"] = today + timedelta(days=10)
    return values
