"""Sample data: invented customers of a company that sells in China and abroad, in two languages.

Every name is made up; mail and web addresses end in ``.example``, numbers abroad lie in the ranges
kept for stories. The same data comes every time, its dates counted from today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from addons.customer.models import Activity, Contact, Customer, Influence
from addons.customer.sample_leads import write_leads
from core.access.actor import Actor
from core.access.models import RoleAssignment
from core.auth.models import User
from core.db.session import tenant_of
from core.resources.declaration import resource_of

Values = dict[str, Any]

#: Who keeps customers in the demo.
_KEEPERS: Final = ("account_manager", "sales_supervisor")

# name stem, mail name, province, city, district, street, postcode, area code
_CN_PLACES: Final = (
    ("上海", "上海", "闵行区", "申北路 {n} 号", "201100", "021"),
    ("上海", "上海", "浦东新区", "锦绣东路 {n} 号", "200127", "021"),
    ("浙江", "杭州", "滨江区", "江陵路 {n} 号", "310051", "0571"),
    ("浙江", "宁波", "鄞州区", "启明路 {n} 号", "315100", "0574"),
    ("江苏", "苏州", "工业园区", "星湖街 {n} 号", "215123", "0512"),
    ("江苏", "南京", "江宁区", "天元西路 {n} 号", "211100", "025"),
    ("广东", "深圳", "南山区", "科苑南路 {n} 号", "518057", "0755"),
    ("广东", "广州", "黄埔区", "开源大道 {n} 号", "510530", "020"),
    ("北京", "北京", "海淀区", "西三旗东路 {n} 号", "100096", "010"),
    ("四川", "成都", "高新区", "天府三街 {n} 号", "610041", "028"),
    ("湖北", "武汉", "东湖高新区", "光谷三路 {n} 号", "430075", "027"),
    ("山东", "青岛", "崂山区", "松岭路 {n} 号", "266100", "0532"),
)
_CN_COMPANIES: Final = (
    ("澄远", "chengyuan", "精密机械有限公司", "机械制造"),
    ("禾木", "hemu", "食品有限公司", "食品饮料"),
    ("云栈", "yunzhan", "信息技术有限公司", "软件和信息服务"),
    ("清屿", "qingyu", "环保科技有限公司", "节能环保"),
    ("恒岳", "hengyue", "建材有限公司", "建筑建材"),
    ("岚序", "lanxu", "医疗器械有限公司", "医疗健康"),
    ("百川汇", "baichuanhui", "物流有限公司", "物流运输"),
    ("青禾", "qinghe", "教育科技有限公司", "教育培训"),
    ("锦堂", "jintang", "纺织有限公司", "纺织服装"),
    ("铭泽", "mingze", "电子有限公司", "电子电器"),
    ("拓野", "tuoye", "汽车零部件有限公司", "汽车及配件"),
    ("和畅", "hechang", "商贸有限公司", "批发零售"),
    ("星垣", "xingyuan", "传媒有限公司", "文化传媒"),
    ("朴石", "pushi", "装饰工程有限公司", "建筑建材"),
    ("沐阳", "muyang", "新能源有限公司", "能源电力"),
    ("卓谷", "zhuogu", "农业发展有限公司", "农林牧渔"),
    ("瑞衡", "ruiheng", "仪器仪表有限公司", "机械制造"),
    ("嘉木", "jiamu", "家居有限公司", "家居家装"),
    ("川流", "chuanliu", "供应链管理有限公司", "物流运输"),
    ("知行源", "zhixingyuan", "咨询有限公司", "商务服务"),
    ("远帆", "yuanfan", "进出口有限公司", "批发零售"),
    ("晟拓", "shengtuo", "自动化设备有限公司", "机械制造"),
    ("微澜", "weilan", "网络科技有限公司", "软件和信息服务"),
    ("谷雨", "guyu", "茶业有限公司", "食品饮料"),
    ("柏舟", "baizhou", "船舶配件有限公司", "机械制造"),
    ("康序", "kangxu", "生物制药有限公司", "医疗健康"),
    ("明构", "minggou", "钢结构有限公司", "建筑建材"),
)
# stem of the group, mail name, industry, city number, subsidiaries below it (indented by a leading "-")
_CN_GROUPS: Final = (
    ("华辰", "huachen", "电子电器", 6, ("电子制造", "智能终端", "-终端销售", "-售后服务", "半导体材料")),
    ("远岫", "yuanxiu", "能源电力", 4, ("电力设备", "新能源投资", "-风电运维")),
)
_CN_PERSONS: Final = ("罗启明", "乔安宁", "邱雪松", "莫晚晴")
_SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈沈韩杨朱秦许何吕张孔曹严华金魏陶姜戚谢邹喻柏章苏潘葛范彭鲁韦马苗方俞任袁柳"
)
_GIVEN: Final = (
    "建国",
    "敏",
    "思齐",
    "文博",
    "雅婷",
    "志远",
    "晓彤",
    "浩然",
    "静怡",
    "俊杰",
    "雪梅",
    "立群",
    "佳宁",
    "海峰",
    "丽华",
    "子涵",
    "国栋",
    "梦洁",
    "鹏程",
    "秀英",
    "天佑",
    "若曦",
    "永强",
    "春燕",
    "明轩",
)
_CN_ROLES: Final = (
    ("采购经理", "采购部"),
    ("总经理", "总经办"),
    ("技术总监", "技术部"),
    ("财务主管", "财务部"),
    ("信息主管", "信息中心"),
    ("行政助理", "行政部"),
    ("生产厂长", "生产部"),
    ("副总经理", "总经办"),
)
_CN_TALKS: Final = (
    ("call", "询问交货周期", "客户希望月底前交货，已请计划部确认。"),
    ("call", "回访使用情况", "设备运行稳定，客户对响应速度满意。"),
    ("visit", "拜访采购经理", "看了车间，现有设备用了六年，明年有更换计划。"),
    ("visit", "现场勘察", "测量了安装位置，需要加装一路电源。"),
    ("meeting", "方案讲解会", "技术和采购都在，重点问了售后和备件。"),
    ("mail", "发送报价单", "按二十台报价，有效期三十天。"),
    ("wechat", "确认付款时间", "对方说下周三走流程。"),
    ("wechat", "节日问候", "顺便聊到年底的预算。"),
    ("note", "竞争对手动态", "听说同行上周也去拜访过，价格低一成。"),
)
_CN_TASKS: Final = (
    "跟进报价反馈",
    "准备合同草稿",
    "约下次拜访时间",
    "寄送样品",
    "核对开票信息",
    "确认安装日期",
    "整理会议纪要",
    "了解年度预算",
    "邀请参加新品发布会",
    "回访设备运行情况",
)
_CN_SOURCES: Final = ("展会", "老客户介绍", "官网咨询", "电话拜访", "行业协会")
_CN_TAGS: Final = ("重点客户", "老客户", "有新项目", "价格敏感", "需要上门")

_EN_PLACES: Final = (
    ("United States", "Oregon", "Portland", "Pearl", "{n} Harbor Street", "97209", "+1 503 555 01{p:02d}"),
    (
        "United States",
        "Massachusetts",
        "Boston",
        "Seaport",
        "{n} Summer Street",
        "02210",
        "+1 617 555 01{p:02d}",
    ),
    (
        "United Kingdom",
        "England",
        "London",
        "Southwark",
        "{n} Borough Road",
        "SE1 0AA",
        "+44 20 7946 00{p:02d}",
    ),
    ("United Kingdom", "England", "Leeds", "Holbeck", "{n} Water Lane", "LS11 9XX", "+44 113 496 00{p:02d}"),
    ("Germany", "Bavaria", "Munich", "Schwabing", "Leopoldstrasse {n}", "80802", "+49 89 99998 0{p:02d}"),
    ("Australia", "Victoria", "Melbourne", "Docklands", "{n} Collins Street", "3008", "+61 3 7010 50{p:02d}"),
)
_EN_COMPANIES: Final = (
    ("Alder & Finch Instruments", "alderfinch", "Machinery"),
    ("Brightwater Foods", "brightwaterfoods", "Food and drink"),
    ("Copperline Logistics", "copperline", "Logistics"),
    ("Dunmore Medical Supplies", "dunmore", "Health care"),
    ("Elmstone Builders", "elmstone", "Construction"),
    ("Fernhill Software", "fernhill", "Software"),
    ("Greyfield Textiles", "greyfield", "Textiles"),
    ("Hollis Tooling", "hollistooling", "Machinery"),
    ("Isarwerk Automation", "isarwerk", "Machinery"),
    ("Juniper Lane Interiors", "juniperlane", "Furniture"),
    ("Kestrel Marine", "kestrelmarine", "Machinery"),
    ("Larkspur Learning", "larkspur", "Education"),
    ("Meridian Cold Chain", "meridiancold", "Logistics"),
)
_EN_GROUP: Final = (
    "Harrow Vale",
    "harrowvale",
    "Energy",
    2,
    ("Harrow Vale Power", "Harrow Vale Retail", "-Harrow Vale Metering"),
)
_EN_PERSONS: Final = ("Miriam Castell", "Tobias Renn", "Orla Whitby")
_EN_FIRST: Final = (
    "Alice",
    "Ben",
    "Clara",
    "Daniel",
    "Eva",
    "Frank",
    "Grace",
    "Henry",
    "Iris",
    "James",
    "Kate",
    "Leo",
    "Maya",
    "Nina",
    "Oscar",
    "Paula",
)
_EN_LAST: Final = (
    "Ashdown",
    "Birch",
    "Carver",
    "Dalton",
    "Ellery",
    "Fenwick",
    "Garland",
    "Hurst",
    "Irving",
    "Kerr",
    "Lowell",
    "Marsh",
    "Norwood",
    "Osgood",
    "Penrose",
)
_EN_ROLES: Final = (
    ("Head of Purchasing", "Purchasing"),
    ("Managing Director", "Board"),
    ("IT Manager", "IT"),
    ("Finance Lead", "Finance"),
    ("Plant Manager", "Operations"),
    ("Office Manager", "Administration"),
)
_EN_TALKS: Final = (
    ("call", "Asked about delivery times", "Wants the first lot before the end of the quarter."),
    ("call", "Check-in after installation", "Runs well; two small questions about reporting."),
    ("visit", "Site visit", "Walked the line with the plant manager; old units are six years old."),
    ("meeting", "Proposal walk-through", "Purchasing and IT joined; support terms matter most."),
    ("mail", "Sent the quotation", "Twenty units, valid for thirty days."),
    ("note", "Budget season", "Budgets close in the last week of the month."),
)
_EN_TASKS: Final = (
    "Follow up on the quotation",
    "Draft the contract",
    "Agree the next visit",
    "Send samples",
    "Confirm billing details",
    "Write up the meeting",
    "Ask about next year's budget",
)
_EN_SOURCES: Final = ("Trade fair", "Referral", "Website", "Cold call")
_EN_TAGS: Final = ("key account", "long-standing", "new project", "price-sensitive")
_OUTCOMES: Final = {
    "zh": ("有意向", "需要跟进", "暂无需求", "已解决"),
    "en": ("Interested", "Follow up", "No need now", "Solved"),
}
_DONE, _OVERDUE, _TODAY, _AHEAD, _UNDATED = 96, 10, 12, 28, 4


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Somebody who owns samples."""

    id: int | None
    language: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """A customer that was written, as far as contacts and activities need it."""

    id: int
    language: str
    owner: int | None
    stem: str
    is_person: bool


