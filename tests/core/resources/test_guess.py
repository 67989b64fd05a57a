from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.i18n import LANGUAGES, speaking
from core.kernel import Kernel
from core.resources.gateway import Gateway
from core.resources.importing import Confidence, Guess, Reading, guess_mapping, make_plan, open_table
from core.resources.importing.synonyms import likeness
from core.testing.plugin import MakeActor

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the sample data is not part of the repository")


class Guessing:
    """Guesses for texts, and sees that what was guessed can be used."""

    def __init__(self, session: Session, kernel: Kernel) -> None:
        self.session = session
        self.kernel = kernel

    def __call__(
        self,
        content: str | bytes,
        resource: str = "customer.customer",
        *,
        actor: Actor = OPERATOR,
        **reading: Any,
    ) -> Guess:
        raw = content.encode() if isinstance(content, str) else content
        table = open_table(io.BytesIO(raw), Reading(**reading))
        gateway, found = Gateway(self.session, actor), self.kernel.resources[resource]
        guess = guess_mapping(gateway, found, table.header, table.rows())
        plan = make_plan(gateway, found, table.header, guess.mapping, key=guess.key)
        fields = [target.column.name for target in plan.targets if target.column is not None]
        assert len(fields) == len(set(fields))
        return guess


@pytest.fixture
def guessing(session: Session, kernel: Kernel) -> Guessing:
    return Guessing(session, kernel)


def wishes(guess: Guess) -> dict[str, Any]:
    return {column.header: column.wish for column in guess.columns if column.wish is not None}


def test_headers_of_chinese_tables_are_known(guessing: Guessing) -> None:
    guess = guessing(
        "客户名称*,联系人,手机号码,联系人电话,邮箱,税号,省,市,区/县,详细地址,所属行业,客户级别,员工人数（人）,备注\n"
        "北京华信,张三,13800138000,010-62345678,a@b.com,91110108MA01,北京,北京,海淀,中关村1号,软件,A,200人,好\n"
        "上海远景,李四,13900139000,,c@d.com,91310000MA01,上海,上海,浦东,世纪大道,贸易,B,1.5万,\n".encode(
            "gb18030"
        )
    )
    assert wishes(guess) == {
        "客户名称*": "name", "联系人": {"field": "contacts.contact", "create": True}, "手机号码": "phone",
        "联系人电话": "phones.number", "邮箱": "email", "税号": "tax_number", "省": "province", "市": "city",
        "区/县": "addresses.district", "详细地址": "addresses.street", "所属行业": "industry",
        "客户级别": "level",
        "员工人数（人）": "employees", "备注": "description",
    }  # fmt: skip
    assert (guess.key, guess.mode) == ("tax_number", "upsert")


def test_headers_of_english_tables_are_known(guessing: Guessing) -> None:
    guess = guessing(
        "Company Name,Primary Contact,Company Phone,MobilePhone,E-Mail Address,"
        "Street Address,Zip,State,Status\n"
        "Acme,Ada,+1 415 555 2671,,a@example.com,1 Main,94000,CA,Active\n"
        "Bolt,Ben,+1 415 555 2672,,b@example.com,2 Main,94001,CA,Lost\n"
    )
    assert wishes(guess) == {
        "Company Name": "name", "Primary Contact": {"field": "contacts.contact", "create": True},
        "Company Phone": "phones.number", "MobilePhone": "phone", "E-Mail Address": "email",
        "Street Address": "addresses.street", "Zip": "addresses.postcode", "State": "province",
        "Status": "kind",
    }  # fmt: skip
    assert guess.key == "name"


@pytest.mark.parametrize(
    "resource", ["customer.customer", "customer.contact", "customer.lead", "customer.activity"]
)
def test_who_sells_is_the_owner(guessing: Guessing, resource: str) -> None:
    for header in (
        "sales_agent",
        "Account Owner",
        "Assigned to",
        "负责人",
        "业务员",
        "所属客户经理",
        "跟进人",
    ):
        assert wishes(guessing(f"{header}\nAda\n", resource)) == {header: "owner"}


