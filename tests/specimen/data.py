"""Made-up view models, in both languages."""

# ruff: noqa: E501 - a sentence and its translation stand on one line

from __future__ import annotations

import json
from dataclasses import replace

from markupsafe import Markup

from core.web.list_models import (
    Chip,
    ColumnView,
    EmptyView,
    FilterField,
    ListView,
    Pager,
    QuickFilter,
    RowView,
    ViewBar,
)
from core.web.view_models import (
    ActionView,
    Avatar,
    Banner,
    FieldSection,
    FieldView,
    FormView,
    LinesView,
    LineView,
    MenuLink,
    MenuSection,
    Option,
    Panel,
    PanelItem,
    RecordView,
    Shell,
    TimelineEntry,
    TimelineView,
)

#: Chinese by English; what is missing stays English (names of companies do).
ZH = {
    "Export": "导出",
    "My day": "我的一天",
    "Home": "首页",
    "Sales": "销售",
    "Customers": "客户",
    "Contacts": "联系人",
    "Activities": "活动",
    "Service": "服务",
    "Cases": "工单",
    "Calls": "呼叫中心",
    "Opportunities": "商机",
    "Customer": "客户",
    "Contact": "联系人",
    "Activity": "活动",
    "All": "全部",
    "Mine": "我负责的",
    "Archived": "已归档",
    "New customer": "新建客户",
    "Name": "名称",
    "Kind": "状态",
    "Level": "等级",
    "Industry": "行业",
    "City": "城市",
    "Owner": "负责人",
    "Phone": "电话",
    "Last contact": "最近联系",
    "Potential": "潜在",
    "Active": "已成交",
    "At risk": "流失风险",
    "Sleeping": "休眠",
    "In touch": "跟进中",
    "Manufacturing": "智能制造",
    "Health": "医疗健康",
    "Logistics": "物流供应链",
    "Retail": "零售电商",
    "Shanghai": "上海",
    "Shenzhen": "深圳",
    "Hangzhou": "杭州",
    "Beijing": "北京",
    "yesterday": "昨天",
    "today": "今天",
    "13 days ago": "13 天前",
    "Revenue": "累计成交",
    "All states": "全部状态",
    "All owners": "全部负责人",
    "City is Shanghai": "城市 等于 上海",
    "is": "等于",
    "is not": "不等于",
    "is one of": "是其中之一",
    "contains": "包含",
    "is empty": "为空",
    "before": "早于",
    "after": "晚于",
    "Created on": "创建日期",
    "No customers match": "没有符合条件的客户",
    "Loosen the conditions, or create the first one.": "试着放宽筛选条件，或者现在就创建一个。",
    "Basics": "基本信息",
    "Notes": "备注",
    "Tags": "标签",
    "Parent": "上级客户",
    "Tax number": "统一社会信用代码",
    "Phones": "电话",
    "Number": "号码",
    "Extension": "分机",
    "Main": "主要",
    "Add a phone": "添加电话",
    "Office": "办公室",
    "Mobile": "手机",
    "Email": "邮箱",
    "Website": "网站",
    "VIP": "重点客户",
    "Log a call": "记录通话",
    "Edit": "编辑",
    "Archive": "归档",
    "Restore": "恢复",
    "Print": "打印",
    "Notes only": "备注",
    "Files": "附件",
    "Changes": "变更",
    "Call from Zhou Jianguo": "来电 · 周建国",
    "Asked for delivery before 20 December.": "询问交付周期，希望 12 月 20 日前上线。",
    "Contract.pdf": "框架合同.pdf",
    "File attached": "添加了附件",
    "Changed": "修改了资料",
    "Note": "备注",
    "Likes to be called in the morning.": "习惯上午接电话。\n技术交流请抄送吴敏。",
    "Created": "创建",
    "today 09:41": "今天 09:41",
    "yesterday 17:20": "昨天 17:20",
    "Purchasing manager · decides": "采购经理 · 决策人",
    "IT director": "IT 总监 · 影响者",
    "Subsidiaries": "下级客户",
    "Nothing below this customer.": "没有下级客户。",
    "Add a contact": "添加联系人",
    "East China Precision": "华东精密制造有限公司",
    "Yunfan Technology": "深圳云帆科技",
    "Hengxin Medical": "北京恒信医疗器械",
    "Maitian Commerce": "杭州麦田电商",
    "Tianfu Logistics": "成都天府物流集团",
    "Silicon Lake Institute": "苏州工业园光电研究院",
    "Southern Materials": "广州南方建材",
    "Acme Logistics (Shanghai)": "Acme Logistics (Shanghai)",
    "Demo Company": "演示公司",
    "Wang Yutong": "王雨桐",
    "Li Siyuan": "李思远",
    "Zhao Xinran": "赵欣然",
    "Edit customer": "编辑客户",
    "Only shown inside.": "仅内部可见。",
    "This number cannot be called.": "这个号码无法拨打。",
    "A name is needed.": "请填写名称。",
    "Created by": "创建人",
    "Call": "通话",
    "Subject": "主题",
    "Result": "结果",
    "Reason": "原因",
    "Due today": "今天到期",
    "Call back": "回访",
    "Send the offer": "发送报价",
    "New customers": "新客户",
    "Overdue": "已逾期",
    "Archived yesterday by Wang Yutong: duplicate.": "王雨桐 昨天归档：重复录入。",
    "Good morning, Wang Yutong": "上午好，王雨桐",
    "You have 4 things to do today.": "今天有 4 个待办。",
    "Tenants": "租户",
    "Addons": "插件",
    "State": "状态",
    "Why": "原因",
    "on": "已启用",
    "quarantined": "已隔离",
    "models.py, line 12: no field named “amout”; did you mean “amount”?": "models.py 第 12 行：没有名为“amout”的字段；是否想写“amount”？",
    "Version": "版本",
    "Addon": "插件",
    "Open since": "交付日期",
    "Headquarters": "总部",
    "Customer saved.": "客户已保存。",
    "Customer archived.": "客户已归档。",
    "Employees": "员工人数",
    "Not found": "页面不存在",
    "There is nothing at this address, or you may not see it.": "这个地址下没有内容，或者您无权查看。",
    "The email or the password is not right.": "邮箱或密码不正确。",
    "Columns": "列",
}


