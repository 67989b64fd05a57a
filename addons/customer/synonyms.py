"""Other words by which columns of customer tables go, for imports: ``{field: words}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PHONES: Final = (
    "phone", "telephone", "mobile", "mobile phone", "cell phone", "phone number", "fax", "other phone",
    "phone 2",
    "电话", "手机", "手机号", "手机号码", "联系电话", "固定电话", "座机", "备用电话", "其他电话", "传真",
    "电话2",
)  # fmt: skip
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "country": (
        "country",
        "country or region",
        "nation",
        "office location",
        "location",
        "国家",
        "国家/地区",
        "国别",
    ),
    "province": ("province", "state", "region", "省", "省份", "所在省", "所在省份", "省/直辖市", "省市"),
    "city": ("city", "town", "市", "城市", "所在城市", "所在地", "地市", "地区"),
}
_NAMES: Final = (
    "account", "account name", "company", "company name", "customer", "customer name", "client",
    "client name",
    "organisation", "organization", "business name", "firm", "单位", "单位名称", "公司", "公司名称", "客户",
    "客户名称", "企业名称", "企业", "客户全称", "公司全称", "甲方",
)  # fmt: skip
#: Who looks after customers, in the words of those who sell.
_OWNER: Final = (
    "account owner", "account manager", "sales rep", "sales agent", "salesperson", "sales person", "业务员",
    "销售", "销售员", "销售人员", "销售代表", "客户经理", "跟进人",
)  # fmt: skip
CUSTOMER: Final[Mapping[str, tuple[str, ...]]] = {
    **_PLACES,
    "name": _NAMES,
    "owner": _OWNER,
    "kind": ("status", "customer status", "stage", "状态", "客户状态", "客户阶段"),
    "type": ("customer type", "account type", "客户类型", "客户性质"),
    "level": ("level", "grade", "rating", "tier", "class", "级别", "等级", "客户级别", "客户等级",
        "重要程度"),
    "industry": ("industry", "sector", "vertical", "line of business", "行业", "所属行业", "行业类别",
        "行业分类"),
    "source": ("source", "lead source", "origin", "channel", "来源", "客户来源", "信息来源", "渠道"),
    "tax_number": (
        "tax number", "tax id", "tax no", "vat number", "vat id", "税号", "纳税人识别号", "统一社会信用代码",
        "社会信用代码", "信用代码", "营业执照号",
    ),
    "employees": (
        "employees", "number of employees", "headcount", "staff", "company size", "人数", "员工数",
        "员工人数",
        "公司人数", "企业规模", "人员规模",
    ),
    "founded_year": (
        "founded", "founded in", "year founded", "year established", "established", "成立年份", "成立年",
        "创立年份",
        "成立时间", "注册年份",
    ),
    "parent": (
        "parent", "parent company", "parent account", "subsidiary of", "group", "holding", "上级", "母公司",
        "上级公司", "上级客户", "所属集团", "集团", "总公司", "隶属",
    ),
    "description": ("description", "about", "notes", "comments", "remarks", "简介", "公司简介", "描述",
        "说明", "备注"),
    "phones.number": _PHONES,
    "emails.address": ("email 2", "other email", "billing email", "备用邮箱", "其他邮箱", "邮箱2"),
    "contacts.contact": (
        "contact", "contact person", "contact name", "primary contact", "联系人", "联系人姓名", "主要联系人",
        "对接人",
    ),
    "contacts.role": ("contact role", "contact title", "联系人职务", "联系人职位"),
    "addresses.street": (
        "address", "street", "street address", "address line 1", "office address", "地址", "详细地址",
        "公司地址",
        "单位地址", "联系地址", "通讯地址", "办公地址", "注册地址",
    ),
    "addresses.district": ("district", "county", "区", "区县", "区/县", "县"),
    "addresses.postcode": ("postcode", "postal code", "zip", "zip code", "邮编", "邮政编码"),
}  # fmt: skip
CONTACT: Final[Mapping[str, tuple[str, ...]]] = {
    "name": (
        "contact",
        "contact name",
        "contact person",
        "person",
        "full name",
        "联系人",
        "联系人姓名",
        "客户姓名",
    ),
    "customer": _NAMES,
    "owner": _OWNER,
    "job_title": ("job title", "title", "position", "职务", "职位", "岗位", "头衔"),
    "department": ("department", "部门", "所在部门"),
    "wechat": ("wechat", "wechat id", "weixin", "微信", "微信号"),
    "gender": ("gender", "sex", "性别", "称呼"),
    "birthday": ("birthday", "birth date", "date of birth", "dob", "生日", "出生日期", "出生年月日"),
    "note": ("note", "notes", "comments", "remarks", "description", "备注", "说明"),
}
LEAD: Final[Mapping[str, tuple[str, ...]]] = {
    **_PLACES,
    "company": _NAMES,
    "name": ("姓名", *CONTACT["name"]),
    "owner": _OWNER,
    "street": CUSTOMER["addresses.street"],
    **{name: CUSTOMER[name] for name in ("source", "description")},
    **{name: CONTACT[name] for name in ("job_title", "department", "wechat")},
}
ACTIVITY: Final[Mapping[str, tuple[str, ...]]] = {
    "subject": ("subject", "topic", "title", "summary", "主题", "标题", "事项", "内容摘要"),
    "customer": _NAMES,
    "owner": _OWNER,
    "contact": ("contact", "contact person", "contact name", "联系人", "联系人姓名"),
    "kind": ("kind", "type", "activity type", "类型", "活动类型", "跟进方式", "联系方式"),
}