def test_leads_are_known_from_the_lists_of_a_fair(guessing: Guessing) -> None:
    guess = guessing(
        "公司名称,联系人,职务,手机,邮箱,所在城市,线索来源,需求描述,销售代表\n"
        "华信,张三,经理,13800138000,a@b.com,北京,展会,十台,\n",
        "customer.lead",
    )
    assert list(wishes(guess).values()) == [
        "company", "name", "job_title", "phone", "email", "city", "source", "description", "owner",
    ]  # fmt: skip


def test_cells_tell_what_headers_do_not(guessing: Guessing) -> None:
    guess = guessing(
        "a,b,c,d,e\nAcme,13800138000,a@example.com,https://a.example.com,potential\n"
        "Bolt,010-62345678,b@example.com,www.b.example.com,lost\n"
    )
    assert wishes(guess) == {"a": "name", "b": "phone", "c": "email", "d": "website", "e": "kind"}
    assert {column.confidence for column in guess.columns} == {Confidence.UNSURE}


def test_cells_that_are_part_of_a_label_mean_its_value(guessing: Guessing) -> None:
    guess = guessing("客户名称,客户状态\n云杉,潜在\n白杨,流失\n香樟,成交\n")
    assert wishes(guess)["客户状态"] == {"field": "kind", "values": {"潜在": "potential", "流失": "lost"}}


def test_names_of_records_that_are_there_tell_a_link(
    guessing: Guessing, kernel: Kernel, session: Session
) -> None:
    users = kernel.resources["core.user"]
    users.service.create(
        session, [{"name": f"Agent {n}", "email": f"agent{n}@example.com"} for n in "AB"], actor=OPERATOR
    )
    guess = guessing("name,who\nAcme,Agent A\nBolt,Agent B\n")
    assert wishes(guess)["who"] == "owner"


def test_cells_that_do_not_fit_speak_against_a_name(guessing: Guessing) -> None:
    guess = guessing("name,phone service,employees range,email\nA,yes,few,not known\nB,no,many,ask him\n")
    assert wishes(guess) == {"name": "name", "email": "email"}
    assert guess.columns[3].confidence is Confidence.LIKELY


def test_columns_of_the_system_are_left_out_unless_they_name_records(
    guessing: Guessing, kernel: Kernel, session: Session
) -> None:
    content = "number,version,id,created_at,name\nC-000001,1,1,2001-01-01,Acme\n"
    guess = guessing(content)
    assert wishes(guess) == {"name": "name"}
    customers = kernel.resources["customer.customer"]
    [number] = customers.service.create(session, [{"name": "Acme"}], actor=OPERATOR)
    given = Gateway(session, OPERATOR).get(customers, number)["number"]
    guess = guessing(content.replace("C-000001", given))
    assert (wishes(guess), guess.key) == ({"number": "number", "name": "name"}, "number")


def test_days_are_read_in_the_order_all_of_them_fit(guessing: Guessing) -> None:
    rows = "".join(f"P{n},3/{n % 12 + 1}/1980\n" for n in range(400))
    open_ = guessing(f"name,birthday\n{rows}", "customer.contact")
    assert (open_.columns[1].wish, open_.columns[1].is_order_open) == ("birthday", True)
    told = guessing(f"name,birthday\n{rows}Z,3/25/1980\n", "customer.contact")
    assert told.columns[1].wish == {"field": "birthday", "format": "mdy"}
    assert not told.columns[1].is_order_open
    plain = guessing("name,birthday\nA,1980-03-01\nB,1 Mar 1980\n", "customer.contact")
    assert (plain.columns[1].wish, plain.columns[1].is_order_open) == ("birthday", False)


def test_people_are_recognised_by_what_tells_them_apart(guessing: Guessing) -> None:
    content = "姓名,公司,手机\n张三,华信,13800138000\n张三,远景,13900139000\n"
    assert guessing(content, "customer.contact").key == "phone"
    assert guessing(content.replace("13900139000", ""), "customer.contact").key is None


def test_links_are_made_only_by_those_who_may(guessing: Guessing, actor_as: MakeActor) -> None:
    content = "name,owner,parent\nAcme,Nobody,Later\n"
    assert wishes(guessing(content))["parent"] == {"field": "parent", "create": True}
    assert wishes(guessing(content))["owner"] == "owner"
    reader = actor_as("executive")
    assert wishes(guessing(content, actor=reader))["parent"] == "parent"


