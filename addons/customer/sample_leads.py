"""Sample leads in both languages, the standards they are checked by, and one that has become a customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from addons.customer.models import Activity, Answer, Lead, Standard
from addons.customer.services import assess_lead, convert_leads
from addons.customer.services.qualification import versions_for
from core.access.actor import Actor
from core.db.session import tenant_of
from core.resources.declaration import resource_of

_STANDARDS: Final = (
    (
        "通用资格标准",
        None,
        60,
        (
            ("有明确的需求", 30, True),
            ("预算已落实", 25, False),
            ("能接触到决策人", 25, False),
            ("半年内采购", 20, False),
        ),
    ),
    (
        "设备类资格标准",
        "精密设备",
        65,
        (
            ("现有设备使用超过五年", 20, False),
            ("产能需要扩大", 20, False),
            ("预算已批准", 35, True),
            ("具备安装条件", 25, False),
        ),
    ),
    (
        "Machines",
        "Precision machines",
        65,
        (
            ("Machines older than five years", 20, False),
            ("Needs more capacity", 20, False),
            ("Budget approved", 35, True),
            ("Site is ready", 25, False),
        ),
    ),
    (
        "Software",
        "Software",
        60,
        (
            ("Knows what is needed", 30, True),
            ("Budget is there", 25, False),
            ("We speak to who decides", 25, False),
            ("Buys within half a year", 20, False),
        ),
    ),
)
# company, person, title, phone or mail name, place, source, product line, need, state, answers
_LEADS: Final = (
    ("澜溪自动化设备有限公司", "沈一诺", "设备部经理", "lanxi", ("江苏", "苏州"), "展会",
     "精密设备", "想换掉三台老铣床，先要报价和样件测试。", "yyyn", 2),
    ("泓远新能源股份有限公司", "顾晓晨", "采购总监", "hongyuan", ("浙江", "宁波"), "老客户介绍",
     "精密设备", "新厂房明年三月投产，需要整线方案。", "yyyy", 0),
    ("北屿冷链物流有限公司", "程亦凡", "运营经理", "beiyu", ("上海", "上海"), "网站",
     "软件服务", "询问冷库温控软件，关注报警和报表。", "yyn?", 1),
    ("知微教育咨询有限公司", "唐可", "校长", "zhiwei", ("北京", "北京"), "网站",
     "软件服务", "三个校区，想统一管理学员档案。", "", 3),
    ("松果生鲜连锁有限公司", "韩路", "总经理", "songguo", ("广东", "深圳"), "名片",
     "软件服务", "门店系统太旧，正在对比三家供应商。", "y?y?", 4),
    ("云岭茶业有限公司", "罗子墨", "销售经理", "yunling", ("四川", "成都"), "展会",
     None, "春季要做礼盒，询问定制包装。", "", 5),
    ("海川船舶配件厂", "魏东", "厂长", "haichuan", ("山东", "青岛"), "电话咨询",
     "精密设备", "问配件加工精度和交期。", "nyn?", None),
    ("鼎新印刷包装有限公司", "潘晓", "生产主管", "dingxin", ("湖北", "武汉"), "电话咨询",
     None, "只要价目表。", "x预算不足", None),
    ("青木口腔门诊部", "夏敏", "院长", "qingmu", ("浙江", "杭州"), "老客户介绍",
     "软件服务", "新开两家门诊，要预约系统。", "yyyy", 1),
    (None, "白先生", None, "bai", ("江苏", "南京"), "网站",
     None, "留言：请回电，想了解代理政策。", "", 0),
    ("远舟国际旅行社有限公司", "金铭", "副总经理", "yuanzhou", ("北京", "北京"), "展会",
     "软件服务", "团队报价流程慢，想看演示。", "y???", 6),
    ("宏图建筑设计院", "毛立", "信息主任", "hongtu", ("湖北", "武汉"), "名片",
     "软件服务", "图纸管理和审批。", "", 2),
    ("乐途汽车租赁有限公司", "崔宁", None, "letu", ("广东", "广州"), "电话咨询",
     None, "打错电话。", "x无需求", None),
    ("明湖酒店管理有限公司", "江一帆", "采购经理", "minghu", ("山东", "青岛"), "老客户介绍",
     None, "换布草供应商，十家酒店。", "yyy?", 3),
    ("Alder Point Dairy", "Rosa Finch", "Plant Manager", "alderpoint", ("", "Bristol"), "Trade fair",
     "Precision machines", "Two filling lines are due for replacement next spring.", "yyyn", 1),
    ("Brightwater Labs Ltd", "Tom Ashby", "Head of Operations", "brightwater", ("", "Leeds"), "Website",
     "Software", "Asked for a demo; compares us with two others.", "y?y?", 2),
    ("Cobalt Ridge Mining", "Sara Quill", "Buyer", "cobaltridge", ("CO", "Denver"), "Referral",
     "Precision machines", "Needs spare parts within six weeks.", "yyyy", 0),
    ("Dunmore Hotels", "Paul Hearn", None, "dunmore", ("", "Cork"), "Cold call",
     None, "Call again after the season.", "", 6),
    ("Eastfield Logistics GmbH", "Jana Vogt", "IT-Leiterin", "eastfield", ("", "Hamburg"), "Trade fair",
     "Software", "Wants the warehouse and the customers in one place.", "yn??", 3),
    (None, "Ivor Penn", None, "ivorpenn", ("", "Cardiff"), "Website",
     None, "Interested in becoming a dealer.", "", 1),
    ("Fairlane School Trust", "Mary Dow", "Bursar", "fairlane", ("", "York"), "Referral",
     "Software", "Eight schools, one register.", "yyy?", 4),
    ("Greyfriars Press", "Hugh Lane", "Director", "greyfriars", ("", "Oxford"), "Cold call",
     None, "Has just bought elsewhere.", "xBought elsewhere", None),
    ("Halden Marine AS", "Nils Berg", "Purchasing Manager", "halden", ("", "Bergen"), "Trade fair",
     "Precision machines", "Shaft repairs, yearly contract.", "ny?y", 5),
    ("Ingleby Foods", "Kate Moss-Hill", "Quality Manager", "ingleby", ("", "Hull"), "Website",
     None, "Asked for certificates.", "", None),
    ("Juno Charter", "Leo Brandt", "Owner", "juno", ("", "Kiel"), "Business card",
     None, "Met at the harbour days.", "", 2),
)  # fmt: skip
_ANSWERS: Final = {"y": Answer.YES, "n": Answer.NO, "?": Answer.UNKNOWN}
#: The company of the lead that has become a customer.
_CONVERTED: Final = ("青木口腔门诊部", "Cobalt Ridge Mining")


def write_leads(session: Session, actor: Actor, owner_of: Callable[[str], int | None]) -> None:
    """Write the standards and the leads, check some of them and convert two.

    Args:
        session: bound to one tenant; the caller commits.
        actor: who writes.
        owner_of: gives an owner for a language, ``zh`` or ``en``.
    """
    _write_standards(session, actor)
    random = Random(2)  # noqa: S311 - chosen once, so that the samples stay the same
    zone = ZoneInfo(tenant_of(session).timezone)
    today = datetime.now(zone).date()
    inputs: list[dict[str, Any]] = []
    for place, row in enumerate(_LEADS):
        company, name, job_title, mail, (province, city), source, line, need, answers, days = row
        chinese = not need.isascii()
        gone = answers[1:] if answers.startswith("x") else None
        steps = (
            ("约见面", "发送资料", "电话回访") if chinese else ("Arrange a visit", "Send papers", "Call back")
        )
        inputs.append(
            {
                "company": company,
                "name": name,
                "job_title": job_title,
                "phone": f"139 0001 {place:04d}" if chinese else f"+44 7700 901{place:03d}",
                "email": f"contact@{mail}.example",
                "website": f"https://www.{mail}.example" if company else None,
                "country": "中国" if chinese else None,
                "province": province or None,
                "city": city,
                "source": source,
                "product_line": line,
                "description": need,
                "state": "disqualified" if gone else "new",
                "lost_reason": gone,
                "next_step": random.choice(steps) if days is not None else None,
                "next_on": (today + timedelta(days=days - 1)).isoformat() if days is not None else None,
                "tags": [],
                "owner": owner_of("zh" if chinese else "en"),
            }
        )
    numbers = resource_of(Lead).service.create(session, inputs, actor=actor)
    converted = []
    for number, row, values in zip(numbers, _LEADS, inputs, strict=True):
        answers = row[8]
        if answers and not answers.startswith("x"):
            criteria = versions_for(session, [row[6]])[row[6]].criteria
            given = {
                each["id"]: {"answer": _ANSWERS[answer].value}
                for each, answer in zip(criteria, answers, strict=True)
            }
            assess_lead(session, number, given, actor=actor)
            _talk(session, actor, number, values, random)
        if row[0] in _CONVERTED:
            converted.append(number)
    convert_leads(session, converted, actor=actor)


def _write_standards(session: Session, actor: Actor) -> None:
    inputs: list[dict[str, Any]] = [
        {
            "name": name,
            "product_line": line,
            "threshold": threshold,
            "criteria": [
                {"text": text, "weight": weight, "required": required} for text, weight, required in criteria
            ],
        }
        for name, line, threshold, criteria in _STANDARDS
    ]
    resource_of(Standard).service.create(session, inputs, actor=actor)


def _talk(session: Session, actor: Actor, lead: int, values: dict[str, Any], random: Random) -> None:
    """A call some days ago."""
    chinese = not values["description"].isascii()
    talk = {
        "lead": lead,
        "kind": "call",
        "subject": "首次沟通" if chinese else "First call",
        "body": values["description"],
        "done_at": (datetime.now(UTC) - timedelta(days=random.randrange(1, 20))).isoformat(),
        "minutes": random.choice((5, 10, 15)),
        "owner": values["owner"],
    }
    resource_of(Activity).service.create(session, [talk], actor=actor)
