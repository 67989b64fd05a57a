"""What samples need besides their files: check lists filled in, leads made customers, thousands of records.

Every name is made up; mail addresses end in ``.example``. The same data comes every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from sqlalchemy.orm import Session

from addons.customer.models import Answer, Contact, Customer
from addons.customer.services import assess_lead, convert_leads
from addons.customer.services.qualification import versions_for
from core.access.actor import Actor
from core.resources.declaration import resource_named, resource_of
from core.resources.gateway import Gateway
from core.seeds import record_of

_ANSWERS: Final = {"y": Answer.YES, "n": Answer.NO, "?": Answer.UNKNOWN}
#: What is known of the leads, criterion by criterion.
_CHECKED: Final = {
    "lanxi": "yyyn", "hongyuan": "yyyy", "beiyu": "yyn?", "songguo": "y?y?", "haichuan": "nyn?",
    "qingmu": "yyyy", "yuanzhou": "y???", "minghu": "yyy?", "alderpoint": "yyyn", "brightwater": "y?y?",
    "cobaltridge": "yyyy", "eastfield": "yn??", "fairlane": "yyy?", "halden": "ny?y",
}  # fmt: skip
_CONVERTED: Final = ("qingmu", "cobaltridge")

#: Customers of the large demo, and how many are written at a time.
_MANY, _BATCH = 5_000, 1_000
_STEMS: Final = "安宏博诚达德丰富光广海涵恒弘华辉汇嘉建捷金锦景科朗利联龙茂明铭鹏"
_ENDINGS: Final = (
    ("机械有限公司", "机械制造"), ("电子有限公司", "电子电器"), ("食品有限公司", "食品饮料"),
    ("物流有限公司", "物流运输"), ("建材有限公司", "建筑建材"), ("信息技术有限公司", "软件和信息服务"),
)  # fmt: skip
_CITIES: Final = (
    ("上海", "上海"), ("浙江", "杭州"), ("浙江", "宁波"), ("江苏", "苏州"), ("江苏", "南京"),
    ("广东", "深圳"), ("广东", "广州"), ("北京", "北京"), ("四川", "成都"), ("湖北", "武汉"),
)  # fmt: skip
_NAMES: Final = (
    "Alder",
    "Birch",
    "Copper",
    "Dale",
    "East",
    "Fern",
    "Grey",
    "Hollow",
    "Iron",
    "Juniper",
    "Kite",
    "Lark",
)
_TRADES: Final = (
    ("Tooling", "Machinery"), ("Foods", "Food and drink"),
    ("Logistics", "Logistics"), ("Software", "Software"),
)  # fmt: skip
_PLACES: Final = (("United Kingdom", "London"), ("United States", "Boston"), ("Germany", "Munich"))
_SURNAMES: Final = "赵钱孙李周吴郑王冯陈沈韩杨朱秦许何吕张孔曹严华金魏陶姜"
_GIVEN: Final = ("建国", "敏", "思齐", "文博", "雅婷", "志远", "晓彤", "浩然", "静怡", "俊杰", "雪梅", "立群")
_FIRST: Final = ("Alice", "Ben", "Clara", "Daniel", "Eva", "Frank", "Grace", "Henry", "Iris", "James")


def load(session: Session, actor: Actor, size: str) -> None:
    """Complete what the files have written; a large demo has some thousand customers besides.

    Args:
        session: bound to one tenant; the caller commits.
        actor: who writes.
        size: small or large.
    """
    _check_leads(session, actor)
    if size == "large":
        _write_many(session, actor)


def _check_leads(session: Session, actor: Actor) -> None:
    """Fill in check lists, and convert the leads that are through."""
    leads = {name: record_of(session, f"customer.lead_{name}") for name in _CHECKED}
    for name, number in leads.items():
        lead = Gateway(session, actor).get(resource_named("customer.lead"), number or 0)
        criteria = versions_for(session, [lead["product_line"]])[lead["product_line"]].criteria
        given = {
            each["id"]: {"answer": _ANSWERS[answer].value}
            for each, answer in zip(criteria, _CHECKED[name], strict=True)
        }
        assess_lead(session, lead["id"], given, actor=actor)
    convert_leads(session, [leads[name] or 0 for name in _CONVERTED], actor=actor)


def _write_many(session: Session, actor: Actor) -> None:
    """Customers in bulk with a contact each, as an import would bring them."""
    random = Random(3)  # noqa: S311 - chosen once, so that the samples stay the same
    numbers = iter(range(_MANY))
    for _ in range(_MANY // _BATCH):
        inputs = [_customer(random, number) for _each, number in zip(range(_BATCH), numbers, strict=False)]
        made = resource_of(Customer).service.create(session, inputs, actor=actor)
        people = list(_people(random, dict(zip(made, inputs, strict=True))))
        resource_of(Contact).service.create(session, people, actor=actor)


def _customer(random: Random, number: int) -> dict[str, Any]:
    common = {
        "kind": random.choices(("active", "potential", "lost"), (5, 4, 1))[0],
        "level": random.choice(("A", "B", "C", None)),
        "employees": random.choice((12, 25, 48, 80, 150, 320, 700)),
        "email": f"info@large{number}.example",
    }
    if number % 3:
        province, city = random.choice(_CITIES)
        ending, industry = random.choice(_ENDINGS)
        name = f"{city}{''.join(random.sample(_STEMS, 2))}{number:04d}{ending}"
        return common | {
            "name": name,
            "industry": industry,
            "country": "中国",
            "province": province,
            "city": city,
        }
    country, city = random.choice(_PLACES)
    trade, industry = random.choice(_TRADES)
    name = f"{random.choice(_NAMES)} {random.choice(_NAMES)} {trade} {number:04d}"
    return common | {"name": name, "industry": industry, "country": country, "city": city}


def _people(random: Random, customers: dict[int, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, customer in customers.items():
        chinese = customer["country"] == "中国"
        yield {
            "name": random.choice(_SURNAMES) + random.choice(_GIVEN)
            if chinese
            else f"{random.choice(_FIRST)} {random.choice(_NAMES)}son",
            "email": f"contact@{customer['email'].partition('@')[2]}",
            "customers": [{"customer": number, "role": "采购经理" if chinese else "Buyer"}],
        }
