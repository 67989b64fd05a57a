"""Business cards in both languages, all of them made up, and what is read from each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from addons.customer.cards import Card, read_card

#: The text, where numbers without a prefix belong, and all that is not empty.
CARDS: list[tuple[str, str, dict[str, Any]]] = [
    (
        """云栈信息技术有限公司
王芳  采购总监
手机：138 0013 8000
电话：0571-8888 6666 转 208
传真：0571-88886667
邮箱：wang.fang@yunzhan.example
网址：www.yunzhan.example
地址：浙江省杭州市滨江区江陵路88号3幢501室  邮编：310051
微信：wangfang_88""",
        "CN",
        {
            "company": "云栈信息技术有限公司",
            "name": "王芳",
            "job_title": "采购总监",
            "phones": ["mobile +8613800138000", "work +8657188886666;ext=208", "fax +8657188886667"],
            "emails": ["wang.fang@yunzhan.example"],
            "website": "www.yunzhan.example",
            "wechat": "wangfang_88",
            "country": "中国",
            "province": "浙江",
            "city": "杭州",
            "district": "滨江区",
            "street": "江陵路88号3幢501室",
            "postcode": "310051",
        },
    ),
    (
        """HARROW VALE POWER LTD
Jane Miller
Head of Purchasing
T +44 20 7946 0123  M +44 7700 900123
jane.miller@harrowvale.example | www.harrowvale.example
12 Harbour Street, Bristol BS1 4AA, United Kingdom""",
        "CN",
        {
            "company": "HARROW VALE POWER LTD",
            "name": "Jane Miller",
            "job_title": "Head of Purchasing",
            "phones": ["work +442079460123", "mobile +447700900123"],
            "emails": ["jane.miller@harrowvale.example"],
            "website": "www.harrowvale.example",
            "country": "United Kingdom",
            "city": "Bristol",
            "street": "12 Harbour Street",
            "postcode": "BS1 4AA",
        },
    ),
    (
        """张 三
总经理
上海市闵行区申北路 108 号
华东精密制造（上海）有限公司
T:021-55551234 F:021-55551235 M:13900139000""",
        "CN",
        {
            "company": "华东精密制造（上海）有限公司",
            "name": "张三",
            "job_title": "总经理",
            "phones": ["work +862155551234", "fax +862155551235", "mobile +8613900139000"],
            "country": "中国",
            "province": "上海",
            "city": "上海",
            "district": "闵行区",
            "street": "申北路108号",
        },
    ),
    (
        """王芳总经理 Fang Wang
General Manager
清屿环保科技有限公司
Qingyu Environmental Technology Co., Ltd.
Mobile/WeChat: 13900001111
E: fang.wang@qingyu.example
Add: 8 Jiangling Road, Binjiang District, Hangzhou, Zhejiang 310051, China""",
        "CN",
        {
            "company": "清屿环保科技有限公司",
            "name": "王芳",
            "job_title": "总经理",
            "phones": ["mobile +8613900001111"],
            "emails": ["fang.wang@qingyu.example"],
            "wechat": "13900001111",
            "country": "China",
            "province": "Zhejiang",
            "city": "Hangzhou",
            "district": "Binjiang District",
            "street": "8 Jiangling Road",
            "postcode": "310051",
        },
    ),
    (
        """Isarwerk GmbH
Dipl.-Ing. Tobias Renn
Leiter Einkauf
Isarstraße 5, 80469 München, Deutschland
Tel.: +49 (0)89 1234567-12
Mobil: +49 151 23456789
t.renn@isarwerk.example""",
        "CN",
        {
            "company": "Isarwerk GmbH",
            "name": "Tobias Renn",
            "job_title": "Leiter Einkauf",
            "phones": ["work +4989123456712", "mobile +4915123456789"],
            "emails": ["t.renn@isarwerk.example"],
            "country": "Germany",
            "city": "München",
            "street": "Isarstraße 5",
            "postcode": "80469",
        },
    ),
    (
        """欧阳明月
