"""The list page beyond rows: views that are kept, groups, totals, columns and counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import text as sql

from core.access.actor import OPERATOR
from core.db.fields import Sensitivity
from core.kernel import Kernel
from core.resources.filters import All, Condition
from core.resources.query import Order
from core.resources.views.query import ViewQuery
from core.resources.views.services import Audience, create_view
from core.testing.plugin import Browser
from core.web.pages.lists import page as list_page
from tests.core.conftest import Statements
from tests.core.web.test_pages_records import SCRIPT, MakeBrowser, decoded, text, titles, values

LIST = "/customer/customers"
Seed = Callable[..., list[int]]
Query = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    """Pages name files of the build."""
    pytest.importorskip("core.web.assets.builder").build()


@pytest.fixture
def ada(client: MakeBrowser) -> Browser:
    """An administrator who reads English."""
    return client("administrator", name="Ada")


@pytest.fixture
def seed(committed: Callable[[], Any], kernel: Kernel) -> Seed:
    """Creates and commits records: ``seed([{"name": "Acme"}])``."""

    def seed(rows: list[dict[str, Any]], resource: str = "customer.customer") -> list[int]:
        with committed() as session:
            return kernel.resources[resource].service.create(session, rows, actor=OPERATOR)

    return seed


@pytest.fixture
def query(committed: Callable[[], Any]) -> Query:
    """What the database holds: ``query("select ...")``."""

    def query(statement: str) -> Any:
        with committed() as session:
            return session.execute(sql(statement)).all()

    return query


@pytest.fixture
def keep(committed: Callable[[], Any], kernel: Kernel) -> Callable[..., int]:
    """Keeps a view for others: ``keep("Hot", ViewQuery(...), audience=Audience.SHARED)``."""

    def keep(name: str, shown: ViewQuery, **options: Any) -> int:
        with committed() as session:
            resource = kernel.resources["customer.customer"]
            return create_view(
                session, resource, name, shown, actor=OPERATOR, **{"audience": Audience.SHARED, **options}
            )

    return keep


def save(browser: Browser, address: str, name: str, **form: str) -> int:
    """Keep what the list shows at an address; gives the number of the view."""
    answer = browser.post(f"{LIST}/views/new?{address}", {"name": name, **form}, headers=SCRIPT)
    assert answer.status_code == 204, answer.text
    url = urlsplit(answer.headers["HX-Redirect"])
    assert url.path == LIST
    return int(parse_qs(url.query)["view"][0])


def segments(page: str) -> dict[str, bool]:
    """The views beside the title, each with whether it is in force."""
    nav = re.search(r'<nav class="gx-segments".*?</nav>', page, flags=re.DOTALL)
    assert nav is not None
    links = re.findall(r"<a [^>]*?(aria-current[^>]*)?title=\"([^\"]*)\"", nav[0])
    return {unescape(title): bool(current) for current, title in links}


def heads_of(page: str) -> list[str]:
    """The labels of the columns."""
    found = re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", page, flags=re.DOTALL)
    return [text(each).strip() for each in found]


def folds(page: str) -> list[str]:
    """The heads of groups as they are read: ``Active 2``."""
    found = re.findall(r'<button[^>]* class="gx-fold-toggle".*?</button>', page, flags=re.DOTALL)
    return [text(each).strip() for each in found]


ROWS = [
    {"name": "Acme", "kind": "active", "city": "上海", "employees": 50, "industry": "Steel"},
    {"name": "Baltic", "kind": "lost", "city": "上海", "employees": 1200},
    {"name": "Corner", "kind": "active", "employees": 8, "industry": "Banking"},
]

SHANGHAI = ViewQuery(
    where=All((Condition("city", "eq", "上海"), Condition("kind", "eq", "active"))),
    sort=(Order("employees", True),),
    columns=("city", "industry", "kind"),
    totals=(("employees", "sum"),),
)


# Views


def test_what_a_list_shows_is_kept_and_opened_again(ada: Browser, seed: Seed) -> None:
    seed(ROWS)
    tree = quote('{"and":[{"field":"employees","op":"gt","value":10}]}')
    address = f"kind=active&filter={tree}&sort=-employees&columns=employees,city&q=a"
    address += "&totals=employees:sum&per_page=20"
    page = ada.get(f"{LIST}?{address}").text
    assert titles(page) == ["Acme"]
    assert "Save view" in page
    number = save(ada, address, "Active and big")
    page = ada.get(f"{LIST}?view={number}").text
    assert titles(page) == ["Acme"]
    assert segments(page) == {"All": False, "Mine": False, "Archived": False, "Active and big": True}
    assert heads_of(page) == ["Name", "Employees", "City"]
    kept = values(page)
    assert (kept["q"], kept["sort"], kept["per_page"]) == ("a", "-employees", "20")
    assert re.search(r'<option value="active" selected>', page)
    assert "Save view" not in page
    assert "gx-changed" not in page


def test_the_address_of_a_private_view_shows_others_the_same(
    ada: Browser, client: MakeBrowser, seed: Seed
) -> None:
    seed(ROWS)
    number = save(ada, "kind=active&sort=-name", "Mine alone")
    page = ada.get(f"{LIST}?view={number}").text
    lasting = re.search(r'data-lasting="([^"]*)"', page)
    assert lasting is not None
    ben = client("administrator", name="Ben")
    theirs = ben.get(unescape(lasting[1])).text
    assert titles(theirs) == titles(page) == ["Corner", "Acme"]
    assert "Mine alone" not in theirs
    by_number = ben.get(f"{LIST}?view={number}").text
    assert "This view is not there any more, or it is not shared with you." in text(by_number)
    assert titles(by_number) == ["Acme", "Baltic", "Corner"]
    # The owner sees his view at that address too, unchanged.
    assert segments(ada.get(unescape(lasting[1])).text)["Mine alone"]
    assert "gx-changed" not in ada.get(unescape(lasting[1])).text


def test_a_shared_view_stands_in_the_address_by_its_number(ada: Browser, keep: Any) -> None:
    number = keep("Hot", ViewQuery(q="steel"))
    page = ada.get(f"{LIST}?view={number}&page=1").text
    lasting = re.search(r'data-lasting="([^"]*)"', page)
    assert lasting is not None
    assert unescape(lasting[1]) == f"{LIST}?view={number}&page=1"


def test_a_view_that_is_changed_says_so_and_can_be_saved_or_left(
    ada: Browser, seed: Seed, query: Query
) -> None:
    seed(ROWS)
    number = save(ada, "kind=active", "Active")
    changed = f"view={number}&segment=all&kind=active&sort=-name"
    page = ada.get(f"{LIST}?{changed}").text
    assert "gx-changed" in page
    assert titles(page) == ["Corner", "Acme"]
    reset = re.search(r'href="([^"]*)" data-swap>Reset', page)
    assert reset is not None
    assert titles(ada.get(unescape(reset[1])).text) == ["Acme", "Corner"]
    address = re.search(r'formaction="([^"]*/save[^"]*)"', page)
    assert address is not None
    answer = ada.post(unescape(address[1]))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}?view={number}")
    page = ada.get(f"{LIST}?view={number}").text
    assert titles(page) == ["Corner", "Acme"]
    assert "gx-changed" not in page
    # The same conditions in another order are no change.
    turned = quote('{"and":[{"field":"kind","value":"active"}]}')
    assert "gx-changed" not in ada.get(f"{LIST}?view={number}&sort=-name&filter={turned}").text
    assert query("select version from core_saved_view") == [(2,)]


def test_the_default_opens_without_parameters_and_all_stays_reachable(
    ada: Browser, client: MakeBrowser, seed: Seed, keep: Any
) -> None:
    seed(ROWS)
    keep("Lost ones", ViewQuery(q="baltic"), is_default=True)
    page = ada.get(LIST).text
    assert titles(page) == ["Baltic"]
    assert segments(page)["Lost ones"]
    assert titles(ada.get(f"{LIST}?segment=all").text) == ["Acme", "Baltic", "Corner"]
    assert titles(ada.get(f"{LIST}?sort=-name").text) == ["Corner", "Baltic", "Acme"]
    own = save(ada, "q=corner", "Own", own_default="1")
    assert titles(ada.get(LIST).text) == ["Corner"]
    assert titles(client("analyst").get(LIST).text) == ["Baltic"]
    assert ada.post(f"{LIST}/views/default").status_code == 303
    assert titles(ada.get(LIST).text) == ["Acme", "Baltic", "Corner"]
    assert ada.post(f"{LIST}/views/{own}/default").status_code == 303
    assert titles(ada.get(LIST).text) == ["Corner"]
    assert ada.post(f"{LIST}/views/default/forget").status_code == 303
    assert titles(ada.get(LIST).text) == ["Baltic"]


def test_a_name_that_is_taken_keeps_the_dialog_open(ada: Browser, query: Query) -> None:
    save(ada, "kind=active", "Hot")
    dialog = ada.get(f"{LIST}/views/new?kind=lost", headers=SCRIPT).text
    assert "Save as a view" in dialog
    answer = ada.post(f"{LIST}/views/new?kind=lost", {"name": "Hot", "audience": "private"}, headers=SCRIPT)
    assert answer.status_code == 422
    assert "There is a view with this name already." in text(answer.text)
    assert values(answer.text)["name"] == "Hot"
    answer = ada.post(f"{LIST}/views/new?kind=lost", {"name": "", "audience": "private"}, headers=SCRIPT)
    assert answer.status_code == 422
    answer = ada.post(
        f"{LIST}/views/new?kind=lost", {"name": "X", "audience": "role", "role": "king"}, headers=SCRIPT
    )
    assert answer.status_code == 422
    assert query("select name from core_saved_view") == [("Hot",)]


def test_only_those_who_may_share_are_asked_for_whom_a_view_is(
    client: MakeBrowser, keep: Any, query: Query
) -> None:
    manager, supervisor = client("account_manager"), client("sales_supervisor")
    assert 'name="audience"' not in manager.get(f"{LIST}/views/new").text
    assert 'name="audience"' in supervisor.get(f"{LIST}/views/new").text
    answer = manager.post(f"{LIST}/views/new", {"name": "Mine", "audience": "shared"}, headers=SCRIPT)
    assert answer.status_code == 403
    number = keep("Hot", ViewQuery(q="steel"))
    for path, form in (
        (f"{number}/edit", {"name": "Cold", "audience": "private"}),
        (f"{number}/save?kind=lost", {}),
        (f"{number}/delete", {}),
    ):
        assert manager.post(f"{LIST}/views/{path}", form).status_code == 403, path
    page = manager.get(f"{LIST}?view={number}").text
    for action in ("edit", "save", "delete"):
        assert f"views/{number}/{action}" not in page
    assert query("select name, audience, query from core_saved_view where deleted_at is null") == [
        ("Hot", "shared", {"q": "steel"})
    ]
    save(supervisor, "kind=lost", "Lost", audience="role", role="account_manager")
    assert "Lost" in segments(manager.get(LIST).text)


def test_a_view_is_renamed_shared_deleted_and_brought_back(
    ada: Browser, client: MakeBrowser, query: Query
) -> None:
    number = save(ada, "kind=active", "Active")
    dialog = ada.get(f"{LIST}/views/{number}/edit", headers=SCRIPT).text
    assert (values(dialog)["name"], values(dialog)["version"]) == ("Active", "1")
    form = {"name": "Active ones", "audience": "shared", "is_default": "1", "version": "1"}
    assert ada.post(f"{LIST}/views/{number}/edit", form, headers=SCRIPT).status_code == 204
    assert ada.post(f"{LIST}/views/{number}/edit", form, headers=SCRIPT).status_code == 412
    assert segments(client("analyst").get(LIST).text)["Active ones"]
    answer = ada.post(f"{LIST}/views/{number}/delete")
    assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    page = ada.get(LIST).text
    assert "Active ones" not in segments(page)
    assert f'formaction="{LIST}/views/{number}/restore"' in page
    assert ada.get(f"{LIST}?view={number}").status_code == 200
    assert ada.post(f"{LIST}/views/{number}/restore").status_code == 303
    assert segments(ada.get(f"{LIST}?view={number}").text)["Active ones"]
    assert query("select name, audience, is_default, deleted_at from core_saved_view") == [
        ("Active ones", "shared", False, None)
    ]


def test_views_are_put_in_order_and_those_behind_lie_in_a_menu(ada: Browser) -> None:
    numbers = [save(ada, "kind=active", name) for name in ("A", "B", "C", "D", "E")]
    page = ada.get(LIST).text
    assert list(segments(page))[3:] == ["A", "B", "C"]
    assert "More views" in page
    dialog = ada.get(f"{LIST}/views/order", headers=SCRIPT).text
    assert re.findall(r'name="view" value="(\d+)"', dialog) == [str(each) for each in numbers]
    answer = ada.post(f"{LIST}/views/order", {"view": [str(each) for each in reversed(numbers)]})
    assert answer.status_code == 303
    assert list(segments(ada.get(LIST).text))[3:] == ["E", "D", "C"]
    # The one in force always stands beside the title.
    assert list(segments(ada.get(f"{LIST}?view={numbers[0]}").text))[3:] == ["E", "D", "A"]
    assert ada.post(f"{LIST}/views/order", {"view": ["999"]}).status_code == 404


def test_a_view_on_hidden_fields_shows_nothing_and_names_nothing(
    ada: Browser, client: MakeBrowser, seed: Seed, keep: Any, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(ROWS)
    customers = kernel.resources["customer.customer"]
    number = keep("Insiders", SHANGHAI)
    analyst = client("analyst")
    assert titles(analyst.get(f"{LIST}?view={number}").text) == ["Acme"]
    for name in ("city", "industry", "employees"):
        secret = replace(customers.fields[name].word, sensitivity=Sensitivity.SECRET)
        monkeypatch.setattr(customers.fields[name], "word", secret)
    answer = analyst.get(f"{LIST}?view={number}")
    assert answer.status_code == 200
    said = text(answer.text)
    assert "Not available to you: 2 columns, 1 condition, 2 settings." in said
    assert titles(answer.text) == []
    for word in ("City", "Industry", "Employees", "上海", "employees", "industry", '"city', "%22city"):
        assert word not in unescape(answer.text), word
    # Nothing that the page leads to gives more away or fails.
    for href in set(
        re.findall(
            r'(?:href|data-dialog)="(/customer/customers\?[^"]*|[^"]*/(?:columns|groups|count)\?[^"]*)"',
            answer.text,
        )
    ):
        followed = analyst.get(unescape(href))
        assert followed.status_code == 200, href
        assert "上海" not in followed.text
    assert titles(ada.get(f"{LIST}?view={number}").text) == ["Acme"]
    assert "Not available" not in ada.get(f"{LIST}?view={number}").text


# Groups and totals


def test_a_grouped_list_shows_counts_and_opens_the_first_groups(ada: Browser, seed: Seed) -> None:
    seed(ROWS)
    page = ada.get(f"{LIST}?group=kind&columns=employees&totals=employees:sum").text
    assert folds(page) == ["Active 2", "Lost 1"]
    assert titles(page) == ["Acme", "Corner", "Baltic"]
    assert "2 groups · 3 records" in text(page)
    sums = re.findall(r'class="gx-fold gx-level-0">.*?<td class="gx-r">([^<]*)</td>', page, flags=re.DOTALL)
    assert sums == ["58", "1,200"]
    assert "Sum 1,258" in text(page)


def test_a_group_is_opened_by_its_address(ada: Browser, seed: Seed) -> None:
    seed(
        [{"name": f"n{n:03}", "kind": "active", "city": "上海"} for n in range(100)]
        + [{"name": "z", "kind": "lost"}]
    )
    page = ada.get(f"{LIST}?group=city&city.isnull=false").text
    assert titles(page) == [f"n{n:03}" for n in range(80)]
    more = re.search(r'data-more-rows="([^"]*)"', page)
    assert more is not None
    rows = ada.get(unescape(more[1])).text
    assert "<html" not in rows
    assert titles(rows) == [f"n{n:03}" for n in range(80, 100)]
    assert "data-more-rows" not in rows
    page = ada.get(f"{LIST}?group=kind,city").text
    assert folds(page) == ["Active 100", "上海 100", "Lost 1"]
    urls = [unescape(each) for each in re.findall(r'data-group="([^"]*)"', page)]
    assert titles(ada.get(f"{urls[2]}&in=.").text) == ["z"]
    assert len(titles(ada.get(urls[1]).text)) == 80
    assert folds(ada.get(urls[2]).text) == ["Without a value 1"]


def test_many_groups_are_folded_at_first(ada: Browser, seed: Seed) -> None:
    seed([{"name": f"n{n}", "industry": f"i{n:02}"} for n in range(20)])
    page = ada.get(f"{LIST}?group=industry").text
    assert len(folds(page)) == 20
    assert titles(page) == []
    assert 'aria-expanded="true" data-group' not in page


@pytest.mark.parametrize(
    "query",
    [
        "group=colour",
        "group=name",
        "group=kind,kind",
        "group=kind:month",
        "totals=name:sum",
        "totals=employees:x",
        "totals=employees",
    ],
)
def test_groups_and_totals_that_are_none_are_refused(ada: Browser, query: str) -> None:
    assert ada.get(f"{LIST}?{query}").status_code == 422


@pytest.mark.parametrize("inside", ["", "in=", "in=.active&in=.x", "in=.purple", "in=.2026"])
def test_a_group_that_is_none_is_refused(ada: Browser, inside: str) -> None:
    assert ada.get(f"{LIST}/group?group=kind&{inside}").status_code == 422


def test_totals_are_over_all_records_not_the_page(ada: Browser, seed: Seed) -> None:
    seed([{"name": f"n{n}", "employees": n} for n in range(100)] + [{"name": "none"}])
    for measure, said in (
        ("sum", "Sum 4,950"),
        ("avg", "Average 49.5"),
        ("min", "Smallest 0"),
        ("max", "Largest 99"),
    ):
        page = ada.get(f"{LIST}?columns=employees&totals=employees:{measure}&per_page=10").text
        assert said in text(page), measure
        assert "1–10 of 101" in text(page)
    assert "<tfoot" not in ada.get(f"{LIST}?columns=city").text


def test_a_list_takes_few_statements_whatever_it_shows(
    ada: Browser, seed: Seed, keep: Any, statements: Statements
) -> None:
    number = keep("Hot", SHANGHAI)
    addresses = (
        "",
        f"view={number}",
        "columns=employees,founded_year&totals=employees:sum,founded_year:max&sort=-employees",
        "group=kind&columns=employees&totals=employees:sum",
        "group=owner,created_at:month&columns=employees&totals=employees:avg",
        "group=industry&filter=" + quote('{"and":[{"field":"owner","op":"eq","value":1}]}'),
    )
    counts: list[list[int]] = []
    for rows in (3, 400):
        seed(
            [
                {
                    "name": f"n{n}",
                    "kind": ("active", "lost")[n % 2],
                    "employees": n,
                    "industry": f"i{n % 5}",
                    "owner": ada.actor.user_id,
                }
                for n in range(rows)
            ]
        )
        counts.append([])
        for address in addresses:
            with statements() as sent:
                assert ada.get(f"{LIST}?{address}").status_code == 200
            assert len(sent) <= 8, (address, len(sent), "\n".join(sent))
            counts[-1].append(len(sent))
    assert all(many <= few + 1 for few, many in zip(*counts, strict=True)), counts


# Columns, widths, counts


def test_columns_and_groups_are_offered_in_dialogs(ada: Browser) -> None:
    dialog = ada.get(f"{LIST}/columns?columns=city,employees,nonsense&sort=name", headers=SCRIPT).text
    boxes = re.findall(r'name="columns" value="(\w+)"( checked)?', dialog)
    assert [name for name, checked in boxes if checked] == ["city", "employees"]
    assert {"owner", "tags", "phone"} <= {name for name, checked in boxes if not checked}
    assert "name" not in dict(boxes)
    dialog = ada.get(f"{LIST}/groups?group=owner,created_at:week", headers=SCRIPT).text
    assert re.findall(r'value="([^"]*)" selected', dialog) == ["owner", "created_at:week"]
    assert 'value="tags"' not in dialog


def test_widths_are_kept_quietly_for_each_person_and_view(
    ada: Browser, client: MakeBrowser, keep: Any, seed: Seed
) -> None:
    seed(ROWS)
    number = keep("Hot", ViewQuery(widths=(("city", 30),)))
    ben = client("administrator", name="Ben")

    def widths(browser: Browser, address: str) -> dict[str, str]:
        page = browser.get(f"{LIST}?{address}").text
        return dict(re.findall(r'data-name="(\w+)" class="[^"]*gx-w-(\d+)"', page))

    assert (
        ada.post(f"{LIST}/views/widths", {"widths": '{"city": 20, "kind": 5000, "colour": 9}'}).status_code
        == 204
    )
    assert widths(ada, "segment=all") == {"city": "20", "kind": "80"}
    assert widths(ada, f"view={number}") == {"city": "30"}
    assert widths(ben, "segment=all") == {}
    assert ben.post(f"{LIST}/views/widths?view={number}", {"widths": '{"name": 40}'}).status_code == 204
    assert widths(ben, f"view={number}") == {"name": "40", "city": "30"}
    assert widths(ada, f"view={number}") == {"city": "30"}
    for wrong in ("", "[]", "{", '{"city": "wide"}'):
        assert ada.post(f"{LIST}/views/widths", {"widths": wrong}).status_code == 422
    assert ada.post(f"{LIST}/views/widths?view=999", {"widths": "{}"}).status_code == 404
    assert ada.post(f"{LIST}/views/widths", {"csrf_token": "", "widths": "{}"}).status_code == 403
    assert widths(ada, "segment=all") == {"city": "20", "kind": "80"}


def test_a_long_list_is_counted_after_it_is_shown(
    ada: Browser, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_page, "COUNTED", 20)
    seed([{"name": f"n{n:02}", "kind": "active" if n < 15 else "lost"} for n in range(45)])
    page = ada.get(f"{LIST}?per_page=10&sort=name").text
    assert "1–10 of 20+" in text(page)
    url = re.search(r'data-count="([^"]*)"', page)
    assert url is not None
    assert decoded(ada.get(unescape(url[1]))) == {"total": "45"}
    assert "1–10 of 15" in text(ada.get(f"{LIST}?per_page=10&kind=active").text)
    assert "31–40 of 40+" in text(ada.get(f"{LIST}?per_page=10&page=4").text)
    last = ada.get(f"{LIST}?per_page=10&page=5").text
    assert "41–45 of 45" in text(last)
    assert "data-count" not in last
    assert titles(ada.get(f"{LIST}?per_page=10&page=9&sort=name").text) == [f"n{n}" for n in range(40, 45)]


def test_more_or_fewer_rows_fit_on_a_page_and_a_view_keeps_it(ada: Browser, seed: Seed) -> None:
    seed([{"name": f"n{n:02}"} for n in range(30)])
    page = ada.get(f"{LIST}?per_page=20&page=2").text
    assert "20 a page" in text(page)
    size = re.search(r'href="([^"]*per_page=40[^"]*)"', page)
    assert size is not None
    assert len(titles(ada.get(unescape(size[1])).text)) == 30
    number = save(ada, "per_page=20", "Short")
    assert len(titles(ada.get(f"{LIST}?view={number}").text)) == 20
    seed([{"name": "single"}])
    assert " a page" not in text(ada.get(f"{LIST}?q=single").text)


def test_a_vocabulary_is_asked_for_when_its_filter_is_opened(
    ada: Browser, seed: Seed, kernel: Kernel, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        kernel.resources["customer.customer"], "quick_filters", ("kind", "industry"), raising=False
    )
    seed(ROWS)
    with statements() as sent:
        page = ada.get(f"{LIST}?industry=Steel").text
    assert titles(page) == ["Acme"]
    assert f'data-lookup="{LIST}/suggest/industry"' in page
    assert values(page)["industry"] == "Steel"
    assert not [each for each in sent if "GROUP BY" in each]
    assert [item["id"] for item in decoded(ada.get(f"{LIST}/suggest/industry"))["items"]] == [
        "Banking",
        "Steel",
    ]


def test_a_script_gets_the_head_beside_the_card(ada: Browser, seed: Seed) -> None:
    seed(ROWS)
    answer = ada.get(f"{LIST}?kind=active", headers=SCRIPT).text
    assert 'id="list-head" hx-swap-oob="outerMorph"' in answer
    assert "kind=active" in unescape(re.search(r'"([^"]*/export[^"]*)"', answer)[1])  # type: ignore[index]


# What records hold stays text


def test_what_stands_in_cells_is_text_in_rows_and_in_groups(ada: Browser, seed: Seed) -> None:
    evil = "<i id=x onclick=y>"
    names = ("level", "industry", "city", "source", "description")
    [parent] = seed([{"name": f"{evil}parent"}])
    seed([{"name": f"{evil}name", "parent": parent, "tags": [evil], **dict.fromkeys(names, evil)}])
    shown = f"{LIST}?columns=name,kind,parent,tags,{','.join(names)}"
    for address in (shown, f"{shown}&group=kind"):
        for page in (ada.get(address), ada.get(address, headers=SCRIPT)):
            assert page.status_code == 200
            assert evil not in page.text
    assert ada.get(shown).text.count("&lt;i id=x onclick=y&gt;") >= len(names) + 4
