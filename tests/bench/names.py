"""Names of companies and people as they are written in China and in the West, made from lists of our own."""

from __future__ import annotations

from random import Random
from typing import Final

PLACES: Final = (
    "上海", "北京", "深圳", "广州", "杭州", "苏州", "南京", "成都", "武汉", "西安", "天津", "重庆", "青岛",
    "宁波", "无锡", "厦门", "长沙", "合肥", "大连", "昆明",
)  # fmt: skip
_FIRST: Final = "华东金鑫瑞泰恒盛宏达兴隆永昌安康新远航宇天海明德嘉禾佳顺万通中科联创博雅启源百利荣丰润和信诚"
_SECOND: Final = "达源盛泰昌荣丰利康安通顺和信诚美佳宇航远景辉腾飞翔创联科智慧云博雅文海洋河山川林森木石金玉"
_TRADES: Final = (
    "科技", "贸易", "机械制造", "医疗器械", "物流", "食品", "纺织", "电子", "化工", "建筑材料", "新能源",
    "文化传媒", "餐饮管理", "信息技术", "环保", "汽车零部件", "精密仪器", "生物医药", "进出口", "装饰工程",
    "教育咨询", "农业发展", "包装", "软件", "半导体", "广告", "印刷", "旅游", "房地产", "投资管理",
)  # fmt: skip
_FORMS: Final = ("有限公司",) * 7 + ("股份有限公司", "集团有限公司", "有限责任公司")
_STEMS: Final = (
    "Alder", "Baltic", "Beacon", "Cedar", "Copper", "Delta", "Eagle", "Ever", "Falcon", "Granite", "Harbor",
    "Hansa", "Iron", "Juniper", "Kestrel", "Lake", "Lumen", "Maple", "Meridian", "Müller", "Nord", "Oak",
    "Orion", "Pine", "Quarry", "Rhein", "River", "Silver", "Stone", "Summit", "Tessera", "Ulm", "Vega",
    "West", "Zenit",
)  # fmt: skip
_ENDS: Final = (
    "bridge", "field", "forge", "gate", "land", "line", "mark", "mont", "port", "ridge", "shore", "soft",
    "stein", "ton", "ware", "werk", "wood", "works",
)  # fmt: skip
_BRANCHES: Final = (
    "Logistics", "Systems", "Foods", "Medical", "Textiles", "Energy", "Software", "Partners", "Tools",
    "Chemicals", "Media", "Trading",
)  # fmt: skip
_WESTERN_FORMS: Final = ("Ltd.", "GmbH", "Inc.", "LLC", "AG", "S.A.", "B.V.", "PLC")
CITIES: Final = (
    "Berlin", "Hamburg", "London", "Leeds", "Austin", "Boston", "Lyon", "Utrecht", "Zürich", "Singapore",
)  # fmt: skip
_FAMILY: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段漕钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红鹏辉建国志文海波宁云佳欣雨晨浩然子涵思琪俊凯"
)
_WESTERN_GIVEN: Final = (
    "Ada", "Anna", "Ben", "Clara", "David", "Emma", "Erik", "Felix", "Grace", "Hannah", "Ivan", "Jonas",
    "Julia", "Karl", "Laura", "Marie", "Nina", "Oscar", "Paul", "Rosa", "Sofia", "Thomas", "Victor", "Zoë",
)  # fmt: skip
_WESTERN_FAMILY: Final = (
    "Adams", "Becker", "Brown", "Clark", "Dubois", "Evans", "Fischer", "García", "Hansen", "Jones", "Keller",
    "Lind", "Martin", "Novak", "O'Neill", "Petersen", "Quinn", "Rossi", "Smith", "Taylor", "Weber", "Young",
)  # fmt: skip


def chinese_company(draw: Random, place: str) -> str:
    """A registered name: place, brand, trade, form."""
    brand = draw.choice(_FIRST) + draw.choice(_SECOND)
    return place + brand + draw.choice(_TRADES) + draw.choice(_FORMS)


def western_company(draw: Random) -> str:
    """A brand, sometimes its branch, and the form."""
    name = draw.choice(_STEMS) + draw.choice(_ENDS)
    if draw.random() < 0.6:
        name += " " + draw.choice(_BRANCHES)
    return f"{name} {draw.choice(_WESTERN_FORMS)}"


def chinese_person(draw: Random) -> str:
    """Family name, then one or two characters."""
    given = draw.choice(_GIVEN) + (draw.choice(_GIVEN) if draw.random() < 0.7 else "")
    return draw.choice(_FAMILY) + given


def western_person(draw: Random) -> str:
    """Given name and family name."""
    return f"{draw.choice(_WESTERN_GIVEN)} {draw.choice(_WESTERN_FAMILY)}"
