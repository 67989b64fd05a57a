"""Addresses as they stand on a card, taken apart."""

# Chinese as data

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: Cities by their province; the four that are provinces themselves stand alone.
_CITIES: Final = {
    "北京": "", "上海": "", "天津": "", "重庆": "",
    "河北": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水",
    "山西": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁",
    "内蒙古": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布",
    "辽宁": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛",
    "吉林": "长春 四平 辽源 通化 白山 松原 白城",
    "黑龙江": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化",
    "江苏": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁"
    " 昆山 江阴 常熟 张家港 太仓 宜兴",
    "浙江": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 慈溪 余姚 海宁",
    "安徽": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城",
    "福建": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 晋江 石狮",
    "江西": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 宜春 抚州 上饶",
    "山东": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽",
    "河南": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店",
    "湖北": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州",
    "湖南": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底",
    "广东": "广州 深圳 珠海 汕头 佛山 韶关 河源 梅州 惠州 汕尾 东莞 中山 江门 阳江 湛江 茂名 肇庆"
    " 清远 潮州 揭阳 云浮",
    "广西": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左",
    "海南": "海口 三亚 三沙 儋州",
    "四川": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳",
    "贵州": "贵阳 六盘水 遵义 安顺 毕节 铜仁",
    "云南": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧",
    "西藏": "拉萨 日喀则 昌都 林芝 山南 那曲",
    "陕西": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛",
    "甘肃": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南",
    "青海": "西宁 海东",
    "宁夏": "银川 石嘴山 吴忠 固原 中卫",
    "新疆": "乌鲁木齐 克拉玛依 吐鲁番 哈密",
    "香港": "", "澳门": "",
    "台湾": "台北 高雄 台中 台南 新竹 桃园",
}  # fmt: skip
PROVINCE_OF: Final = {city: province for province, cities in _CITIES.items() for city in cities.split()}
_WHOLE: Final = tuple(province for province, cities in _CITIES.items() if not cities)
_PROVINCE: Final = re.compile(
    rf"^({'|'.join(_CITIES)})(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)?"
)
_CITY: Final = re.compile(rf"^({'|'.join(sorted([*PROVINCE_OF, *_WHOLE], key=len, reverse=True))})市?")
_OTHER_CITY: Final = re.compile(r"^([\u4e00-\u9fff]{2,6}?)(?:市|自治州|地区|盟)")
_DISTRICT: Final = re.compile(
    r"^([\u4e00-\u9fff]{1,9}?(?:高新区|新区|工业园区|开发区|园区|区|县|旗|區|縣))(?!域)"
)
_POSTCODE: Final = re.compile(
    r"[（(]?(?:邮\s*编|邮政编码|P\.?C\.?|postcode)?\s*[:：]?\s*(?<!\d)(\d{6})(?!\d)[)）]?", re.IGNORECASE
)
_COUNTRIES: Final = {
    "china": "China", "p.r. china": "China", "p.r.china": "China", "pr china": "China", "prc": "China",
    "hong kong": "Hong Kong", "taiwan": "Taiwan", "united kingdom": "United Kingdom", "uk": "United Kingdom",
    "england": "United Kingdom", "scotland": "United Kingdom", "usa": "United States",
    "united states": "United States", "u.s.a.": "United States",
    "germany": "Germany", "deutschland": "Germany", "france": "France",
    "italy": "Italy", "italia": "Italy", "spain": "Spain", "netherlands": "Netherlands",
    "the netherlands": "Netherlands", "belgium": "Belgium", "switzerland": "Switzerland",
    "austria": "Austria", "sweden": "Sweden", "norway": "Norway", "denmark": "Denmark", "finland": "Finland",
    "poland": "Poland", "ireland": "Ireland", "canada": "Canada", "australia": "Australia", "japan": "Japan",
    "south korea": "South Korea", "korea": "South Korea", "singapore": "Singapore", "malaysia": "Malaysia",
    "thailand": "Thailand", "vietnam": "Vietnam", "india": "India", "brazil": "Brazil", "mexico": "Mexico",
}  # fmt: skip
_WESTERN_POSTCODE: Final = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
    r"|(?:[A-Z]{1,3}-)?\d{4,6}(?:-\d{4})?(?: [A-Z]{2}(?=\b))?|[A-Z]\d[A-Z] ?\d[A-Z]\d)\b"
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address in the parts the forms have."""

    country: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    postcode: str = ""


def country_in(text: str) -> str:
    """The country a text names, as the forms write it; empty for none."""
    return _COUNTRIES.get(text.strip(" .,").lower(), "")


def chinese_address(text: str) -> Address:
    """A Chinese address, from the large to the small."""
    postcode = ""
    if found := _POSTCODE.search(text):
        postcode = found[1]
        text = text[: found.start()] + text[found.end() :]
    text = re.sub(r"\s+", "", text).strip("，,;；、:：")
    country = "中国" if text.startswith("中国") else ""
    text = text.removeprefix("中国")
    province = city = district = ""
    if found := _PROVINCE.match(text):
        province, text = found[1], text[found.end() :]
        if province in _WHOLE:
            city = province
            text = (
                text.removeprefix(f"{province}市").removeprefix(province)
                if text.startswith(province)
                else text
            )
    if not city and (found := _CITY.match(text) or _OTHER_CITY.match(text)):
        city, text = found[1], text[found.end() :]
        province = province or PROVINCE_OF.get(city, "")
    if found := _DISTRICT.match(text):
        district, text = found[1], text[found.end() :]
    country = country or ("中国" if province and province not in ("香港", "澳门", "台湾") else "")
    return Address(country, province, city, district, text.strip("，,、 "), postcode)


def western_address(text: str) -> Address:
    """A Western address, from the small to the large, with commas between its parts."""
    parts = [part.strip() for part in re.split(r"[,;，\n]|\s·\s", text) if part.strip()]
    country = ""
    if parts and (country := country_in(parts[-1])):
        parts.pop()
    elif parts and (found := re.search(r"\s([A-Z][A-Za-z. ]+)$", parts[-1])) and country_in(found[1]):
        country = country_in(found[1])
        parts[-1] = parts[-1][: found.start()].strip()
    postcode, city, province = "", "", ""
    for place in range(len(parts) - 1, 0, -1):
        if found := _WESTERN_POSTCODE.search(parts[place]):
            postcode = found[0]
            rest = (parts[place][: found.start()] + parts[place][found.end() :]).strip()
            before = parts[place - 1]
            if not rest:
                parts.pop(place)
            elif (
                place >= 2
                and not re.search(r"\d", before)
                and len(parts) > place
                and _is_region(rest, before)
            ):
                province, city = rest, before
                parts = parts[: place - 1]
            else:
                city = rest
                parts = parts[:place]
            break
    if not city and len(parts) >= 2:
        if len(parts) >= 3 and not re.search(r"\d", parts[-1]) and not re.search(r"\d", parts[-2]):
            province, city = parts[-1], parts[-2]
            parts = parts[:-2]
        else:
            city = parts.pop()
    country = country or country_in(city)
    district = ""
    if len(parts) >= 2 and re.search(r"\b(?:district|county|borough)$", parts[-1], re.IGNORECASE):
        district = parts.pop()
    return Address(country, province, city, district, ", ".join(parts), postcode)


def _is_region(rest: str, before: str) -> bool:
    """Whether what stands beside a postcode is a region and the part before it the city."""
    is_short = re.fullmatch(r"[A-Z]{2,3}", rest) is not None
    return is_short or not re.search(
        r"\b(?:suite|floor|building|park|tower|block|unit|zone)\b", before, re.IGNORECASE
    )