销售经理
恒岳建材有限公司
手机 137-0000-1234
邮箱 ouyang@hengyue.example
广东省深圳市南山区科苑南路3099号""",
        "CN",
        {
            "company": "恒岳建材有限公司",
            "name": "欧阳明月",
            "job_title": "销售经理",
            "phones": ["mobile +8613700001234"],
            "emails": ["ouyang@hengyue.example"],
            "country": "中国",
            "province": "广东",
            "city": "深圳",
            "district": "南山区",
            "street": "科苑南路3099号",
        },
    ),
    (
        """李 娜 / 市场部经理
铭泽电子有限公司
Tel: (0755) 8600 1234
Fax: (0755) 8600 1235
Mobile: +86 136 0000 5678
Email: lina@mingze.example
Http://www.mingze.example""",
        "CN",
        {
            "company": "铭泽电子有限公司",
            "name": "李娜",
            "job_title": "经理",
            "department": "市场部",
            "phones": ["work +8675586001234", "fax +8675586001235", "mobile +8613600005678"],
            "emails": ["lina@mingze.example"],
            "website": "http://www.mingze.example",
        },
    ),
    (
        """Dr. Clara Ashdown, PhD
Chief Technology Officer
Fenwick Laboratories
350 Fifth Avenue, Suite 3300
New York, NY 10118
USA
O: +1 212-555-0142
C: +1 917-555-0187
clara@fenwicklabs.example""",
        "CN",
        {
            "company": "Fenwick Laboratories",
            "name": "Dr. Clara Ashdown",
            "job_title": "Chief Technology Officer",
            "phones": ["work +12125550142", "mobile +19175550187"],
            "emails": ["clara@fenwicklabs.example"],
            "country": "United States",
            "province": "NY",
            "city": "New York",
            "street": "350 Fifth Avenue, Suite 3300",
            "postcode": "10118",
        },
    ),
    (
        """岚序医疗器械有限公司
采购部
陈思远 主任
电话：025-52101234，52101235
传真：025-52101236
地址：南京市江宁区天元西路12号 211100""",
        "CN",
        {
            "company": "岚序医疗器械有限公司",
            "name": "陈思远",
            "job_title": "主任",
            "department": "采购部",
            "phones": ["work +862552101234", "work +862552101235", "fax +862552101236"],
            "country": "中国",
            "province": "江苏",
            "city": "南京",
            "district": "江宁区",
            "street": "天元西路12号",
            "postcode": "211100",
        },
    ),
    (
        """JUNIPER LANE INTERIORS
Oscar Penrose | Buyer
oscar.penrose@juniperlane.example
+44 161 496 0101""",
        "CN",
        {
            "company": "JUNIPER LANE INTERIORS",
            "name": "Oscar Penrose",
            "job_title": "Buyer",
            "phones": ["work +441614960101"],
            "emails": ["oscar.penrose@juniperlane.example"],
        },
    ),
    (
        """星垣传媒有限公司　总监　赵一鸣
Ｔｅｌ：０１０－６２３４５６７８
Ｅ－ｍａｉｌ：ｚｈａｏ＠ｘｉｎｇｙｕａｎ．ｅｘａｍｐｌｅ
北京市海淀区西三旗东路18号院2号楼""",
        "CN",
        {
            "company": "星垣传媒有限公司",
            "name": "赵一鸣",
            "job_title": "总监",
            "phones": ["work +861062345678"],
            "emails": ["zhao@xingyuan.example"],
            "country": "中国",
            "province": "北京",
            "city": "北京",
            "district": "海淀区",
            "street": "西三旗东路18号院2号楼",
        },
    ),
    (
        """Larkspur Learning Inc.
Maya Lowell - Vice President, Sales
Direct: 415-555-0133
Cell: 415-555-0177
maya@larkspur.example
www.larkspur.example
1 Market Plaza, Suite 400, San Francisco, CA 94105, USA""",
        "US",
        {
            "company": "Larkspur Learning Inc.",
            "name": "Maya Lowell",
            "job_title": "Vice President, Sales",
            "phones": ["work +14155550133", "mobile +14155550177"],
            "emails": ["maya@larkspur.example"],
            "website": "www.larkspur.example",
            "country": "United States",
            "province": "CA",
            "city": "San Francisco",
            "street": "1 Market Plaza, Suite 400",
            "postcode": "94105",
        },
    ),
    (
        """姓名：周慧敏
职务：财务总监
公司：百川汇物流有限公司
部门：财务部
手机：158 0000 4321
邮箱：zhouhm@baichuanhui.example
地址：武汉市东湖高新区光谷三路77号""",
        "CN",
        {
            "company": "百川汇物流有限公司",
            "name": "周慧敏",
            "job_title": "财务总监",
            "department": "财务部",
            "phones": ["mobile +8615800004321"],
            "emails": ["zhouhm@baichuanhui.example"],
            "country": "中国",
            "province": "湖北",
            "city": "武汉",
            "district": "东湖高新区",
            "street": "光谷三路77号",
        },
    ),
    (
        """重庆和畅商贸有限公司
孙立 业务员
M：13500007890（微信同号）
重庆市渝北区龙溪街道红锦大道5号""",
        "CN",
        {
            "company": "重庆和畅商贸有限公司",
            "name": "孙立",
            "job_title": "业务员",
            "phones": ["mobile +8613500007890"],
            "wechat": "13500007890",
            "country": "中国",
            "province": "重庆",
            "city": "重庆",
            "district": "渝北区",
            "street": "龙溪街道红锦大道5号",
        },
    ),
    (
        """Société Lumière SARL
Hélène Dupont
Directrice Commerciale
14 rue de la République, 69002 Lyon, France
Tél. : +33 4 72 00 01 02
Mob. : +33 6 12 34 56 78
helene.dupont@lumiere.example""",
        "CN",
        {
            "company": "Société Lumière SARL",
            "name": "Hélène Dupont",
            "job_title": "Directrice Commerciale",
            "phones": ["work +33472000102", "mobile +33612345678"],
            "emails": ["helene.dupont@lumiere.example"],
            "country": "France",
            "city": "Lyon",
            "street": "14 rue de la République",
            "postcode": "69002",
        },
    ),
    (
        """青岛锦堂纺织有限公司
刘洋
外贸部经理
手机:13300001111 电话:0532-80001111 QQ:12345678
E-mail:liuyang@jintang.example
青岛市崂山区松岭路169号 邮编266100""",
        "CN",
        {
            "company": "青岛锦堂纺织有限公司",
            "name": "刘洋",
            "job_title": "经理",
            "department": "外贸部",
            "phones": ["mobile +8613300001111", "work +8653280001111"],
            "emails": ["liuyang@jintang.example"],
            "country": "中国",
            "province": "山东",
            "city": "青岛",
            "district": "崂山区",
            "street": "松岭路169号",
            "postcode": "266100",
        },
    ),
    (
        """高远
首席技术官 CTO
拓野汽车零部件股份有限公司
+86 188 0000 2222
gaoyuan@tuoye.example
苏州工业园区星湖街328号创意产业园5栋""",
        "CN",
        {
            "company": "拓野汽车零部件股份有限公司",
            "name": "高远",
            "job_title": "首席技术官",
            "phones": ["mobile +8618800002222"],
            "emails": ["gaoyuan@tuoye.example"],
            "country": "中国",
            "province": "江苏",
            "city": "苏州",
            "district": "工业园区",
            "street": "星湖街328号创意产业园5栋",
        },
    ),
    (
        """Meridian Cold Chain Pte. Ltd.
LEE WEI MING
Operations Director
10 Anson Road, #20-05, Singapore 079903
Tel: +65 6123 4567
HP: +65 9123 4567
weiming.lee@meridiancold.example""",
        "CN",
        {
            "company": "Meridian Cold Chain Pte. Ltd.",
            "name": "Lee Wei Ming",
            "job_title": "Operations Director",
            "phones": ["work +6561234567", "mobile +6591234567"],
            "emails": ["weiming.lee@meridiancold.example"],
            "country": "Singapore",
            "city": "Singapore",
            "street": "10 Anson Road, #20-05",
            "postcode": "079903",
        },
    ),
    (
        """清华同方教育科技集团有限公司
教授 何静
电话 010-82001234-601
hejing@tongfang.example""",
        "CN",
        {
            "company": "清华同方教育科技集团有限公司",
            "name": "何静",
            "job_title": "教授",
            "phones": ["work +861082001234;ext=601"],
            "emails": ["hejing@tongfang.example"],
        },
    ),
    (
        """林小雨（Yuki Lin）
产品设计师
朴石装饰工程有限公司
微信号：linxiaoyu_design
186 0000 3333
成都市高新区天府三街199号""",
        "CN",
        {
            "company": "朴石装饰工程有限公司",
            "name": "林小雨",
            "job_title": "产品设计师",
            "phones": ["mobile +8618600003333"],
            "wechat": "linxiaoyu_design",
            "country": "中国",
            "province": "四川",
            "city": "成都",
            "district": "高新区",
            "street": "天府三街199号",
        },
    ),
    (
        """Kestrel Marine A/S
Ben Carver
Purchasing Manager
Havnegade 12, 8000 Aarhus, Denmark
Phone +45 86 12 34 56
bc@kestrelmarine.example
www.kestrelmarine.example""",
        "CN",
        {
            "company": "Kestrel Marine A/S",
            "name": "Ben Carver",
            "job_title": "Purchasing Manager",
            "phones": ["work +4586123456"],
            "emails": ["bc@kestrelmarine.example"],
            "website": "www.kestrelmarine.example",
            "country": "Denmark",
            "city": "Aarhus",
            "street": "Havnegade 12",
            "postcode": "8000",
        },
    ),
    (
        """司马文 合伙人 律师
Wen Sima  Partner
明道律师事务所 Mingdao Law Firm
上海市浦东新区锦绣东路2777弄
T 021 6000 1234
wen.sima@mingdao.example""",
        "CN",
        {
            "company": "明道律师事务所",
            "name": "司马文",
            "job_title": "合伙人、律师",
            "phones": ["work +862160001234"],
            "emails": ["wen.sima@mingdao.example"],
            "country": "中国",
            "province": "上海",
            "city": "上海",
            "district": "浦东新区",
            "street": "锦绣东路2777弄",
        },
    ),
    (
        """吴晓
董事长兼总经理
宁波市鄞州区启明路655号
宁波禾木食品有限公司
总机：0574-87001234
手机：13957400001""",
        "CN",
        {
            "company": "宁波禾木食品有限公司",
            "name": "吴晓",
            "job_title": "董事长兼总经理",
            "phones": ["work +8657487001234", "mobile +8613957400001"],
            "country": "中国",
            "province": "浙江",
            "city": "宁波",
            "district": "鄞州区",
            "street": "启明路655号",
        },
    ),
    (
        """Paula Norwood
Paula Norwood Consulting
07700 900456
paula@norwood.example""",
        "GB",
        {
            "company": "Paula Norwood Consulting",
            "name": "Paula Norwood",
            "phones": ["work +447700900456"],
            "emails": ["paula@norwood.example"],
        },
    ),
    (
        """中国工商技术大学
郑凯 副教授
计算机学院
电话：0371-67001234
郑州市高新区科学大道100号""",
        "CN",
        {
            "company": "中国工商技术大学",
            "name": "郑凯",
            "job_title": "副教授",
            "phones": ["work +8637167001234"],
            "country": "中国",
            "province": "河南",
            "city": "郑州",
            "district": "高新区",
            "street": "科学大道100号",
        },
    ),
    (
        """HIDEO TANAKA
Sales Representative
Sakura Industries Co., Ltd.
Tel +81-3-1234-5678 / Fax +81-3-1234-5679
tanaka@sakura.example""",
        "CN",
        {
            "company": "Sakura Industries Co., Ltd.",
            "name": "Hideo Tanaka",
            "job_title": "Sales Representative",
            "phones": ["work +81312345678", "fax +81312345679"],
            "emails": ["tanaka@sakura.example"],
        },
    ),
    (
        """金陵饭店集团
蒋文静女士
客户经理
025-84700000
jiangwj@jinling.example""",
        "CN",
        {
            "company": "金陵饭店集团",
            "name": "蒋文静",
            "job_title": "客户经理",
            "phones": ["work +862584700000"],
            "emails": ["jiangwj@jinling.example"],
        },
    ),
    (
        """Grace Hurst
grace.hurst@alderpoint.example
Alder Point Foundation
Office of Procurement
+1 (303) 555-0119 ext. 42""",
        "CN",
        {
            "company": "Alder Point Foundation",
            "name": "Grace Hurst",
            "department": "Office of Procurement",
            "phones": ["work +13035550119;ext=42"],
            "emails": ["grace.hurst@alderpoint.example"],
        },
    ),
    (
        """厦门市思明区湖滨南路20号之一
厦门云帆软件有限公司
黄志强（高级工程师）
M 15900002222 / T 0592-5800000
huangzq@yunfan.example""",
        "CN",
        {
            "company": "厦门云帆软件有限公司",
            "name": "黄志强",
            "job_title": "高级工程师",
            "phones": ["mobile +8615900002222", "work +865925800000"],
            "emails": ["huangzq@yunfan.example"],
            "country": "中国",
            "province": "福建",
            "city": "厦门",
            "district": "思明区",
            "street": "湖滨南路20号之一",
        },
    ),
    (
        """許志明
業務經理
大安機械股份有限公司
台北市信義區松仁路100號
TEL: +886-2-2345-6789
FAX: +886-2-2345-6780
chihming@daan.example""",
        "CN",
        {
            "company": "大安機械股份有限公司",
            "name": "許志明",
            "job_title": "業務經理",
            "phones": ["work +886223456789", "fax +886223456780"],
            "emails": ["chihming@daan.example"],
            "province": "台湾",
            "city": "台北",
            "district": "信義區",
            "street": "松仁路100號",
        },
    ),
    (
        """Miriam Castell
Castell & Sons Ltd.
Managing Director
Unit 5, Riverside Park, Leeds LS1 4DY, UK
Tel/Fax 0113 496 0123
Mobile 07700 900111""",
        "GB",
        {
            "company": "Castell & Sons Ltd.",
            "name": "Miriam Castell",
            "job_title": "Managing Director",
            "phones": ["work +441134960123", "mobile +447700900111"],
            "country": "United Kingdom",
            "city": "Leeds",
            "street": "Unit 5, Riverside Park",
            "postcode": "LS1 4DY",
        },
    ),
    (
        """扬帆科技
马超
13812345678
machao@yangfan.example""",
        "CN",
        {
            "company": "扬帆科技",
            "name": "马超",
            "phones": ["mobile +8613812345678"],
            "emails": ["machao@yangfan.example"],
        },
    ),
]