def test_fields_hidden_from_the_importer_are_never_meant(guessing: Guessing, actor_as: MakeActor) -> None:
    from core.db.fields import Sensitivity

    word = guessing.kernel.resources["customer.customer"].fields["tax_number"].word
    assert word.sensitivity is not Sensitivity.SECRET
    object.__setattr__(word, "sensitivity", Sensitivity.SECRET)
    try:
        assert "税号" not in wishes(guessing("名称,税号\nA,1\n", actor=actor_as("account_manager")))
    finally:
        object.__setattr__(word, "sensitivity", Sensitivity.INTERNAL)
    assert wishes(guessing("名称,税号\nA,1\n", actor=actor_as("account_manager")))["税号"] == "tax_number"


def test_an_export_comes_back_where_it_came_from(guessing: Guessing) -> None:
    header = "name,type,kind,phone,parent,owner,tags,phones.number,phones.2.number"
    guess = guessing(f"{header}\nAcme,person,lost,+8613800138000,,,a,,\n")
    assert wishes(guess) == {name: name for name in header.split(",")}


def test_links_of_json_go_by_number_only_where_names_agree(
    guessing: Guessing, kernel: Kernel, session: Session
) -> None:
    customers = kernel.resources["customer.customer"]
    ids = customers.service.create(session, [{"name": "Twin"}, {"name": "Twin"}], actor=OPERATOR)
    line = '{{"name": "Acme", "parent": {{"id": {}, "label": "{}"}}}}\n'
    assert wishes(guessing(line.format(ids[1], "Twin"))) == {"name": "name", "parent.id": "parent.id"}
    assert wishes(guessing(line.format(ids[1], "Other")))["parent"] == {"field": "parent", "create": True}


def test_reasons_are_said_in_both_languages(guessing: Guessing) -> None:
    guess = guessing("客户名称,mood,a\nAcme,good,\n")
    for language in LANGUAGES:
        with speaking(language):
            said = [str(column.reason) for column in guess.columns]
            assert len(set(said)) == 3
    with speaking("zh"):
        assert not any(text.isascii() for text in map(str, (column.reason for column in guess.columns)))


def test_three_hundred_columns_are_guessed(guessing: Guessing) -> None:
    header = ["name", *(f"column {n}" for n in range(299))]
    guess = guessing(",".join(header) + "\n" + ",".join(["x"] * 300) + "\n")
    assert wishes(guess) == {"name": "name"}


@pytest.mark.parametrize(
    ("header", "word", "least", "most"),
    [
        ("联系人电话", "电话", 0.6, 0.9), ("联系人电话", "联系人", 0.2, 0.5), ("Company Phone",
        "phone", 0.6, 0.9),
        ("PhoneService", "phone", 0.2, 0.5), ("手机（必填）*", "手机", 1, 1), ("account_name",
        "Account Name", 1, 1),
        ("price", "name", 0, 0), ("unnamed", "name", 0, 0),
    ],
)  # fmt: skip
def test_a_header_means_what_stands_at_its_end(header: str, word: str, least: float, most: float) -> None:
    assert least <= likeness(header, word) <= most


@needs_data
def test_accounts_are_known_without_help(guessing: Guessing) -> None:
    guess = guessing((DATA / "pipeline" / "accounts.csv").read_bytes())
    assert wishes(guess) == {
        "account": "name", "sector": "industry", "year_established": "founded_year", "employees": "employees",
        "office_location": "country", "subsidiary_of": {"field": "parent", "create": True},
    }  # fmt: skip
    assert (guess.key, guess.mode) == ("name", "upsert")


@needs_data
def test_telecom_customers_and_surnames_find_their_name(guessing: Guessing) -> None:
    telco = guessing((DATA / "telco" / "telco_customers.csv").read_bytes())
    assert (wishes(telco), telco.key) == ({"customerID": "name"}, "name")
    surnames = guessing((DATA / "names_gb18030.txt").read_bytes())
    assert (wishes(surnames), surnames.key) == ({"NameB": "name"}, "name")
