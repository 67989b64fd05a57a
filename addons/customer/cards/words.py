"""The words by which the lines of a business card are told apart."""

# Chinese as data

from __future__ import annotations

import re
from typing import Final

#: Family names of one character, the most frequent, and those of two.
SURNAMES: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚"
    "谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦"
    "向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强"
    "柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾"
    "蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺水云昌凤酆皮卡伊匡宣贲羊惠曲储蓬郗班仰秋山满弘国商"
    "張劉陳楊趙黃吳孫馬羅鄭謝韓馮蕭鄧許呂蘇盧蔣賈葉閻鍾陸顧孟龍萬錢湯賀龔龐蘭顏嚴溫莊關連應"
)
DOUBLE_SURNAMES: Final = (
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙",
    "慕容", "令狐", "司徒", "南宫", "夏侯", "端木",
)  # fmt: skip
#: Words of titles that begin like a name.
_NO_NAMES: Final = (
    "高级 常务 项目 商务 应用 安全 金融 国际 华东 华南 华北 华中 解决 包装 车间 景观 游戏 经营 管理 方案 "
    "时尚 程序 路由 金牌 安装 关务 党委 党务 水利 能源 成本 计划 计算 储运 宣传 海外 海洋 时装 广告 石油 石化"
)
NO_NAMES: Final = frozenset(_NO_NAMES.split())
#: How a Chinese company, or something like one, is called at its end.
CHINESE_COMPANY: Final = re.compile(
    r"(?:公司|集团|集團|(?:加工|制造|机械|纺织|印刷|食品|化工|总)厂|工厂|事务所|研究院|研究所|设计院|大学|学院|医院|银行|支行|工作室"
    r"|合作社|商行|经营部|门诊部|门市部|诊所|俱乐部|餐厅|超市|书店|专卖店|旗舰店|商店|药店|农场|茶庄|酒庄|学校|中学|小学|幼儿园"
    r"|协会|商会|出版社|酒店|合伙企业|合伙|厂)(?:[（(][^（）()]{1,12}[）)])?(?:.{1,8}分(?:公司|行|院|部))?$"
)
WESTERN_COMPANY: Final = re.compile(
    r"(?:\b(?:co|company|corp|corporation|inc|incorporated|ltd|limited|llc|llp|plc|gmbh|ag|kg"
    r"|sa|sas|sarl|srl|spa"
    r"|bv|nv|oy|ab|as|a/s|aps|group|holdings?|bank|university|institute|hospital|college|studios?"
    r"|partners|associates"
    r"|consulting|laboratories|labs|foundation|agency|logistics|industries|technologies|solutions|systems"
    r"|international|enterprises|works|pte|pty)\b\.?,?\s*)+$",
    re.IGNORECASE,
)
CHINESE_TITLE: Final = re.compile(
    r"(?:经理|總經理|經理|总监|總監|董事长|董事長|董事|主任|主管|工程师|工程師|总裁|總裁|顾问|顧問|专员|專員|代表|助理|会计|出纳|店长"
    r"|厂长|院长|所长|校长|处长|科长|部长|组长|行长|教授|律师|律師|合伙人|创始人|负责人|秘书长|秘书|架构师|设计师|分析师|策划"
    r"|首席[\u4e00-\u9fff]{1,4}官|老板|业务员|采购员|讲师|研究员|技术员|站长|会长|理事|总管|专家|编辑)(?:[（(].{1,8}[）)])?$"
)
WESTERN_TITLE: Final = re.compile(
    r"\b(?:manager|director|engineer|president|chair(?:man|woman)?|officer|head|assistant"
    r"|consultant|partner|founder|owner"
    r"|buyer|executive|specialist|representative|lead|leader|analyst|designer|architect"
    r"|professor|supervisor|secretary"
    r"|advis[eo]r|accountant|controller|counsel|lawyer|attorney|scientist|technician"
    r"|administrator|coordinator"
    r"|planner|merchandiser|editor|ceo|cto|cfo|coo|cio|cmo|vp|evp|svp|geschäftsführer(?:in)?"
    r"|leiter(?:in)?|prokurist(?:in)?"
    r"|gérant|directeur|directrice)\b",
    re.IGNORECASE,
)
CHINESE_DEPARTMENT: Final = re.compile(
    r"^[\u4e00-\u9fffA-Za-z]{1,14}(?:部|处|科|课|办公室|事业部|中心|车间|组)$"
)
WESTERN_DEPARTMENT: Final = re.compile(
    r"\b(?:department|dept\.?|division|team|unit|office of)\b", re.IGNORECASE
)
#: A label before a number, by what the number is for.
PHONE_LABELS: Final = {
    "mobile": r"手\s*机|移动电话|行动电话|手提|mobil(?:e|funk)?|mob|cell(?:ular)?(?:\s*phone)?|m|mp|c"
    r"|hp|handy|whatsapp",
    "fax": r"传\s*真|傳\s*真|(?:tele)?fax|f",
    "work": r"电\s*话|電\s*話|座\s*机|总机|總機|直线|办公电话|固话|热线|服务热线"
    r"|tel(?:ephone|efon)?|phone|ph|direct|office"
    r"|switchboard"
    r"|hotline|t|d|o|p",
}
#: Any label of a number, of mail or of the web, by itself.
LABEL: Final = re.compile(
    "|".join(PHONE_LABELS.values()) + r"|e-?mail|mail|邮箱|电子邮[箱件]|web(?:site)?|url|网址|官网|网站|主页"
    r"|微信号?|we ?chat|https?|qq|e|w",
    re.IGNORECASE,
)
#: Labels that say what a line is, and are not part of it.
LABELS: Final = re.compile(
    r"^(?:姓名|名字|公司(?:名称)?|单位|职务|职位|职称|部门|地\s*址|公司地址|办公地址|邮\s*编|邮政编码|网\s*址|官网|网站|主页|邮\s*箱|电子邮[箱件]"
    r"|e-?\s*mail|mail|name|company|title|position|department|dept|address|addr?|web(?:site)?"
    r"|url|http|postcode|zip|p\.?\s?c|e|w|a)"
    r"\s*[:：.]\s*",
    re.IGNORECASE,
)
ADDRESS_LABEL: Final = re.compile(r"^(?:公司|办公)?\s*(?:地\s*址|address|addr?|a)\s*[:：.]", re.IGNORECASE)
WECHAT: Final = re.compile(
    r"(?:微\s*信(?:号)?|we\s*chat|weixin|wx)(?:\s*id)?\s*[:：]?\s*([A-Za-z0-9_+-]{5,30})", re.IGNORECASE
)
OTHER_NUMBERS: Final = re.compile(
    r"(?:QQ|税号|統一編號|统一社会信用代码|开户行|账号|帐号|VAT(?:\s*(?:no|id))?|HRB|Reg(?:istration)?\.?\s*No"
    r"|USt-?Id(?:Nr)?)\.?\s*[:：]?\s*[A-Z0-9 -]{4,30}",
    re.IGNORECASE,
)
EMAIL: Final = re.compile(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
URL: Final = re.compile(
    r"(?:https?://|www\.)[A-Za-z0-9./_?=&%#-]+|\b[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:com|cn"
    r"|net|org|example|io|de|uk|hk|tw|jp|fr|eu|co|info"
    r"|tech)(?:\.[a-z]{2})?(?:/[A-Za-z0-9./_-]*)?\b",
    re.IGNORECASE,
)
STREET: Final = re.compile(
    r"\b(?:road|rd|street|st|avenue|ave|lane|ln|boulevard|blvd|drive|dr|highway|way|square"
    r"|plaza|floor|fl|suite|ste|building"
    r"|bldg|tower|park|room|rm|unit|block|quay|court|yard|estate|zone|p\.?o\.? box)\b|stra(?:ß"
    r"|ss)e\b|str\.|platz\b|weg\b|\brue\b|\bvia\b",
    re.IGNORECASE,
)
CHINESE_PLACE: Final = re.compile(
    r"(?:路|街|大道|巷|弄|胡同|号|楼|层|室|座|幢|栋|大厦|广场|中心|园区|开发区|新区|工业园|科技园|产业园|村|镇|乡|區|區|縣|省|市|区|县)"
)