class Specimen:
    """All view models in one language."""

    def __init__(self, lang: str, theme: str) -> None:
        self.lang = lang
        self.theme = theme

    def w(self, text: str) -> str:
        return ZH[text] if self.lang == "zh" else text

    def shell(self) -> Shell:
        w = self.w
        return Shell(
            tenant_name=w("Demo Company"),
            user_name=w("Wang Yutong"),
            user_email="wang.yutong@example.com",
            avatar=self.avatar("Wang Yutong", 3),
            menu=(
                MenuSection("", (MenuLink(w("My day"), "/", "layout-dashboard"),)),
                MenuSection(
                    w("Sales"),
                    (
                        MenuLink(w("Customers"), "/list", "building", active=True),
                        MenuLink(w("Contacts"), "/list?x=1", "users"),
                        MenuLink(w("Opportunities"), "/list?x=2", "chart-funnel"),
                        MenuLink(w("Activities"), "/list?x=3", "checkbox"),
                    ),
                ),
                MenuSection(
                    w("Service"),
                    (
                        MenuLink(w("Calls"), "/list?x=4", "headset"),
                        MenuLink(w("Cases"), "/list?x=5", "ticket"),
                    ),
                ),
            ),
            create=(
                MenuLink(w("Customer"), "/form", "building"),
                MenuLink(w("Contact"), "/form?x=1", "user"),
                MenuLink(w("Activity"), "/form?x=2", "checkbox"),
            ),
            settings_url="/addons",
            lang=self.lang,
            theme=self.theme,
            csrf="specimen-token",
        )

    def avatar(self, name: str, tint: int) -> Avatar:
        name = self.w(name)
        return Avatar(name[-2:] if self.lang == "zh" else "".join(part[0] for part in name.split()[:2]), tint)

    def who(self, name: str, tint: int) -> Markup:
        avatar = self.avatar(name, tint)
        return Markup(
            '<span class="gx-who"><span class="gx-avatar gx-avatar-s gx-tint-{}" aria-hidden="true">{}</span><span>{}</span></span>'
        ).format(tint, avatar.text[-1:] if self.lang == "zh" else avatar.text, self.w(name))

    def tag(self, label: str, tone: str) -> Markup:
        return Markup('<span class="gx-tag gx-{}">{}</span>').format(tone, self.w(label))

    def states(self, chosen: str = "", blank: str = "") -> tuple[Option, ...]:
        w = self.w
        options = [
            Option("potential", w("Potential"), "mute"),
            Option("active", w("Active"), "ok"),
            Option("touch", w("In touch"), "info"),
            Option("sleeping", w("Sleeping"), "warn"),
            Option("risk", w("At risk"), "bad"),
        ]
        if blank:
            options.insert(0, Option("", w(blank)))
        return tuple(replace(option, selected=option.value == chosen) for option in options)

    def rows(self, count: int = 80) -> tuple[RowView, ...]:
        w = self.w
        names = (
            "East China Precision",
            "Yunfan Technology",
            "Hengxin Medical",
            "Maitian Commerce",
            "Tianfu Logistics",
            "Silicon Lake Institute",
            "Southern Materials",
            "Acme Logistics (Shanghai)",
        )
        tags = (
            ("Sleeping", "warn"),
            ("Active", "ok"),
            ("Potential", "mute"),
            ("In touch", "info"),
            ("At risk", "bad"),
        )
        people = (("Zhao Xinran", 1), ("Li Siyuan", 2), ("Wang Yutong", 3))
        trades = ("Manufacturing", "Health", "Logistics", "Retail")
        out = []
        for number in range(count):
            phone = f"+86 138 {1000 + number * 7:04d} {2000 + number * 13:04d}"
            cells = (
                Markup('<span class="gx-t1">{}</span><span class="gx-t2">C-{:06d}</span>').format(
                    w(names[number % 8]), 10023 + number * 7
                ),
                self.tag(*tags[number * 3 % 5]),
                Markup("ABC"[number % 3]),
                Markup(w(trades[number * 5 % 4])),
                Markup("¥{:,}").format(180000 + number * 370000 % 2800000),
                self.who(*people[number * 2 % 3]),
                Markup('<a class="gx-tel" href="tel:{}">{}</a>').format(phone.replace(" ", ""), phone)
                if number % 4
                else Markup('<span class="gx-none">—</span>'),
                Markup('<span class="gx-date">{}</span>').format(
                    w(("13 days ago", "yesterday", "today")[number % 3])
                ),
            )
            out.append(
                RowView(id=number + 1, url=f"/record?id={number + 1}", cells=cells, archived=number == 5)
            )
        return tuple(out)

    def columns(self) -> tuple[ColumnView, ...]:
        w = self.w
        return (
            ColumnView("name", w("Name"), sort_url="/list?sort=name", sorted="asc", phone="title"),
            ColumnView("kind", w("Kind"), sort_url="/list?sort=kind", phone="tag"),
            ColumnView("level", w("Level"), sort_url="/list?sort=level"),
            ColumnView("industry", w("Industry")),
            ColumnView("revenue", w("Revenue"), "end", sort_url="/list?sort=-revenue", phone="meta"),
            ColumnView("owner", w("Owner")),
            ColumnView("phone", w("Phone")),
            ColumnView("last", w("Last contact"), phone="meta"),
        )

    def filter_fields(self) -> tuple[FilterField, ...]:
        w = self.w
        eq = (("eq", w("is")), ("ne", w("is not")))
        return (
            FilterField(
                "name", w("Name"), "text", (("contains", w("contains")), *eq, ("isnull", w("is empty")))
            ),
            FilterField("kind", w("Kind"), "choice", (*eq, ("in", w("is one of"))), self.states()),
            FilterField("city", w("City"), "text", (*eq, ("in", w("is one of")))),
            FilterField("owner", w("Owner"), "link", eq, lookup_url="/lookup"),
            FilterField("created_at", w("Created on"), "day", (("lt", w("before")), ("gt", w("after")))),
            FilterField("vip", w("VIP"), "flag", (("eq", w("is")),)),
        )

    def list(self, q: str = "", filter_json: str = "", kind: str = "") -> ListView:
        w = self.w
        empty = q == "zzz"
        tree = json.loads(filter_json) if filter_json else None
        rows = () if empty else self.rows(12 if q else 80)
        return ListView(
            title=w("Customers"),
            url="/list",
            resource="customer.customer",
            views=ViewBar(
                links=(
                    MenuLink(w("All"), "/list", active=True),
                    MenuLink(w("Mine"), "/list?mine=1"),
                    MenuLink(w("Archived"), "/list?archived=1"),
                ),
                changed=tree is not None,
                reset_url="/list",
                save_as_url="/archive",
            ),
            columns=self.columns(),
            rows=rows,
            pager=Pager(1, len(rows), 0 if empty else 7128, next_url="/list?page=2"),
            q=q,
            quick_filters=(
                QuickFilter("kind", w("Kind"), self.states(kind, "All states")),
                QuickFilter(
                    "owner",
                    w("Owner"),
                    (
                        Option("", w("All owners"), selected=True),
                        Option("1", w("Li Siyuan")),
                        Option("2", w("Wang Yutong")),
                    ),
                ),
            ),
            filter_url="/filter-fields",
            filter_json=filter_json,
            chips=(Chip(w("City is Shanghai"), "/list"),) if tree else (),
            keep={"sort": "name"},
            columns_url="/columns",
            groups_url="/groups",
            widths_url="/widths",
            actions=(
                ActionView("export", w("Export"), "/export", "download", dialog=True),
                ActionView("create", w("New customer"), "/form", "plus", primary=True),
            ),
            empty=EmptyView(
                "building-store",
                w("No customers match"),
                w("Loosen the conditions, or create the first one."),
                "/list",
                "/form",
                w("New customer"),
            )
            if empty
            else None,
        )

    def sections(self, wrong: bool = False) -> tuple[FieldSection, ...]:
        w = self.w
        name = w("East China Precision")
        return (
            FieldSection(
                w("Basics"),
                (
                    FieldView(
                        "name",
                        w("Name"),
                        "text",
                        "" if wrong else name,
                        Markup(name),
                        required=True,
                        max_length=200,
                        errors=(w("A name is needed."),) if wrong else (),
                    ),
                    FieldView(
                        "kind",
                        w("Kind"),
                        "choice",
                        "active",
                        self.tag("Active", "ok"),
                        required=True,
                        options=self.states("active"),
                    ),
                    FieldView(
                        "owner",
                        w("Owner"),
                        "link",
                        2,
                        self.who("Wang Yutong", 3),
                        lookup_url="/lookup",
                        link_label=w("Wang Yutong"),
                    ),
                    FieldView(
                        "parent",
                        w("Parent"),
                        "link",
                        "",
                        Markup(""),
                        lookup_url="/lookup",
                        create_url="/quick-create",
                    ),
                    FieldView(
                        "phone",
                        w("Phone"),
                        "phone",
                        "021-5588 0021",
                        Markup('<a class="gx-tel" href="tel:+862155880021">021-5588 0021</a>'),
                        errors=(w("This number cannot be called."),) if wrong else (),
                    ),
                    FieldView(
                        "email",
                        w("Email"),
                        "email",
                        "zhou@example.com",
                        Markup('<a href="mailto:zhou@example.com">zhou@example.com</a>'),
                    ),
                    FieldView("employees", w("Employees"), "integer", 860, Markup("860")),
                    FieldView("since", w("Open since"), "day", "2024-05-17", Markup("2024-05-17")),
                    FieldView(
                        "tax_number",
                        w("Tax number"),
                        "text",
                        "91310112MA1G0000X7",
                        Markup("91310112MA1G0000X7"),
                        help=w("Only shown inside."),
                    ),
                    FieldView("vip", w("VIP"), "flag", True, Markup("✓")),
                    FieldView(
                        "tags",
                        w("Tags"),
                        "tags",
                        ["MES", w("Headquarters")],
                        Markup('<span class="gx-tag">MES</span> <span class="gx-tag">{}</span>').format(
                            w("Headquarters")
                        ),
                        wide=True,
                    ),
                    FieldView(
                        "created_by", w("Created by"), "text", "", Markup(w("Li Siyuan")), readonly=True
                    ),
                    FieldView(
                        "notes",
                        w("Notes"),
                        "multiline",
                        w("Likes to be called in the morning."),
                        Markup(w("Likes to be called in the morning.")),
                    ),
                ),
            ),
        )

    def line(self, index: str, number: str = "", wrong: bool = False) -> LineView:
        w = self.w
        name = f"phones.{index}"
        return LineView(
            index if number else "",
            (
                FieldView(
                    f"{name}.number",
                    w("Number"),
                    "phone",
                    number,
                    required=True,
                    errors=(w("This number cannot be called."),) if wrong else (),
                ),
                FieldView(
                    f"{name}.kind",
                    w("Kind"),
                    "choice",
                    "office",
                    options=(Option("office", w("Office")), Option("mobile", w("Mobile"))),
                    required=True,
                ),
                FieldView(f"{name}.extension", w("Extension"), "text"),
                FieldView(f"{name}.main", w("Main"), "flag", index == "0"),
            ),
        )

    def form(self, wrong: bool = False) -> FormView:
        w = self.w
        return FormView(
            title=w("Edit customer"),
            action="/form?wrong=1",
            cancel_url="/record",
            sections=self.sections(wrong),
            lines=(
                LinesView(
                    "phones",
                    w("Phones"),
                    (w("Number"), w("Kind"), w("Extension"), w("Main")),
                    (self.line("0", "021-5588 0021"), self.line("1", "12", wrong)),
                    self.line("__i__"),
                    w("Add a phone"),
                ),
            ),
            version=3,
            draft_key="specimen:customer:1",
            conflicts=((w("Kind"), self.tag("Sleeping", "warn"), self.tag("Active", "ok")),) if wrong else (),
        )

    def quick(self, name: str = "", wrong: bool = False) -> FormView:
        fields = tuple(
            replace(field, value=name if field.name == "name" else "")
            for field in self.sections(wrong)[0].fields[:2]
        )
        return FormView(self.w("New customer"), "/quick-create", "", (FieldSection("", fields),))

    def call(self) -> FormView:
        w = self.w
        return FormView(
            w("Log a call"),
            "/log-call",
            "",
            (
                FieldSection(
                    "",
                    (
                        FieldView("subject", w("Subject"), "text", required=True, wide=True),
                        FieldView("at", w("Created on"), "instant", "2026-11-22T09:41"),
                        FieldView(
                            "contact", w("Contact"), "link", lookup_url="/lookup", create_url="/quick-create"
                        ),
                        FieldView("result", w("Result"), "multiline"),
                    ),
                ),
            ),
        )

    def archive(self) -> FormView:
        w = self.w
        return FormView(
            w("Archive"),
            "/log-call",
            "",
            (FieldSection("", (FieldView("reason", w("Reason"), "multiline", required=True),)),),
        )

    def timeline(self) -> TimelineView:
        w = self.w
        person = w("Wang Yutong")
        return TimelineView(
            entries=(
                TimelineEntry(
                    5,
                    "call",
                    "phone-incoming",
                    "ok",
                    w("Call from Zhou Jianguo"),
                    Markup(w("Asked for delivery before 20 December.")),
                    w("today 09:41"),
                    "2026-11-22T01:41:00Z",
                    person,
                ),
                TimelineEntry(
                    4,
                    "note",
                    "note",
                    "warn",
                    w("Note"),
                    Markup(w("Likes to be called in the morning.")),
                    w("yesterday 17:20"),
                    "2026-11-21T09:20:00Z",
                    person,
                    delete_url="/timeline",
                ),
                TimelineEntry(
                    3,
                    "attachment",
                    "paperclip",
                    "info",
                    w("File attached"),
                    Markup(""),
                    "11-19 15:02",
                    "2026-11-19T07:02:00Z",
                    person,
                    file_url="/export",
                    file_name=w("Contract.pdf"),
                    file_size="1.2 MB",
                ),
                TimelineEntry(
                    2,
                    "updated",
                    "pencil",
                    "mute",
                    w("Changed"),
                    Markup(""),
                    "11-18 10:11",
                    "2026-11-18T02:11:00Z",
                    person,
                    changes=(
                        (w("Kind"), self.tag("Potential", "mute"), self.tag("Active", "ok")),
                        (w("City"), Markup(""), Markup(w("Shanghai"))),
                    ),
                ),
                TimelineEntry(
                    1,
                    "created",
                    "sparkles",
                    "violet",
                    w("Created"),
                    Markup(""),
                    "11-15 09:00",
                    "2026-11-15T01:00:00Z",
                    w("Li Siyuan"),
                ),
            ),
            segments=(
                MenuLink(w("All"), "/timeline", active=True),
                MenuLink(w("Notes only"), "/timeline?kind=note"),
                MenuLink(w("Files"), "/timeline?kind=file"),
                MenuLink(w("Changes"), "/timeline?kind=change"),
            ),
            note_url="/timeline",
            attach_url="/timeline",
            more_url="/timeline?page=2",
        )

    def panels(self) -> tuple[Panel, ...]:
        w = self.w
        return (
            Panel(
                "contacts",
                w("Contacts"),
                (
                    PanelItem(
                        "周建国",
                        w("Purchasing manager · decides"),
                        "/record",
                        Avatar("建国", 4),
                        action_url="tel:+8613800000000",
                        action_icon="phone",
                        action_label=w("Call"),
                    ),
                    PanelItem(
                        "吴敏",
                        w("IT director"),
                        "/record",
                        Avatar("吴敏", 5),
                        action_url="tel:+8613800000001",
                        action_icon="phone",
                        action_label=w("Call"),
                    ),
                ),
                add_url="/quick-create",
                add_label=w("Add a contact"),
            ),
            Panel(
                "children",
                w("Subsidiaries"),
                empty=w("Nothing below this customer."),
                add_url="/quick-create",
                add_label=w("New customer"),
            ),
        )

    def record(self, archived: bool = False) -> RecordView:
        w = self.w
        return RecordView(
            title=w("East China Precision"),
            subtitle=f"C-010023 · {w('Manufacturing')} · {w('Shanghai')}",
            avatar=Avatar("华东" if self.lang == "zh" else "EC", 1),
            icon="building",
            url="/record",
            list_url="/list",
            list_title=w("Customers"),
            version=3,
            tags=(Option("", w("Active"), "ok"), Option("", "A", "violet")),
            banners=(
                Banner(
                    w("Archived yesterday by Wang Yutong: duplicate."),
                    "warn",
                    "archive",
                    ActionView("restore", w("Restore"), "/record", "archive-off", post=True),
                ),
            )
            if archived
            else (),
            cards=(self.timeline(),),
            panels=(*(Panel("", s.title, fields=s.fields[1:]) for s in self.sections()), *self.panels()),
            actions=(
                ActionView("edit", w("Edit"), "/form", "pencil", primary=True),
                ActionView("log-call", w("Log a call"), "/log-call", "phone", dialog=True),
            ),
            more_actions=(ActionView("restore", w("Restore"), "/record", "archive-off", post=True),)
            if archived
            else (
                ActionView("print", w("Print"), "/record", "printer"),
                ActionView("archive", w("Archive"), "/archive", "archive", dialog=True, danger=True),
            ),
        )

    def cards(self) -> tuple[Panel, ...]:
        w = self.w
        return (
            Panel(
                "due",
                w("Due today"),
                (
                    PanelItem(
                        w("Call back"),
                        w("East China Precision"),
                        "/record",
                        icon="phone",
                        tag=Option("", w("Overdue"), "bad"),
                    ),
                    PanelItem(w("Send the offer"), w("Maitian Commerce"), "/record", icon="file-text"),
                ),
            ),
            Panel(
                "new",
                w("New customers"),
                tuple(
                    PanelItem(w(name), w("Shanghai"), "/record", self.avatar(name, number + 1))
                    for number, name in enumerate(
                        ("Yunfan Technology", "Hengxin Medical", "Tianfu Logistics")
                    )
                ),
            ),
            *self.panels(),
        )