def load(session: Session, actor: Actor) -> None:
    """Write the samples, or nothing where they are already.

    Args:
        session: bound to one tenant; the caller commits. Owners are the tenant's account managers
            and supervisors, by the language they read; nobody where there are none.
        actor: who writes.
    """
    first = _CN_GROUPS[0][0] + "集团"
    table = Customer.__table__
    if session.scalar(select(table.c.id).where(table.c.name == first).limit(1)) is not None:
        return
    _Loader(session, actor).run()


class _Loader:
    def __init__(self, session: Session, actor: Actor) -> None:
        self.session = session
        self.actor = actor
        self.random = Random(1)  # noqa: S311 - chosen once, so that the samples stay the same
        self.zone = ZoneInfo(tenant_of(session).timezone)
        self.today = datetime.now(self.zone).date()
        self.phones = iter(range(10, 100_000))
        self.keepers = self._keepers()

    def run(self) -> None:
        kept = [*self._groups(), *self._write_customers(self._companies())]
        contacts = self._contacts(kept)
        self._activities(kept, contacts)
        write_leads(self.session, self.actor, self._owner)

    def _keepers(self) -> list[_Keeper]:
        user, role = User.__table__, RoleAssignment.__table__
        rows = self.session.execute(
            select(user.c.id, user.c.language)
            .where(user.c.id.in_(select(role.c.user_id).where(role.c.role.in_(_KEEPERS))))
            .order_by(user.c.id)
        )
        found = [_Keeper(row.id, row.language or "zh") for row in rows]
        return found or [_Keeper(self.actor.user_id, "zh")]

    def _owner(self, language: str) -> int | None:
        fitting = [keeper for keeper in self.keepers if keeper.language == language]
        return self.random.choice(fitting or self.keepers).id

    # Customers

    def _groups(self) -> list[_Kept]:
        """Head first, then level by level, so that each parent is there."""
        kept: list[_Kept] = []
        for stem, mail, industry, place, parts in (*_CN_GROUPS, _EN_GROUP):
            chinese = not stem.isascii()
            head = (
                self._cn(f"{stem}集团", mail, industry, place)
                if chinese
                else self._en(f"{stem} Holdings", mail, industry, place)
            )
            head |= {"kind": "active", "level": "A", "employees": self.random.randrange(2_000, 9_000)}
            [top] = self._write_customers([head])
            kept.append(top)
            above = top
            for part in parts:
                name = part.removeprefix("-")
                values = (
                    self._cn(f"{stem}{name}有限公司", mail, industry, place)
                    if chinese
                    else self._en(name, mail, industry, place)
                )
                parent = above if part.startswith("-") else top
                [written] = self._write_customers([values | {"parent": parent.id, "owner": top.owner}])
                kept.append(written)
                if parent is top:
                    above = written
        return kept

    def _companies(self) -> Iterator[Values]:
        for number, (stem, mail, ending, industry) in enumerate(_CN_COMPANIES):
            place = _CN_PLACES[number % len(_CN_PLACES)]
            yield self._cn(f"{place[1]}{stem}{ending}", mail, industry, number % len(_CN_PLACES))
        for number, name in enumerate(_CN_PERSONS):
            yield self._person(self._cn(name, f"person{number}", None, number))
        for number, (name, mail, industry) in enumerate(_EN_COMPANIES):
            yield self._en(name, mail, industry, number % len(_EN_PLACES))
        for number, name in enumerate(_EN_PERSONS):
            yield self._person(self._en(name, name.split()[1].lower(), None, number))

    def _cn(self, name: str, mail: str, industry: str | None, place: int) -> Values:
        province, city, district, street, postcode, area = _CN_PLACES[place]
        number = self._local_number()
        return self._common("zh", name, mail, industry) | {
            "country": "中国",
            "province": province,
            "city": city,
            "phone": f"{area}-{number}",
            "source": self.random.choice(_CN_SOURCES),
            "tags": self.random.sample(_CN_TAGS, self.random.choice((0, 0, 1, 2))),
            "tax_number": f"9131{self.random.randrange(10**13):013d}X" if industry else None,
            "addresses": [
                {
                    "country": "中国",
                    "province": province,
                    "city": city,
                    "district": district,
                    "street": street.format(n=self.random.randrange(8, 990)),
                    "postcode": postcode,
                }
            ],
        }

    def _en(self, name: str, mail: str, industry: str | None, place: int) -> Values:
        country, province, city, district, street, postcode, phone = _EN_PLACES[place]
        return self._common("en", name, mail, industry) | {
            "country": country,
            "province": province,
            "city": city,
            "phone": phone.format(p=next(self.phones) % 90 + 10),
            "source": self.random.choice(_EN_SOURCES),
            "tags": self.random.sample(_EN_TAGS, self.random.choice((0, 0, 1))),
            "addresses": [
                {
                    "country": country,
                    "province": province,
                    "city": city,
                    "district": district,
                    "street": street.format(n=self.random.randrange(8, 400)),
                    "postcode": postcode,
                }
            ],
        }

    def _common(self, language: str, name: str, mail: str, industry: str | None) -> Values:
        random = self.random
        return {
            "name": name,
            "kind": random.choices(("active", "potential", "lost"), (5, 4, 1))[0],
            "level": random.choices(("A", "B", "C", None), (2, 4, 3, 1))[0],
            "industry": industry,
            "email": f"{'info' if industry else 'mail'}@{mail}.example",
            "website": f"https://www.{mail}.example" if industry else None,
            "employees": random.choice((12, 25, 48, 80, 150, 320, 700)),
            "founded_year": random.randrange(1978, 2022),
            "owner": self._owner(language),
        }

    def _person(self, values: Values) -> Values:
        return values | {"type": "person", "employees": None, "founded_year": None, "level": None}

    def _write_customers(self, inputs: Iterable[Values]) -> list[_Kept]:
        values = list(inputs)
        numbers = resource_of(Customer).service.create(self.session, values, actor=self.actor)
        return [
            _Kept(
                number,
                "zh" if each["country"] == "中国" else "en",
                each["owner"],
                each["email"].partition("@")[2],
                each.get("type") == "person",
            )
            for number, each in zip(numbers, values, strict=True)
        ]

    # Contacts

    def _contacts(self, kept: Sequence[_Kept]) -> dict[int, list[int]]:
        """Two people at most companies, one of whom may have come from another: ``{customer: contacts}``."""
        random = self.random
        companies = [each for each in kept if not each.is_person]
        inputs: list[Values] = []
        for number in range(90):
            at = companies[number % len(companies)]
            chinese = at.language == "zh"
            role, department = random.choice(_CN_ROLES if chinese else _EN_ROLES)
            joined = self.today - timedelta(days=random.randrange(200, 3_000))
            lines = [
                {
                    "customer": at.id,
                    "role": role,
                    "influence": random.choice(list(Influence)).value if random.random() < 0.7 else None,
                    "joined_on": joined.isoformat(),
                }
            ]
            if number % 15 == 14:
                before = random.choice(
                    [each for each in companies if each.language == at.language and each is not at]
                )
                left = joined - timedelta(days=30)
                lines.append(
                    {
                        "customer": before.id,
                        "role": role,
                        "joined_on": (left - timedelta(days=900)).isoformat(),
                        "left_on": left.isoformat(),
                    }
                )
            inputs.append(
                self._person_at(number, chinese, at)
                | {"job_title": role, "department": department, "owner": at.owner, "customers": lines}
            )
        numbers = resource_of(Contact).service.create(self.session, inputs, actor=self.actor)
        found: dict[int, list[int]] = {}
        for contact, values in zip(numbers, inputs, strict=True):
            found.setdefault(values["customers"][0]["customer"], []).append(contact)
        return found

    def _person_at(self, number: int, chinese: bool, at: _Kept) -> Values:
        random = self.random
        birthday = date(random.randrange(1965, 2000), random.randrange(1, 13), random.randrange(1, 28))
        gender = random.choice(("female", "male", None))
        if chinese:
            mobile = f"139 0000 {next(self.phones):04d}"
            name = random.choice(_SURNAMES) + _GIVEN[number % len(_GIVEN)]
            wechat = f"wx_{at.stem.partition('.')[0]}_{number}" if random.random() < 0.6 else None
        else:
            mobile = f"+44 7700 900{next(self.phones) % 1000:03d}"
            name = f"{_EN_FIRST[number % len(_EN_FIRST)]} {random.choice(_EN_LAST)}"
            wechat = None
        return {
            "name": name,
            "gender": gender,
            "phone": mobile,
            "email": f"contact{number}@{at.stem}",
            "wechat": wechat,
            "birthday": birthday.isoformat() if random.random() < 0.4 else None,
        }

    # Activities

    def _activities(self, kept: Sequence[_Kept], contacts: dict[int, list[int]]) -> None:
        inputs = [self._talk(each, contacts) for each in self.random.choices(kept, k=_DONE)]
        for count, days in ((_OVERDUE, (-6, -1)), (_TODAY, (0, 0)), (_AHEAD, (1, 12)), (_UNDATED, None)):
            for each in self.random.choices(kept, k=count):
                inputs.append(self._task(each, contacts, days))
        resource_of(Activity).service.create(self.session, inputs, actor=self.actor)

    def _talk(self, at: _Kept, contacts: dict[int, list[int]]) -> Values:
        kind, subject, body = self.random.choice(_CN_TALKS if at.language == "zh" else _EN_TALKS)
        done_at = self._moment(-self.random.randrange(1, 75))
        return self._about(at, contacts) | {
            "kind": kind,
            "subject": subject,
            "body": body,
            "state": "done",
            "done_at": done_at,
            "minutes": self.random.choice((5, 10, 15, 30, 45, 60, 90)) if kind != "note" else None,
            "direction": self.random.choice(("out", "out", "in"))
            if kind in ("call", "mail", "wechat")
            else None,
            "outcome": self.random.choice(_OUTCOMES[at.language]),
        }

    def _task(self, at: _Kept, contacts: dict[int, list[int]], days: tuple[int, int] | None) -> Values:
        subject = self.random.choice(_CN_TASKS if at.language == "zh" else _EN_TASKS)
        return self._about(at, contacts) | {
            "kind": self.random.choice(("task", "task", "call", "visit", "meeting")),
            "subject": subject,
            "due_at": self._moment(self.random.randint(*days)) if days else None,
        }

    def _about(self, at: _Kept, contacts: dict[int, list[int]]) -> Values:
        people = contacts.get(at.id)
        return {
            "customer": at.id,
            "contact": self.random.choice(people) if people else None,
            "owner": at.owner,
        }

    def _moment(self, days: int) -> datetime:
        hour = time(self.random.randrange(9, 18), self.random.choice((0, 15, 30, 45)))
        return datetime.combine(self.today + timedelta(days=days), hour, self.zone).astimezone(UTC)

    def _local_number(self) -> str:
        return f"5{self.random.randrange(10**7):07d}"