CARDS.append(
    (
        "青木口腔门诊部\n夏敏  院长\n139 0001 0008",
        "CN",
        {
            "company": "青木口腔门诊部",
            "name": "夏敏",
            "job_title": "院长",
            "phones": ["mobile +8613900010008"],
        },
    )
)


def flat(card: Card) -> dict[str, Any]:
    """What a card says, without its empty parts."""
    said = asdict(card)
    said |= said.pop("address")
    said["phones"] = [f"{each.kind} {each.number}" for each in card.phones]
    return {name: value for name, value in said.items() if value}


@pytest.mark.parametrize(("text", "country", "said"), CARDS)
def test_a_card_is_read(text: str, country: str, said: dict[str, Any]) -> None:
    assert flat(read_card(text, country=country)) == said


@pytest.mark.parametrize(
    "text", ["", "\n \n", "???", "1", "@", "+++---", "：：", "a" * 100_000, "电话：\n" * 2000]
)
def test_what_is_no_card_is_read_without_harm(text: str) -> None:
    card = read_card(text)
    assert card.phones == []
    assert card.emails == []


def test_reading_is_the_same_every_time() -> None:
    for text, country, _said in CARDS:
        assert read_card(text, country=country) == read_card(text.replace("\n", "\r\n"), country=country)


def test_numbers_that_are_none_are_left_alone() -> None:
    card = read_card("云栈科技有限公司\nQQ：12345678\n税号：91310000MA1FL7X22K\n2024-01-15\n邮编：310051")
    assert card.phones == []


def test_the_first_number_of_a_kind_is_told() -> None:
    card = read_card("手机 13800138000\n手机 13900139000\n电话 021-55551234")
    assert card.phone("mobile", "work") == "+8613800138000"
    assert card.phone("fax", "work") == "+862155551234"
    assert card.phone("fax") == ""
