"""Both languages are complete, and everybody is spoken to in the right one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from core.i18n import (
    LANGUAGES,
    Lazy,
    add_catalogue,
    gettext,
    lazy_gettext,
    lazy_pgettext,
    match_language,
    ngettext,
    pack,
    pgettext,
    speaking,
    unpack,
)
from core.kernel import Kernel
from core.kit.texts import Book, Room, key_of
from core.resources.declaration import Resource
from core.testing.plugin import Browser
from tools import check_texts
from tools.check_texts import ROOT

HOST = "http://main.localhost"

#: A text of each catalogue: context, English, Chinese.
SAMPLES: dict[str, tuple[str | None, str, str]] = {
    "core/core.po": (None, "Owner", "负责人"),
    "core/data.po": (None, "There is no such record.", "没有这条记录。"),
    "core/kit.po": (None, "There is no resource “%(name)s”.", "没有资源“%(name)s”。"),
    "core/setup.po": (None, "Wrong configuration", "配置有误"),
    "core/web.po": (None, "Archive", "归档"),
    "customer/customer.po": (None, "Contact", "联系人"),
    "industry_tradefair/industry_tradefair.po": (None, "Fair", "展会"),
}
#: Words that are the same in both languages.
PROPER = {"ID"}


CATALOGUES = {
    f"{room.name}/{book.path.name}": book.path for room in check_texts.rooms() for book in room.books
}


@pytest.mark.parametrize(("name", "path"), CATALOGUES.items(), ids=CATALOGUES)
def test_each_catalogue_is_spoken(name: str, path: Path) -> None:
    context, english, chinese = SAMPLES[name]
    add_catalogue(path.parents[2])
    assert any(key_of(message) == (context, english) for message in Book.read(path).messages)
    with speaking("zh"):
        assert (pgettext(context, english) if context else gettext(english)) == chinese
    with speaking("en"):
        assert (pgettext(context, english) if context else gettext(english)) == english


def test_an_addon_changes_no_word_that_others_say(tmp_path: Path, kernel: Kernel) -> None:
    book = tmp_path / "zh/LC_MESSAGES/shop.po"
    _write(book, 'msgid "Owner"\nmsgstr "东家"\n\nmsgid "Shop till"\nmsgstr "收银台"\n')
    add_catalogue(tmp_path)
    with speaking("zh"):
        assert (gettext("Owner"), gettext("Shop till")) == ("负责人", "收银台")


def test_everything_that_is_said_is_said_in_both_languages() -> None:
    assert [str(problem) for problem in check_texts.problems()] == []


# What the check finds


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Sources with an empty core and an addon ``shop`` that says "Open" in both languages."""
    _write(tmp_path / "core/__init__.py", "")
    _write(tmp_path / "addons/shop/addon.toml", 'name = "shop"\ntitle = "Shop"\nsummary = "Sells things"\n')
    _write(tmp_path / "addons/shop/views.py", 'say = _("Open")\n')
    _write(
        tmp_path / "addons/shop/translations/zh/LC_MESSAGES/shop.po",
        'msgid ""\nmsgstr "Language: zh\\n"\n\nmsgid "Open"\nmsgstr "营业中"\n\n'
        'msgid "Shop"\nmsgstr "商店"\n\nmsgid "Sells things"\nmsgstr "出售商品"\n',
    )
    return tmp_path


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def _add(house: Path, place: str, content: str) -> None:
    path = house / place
    _write(path, (path.read_text(encoding="utf-8") if path.exists() else "") + content)


def _found(house: Path) -> list[str]:
    return [str(problem).removeprefix(f"{house}/") for problem in check_texts.problems(house)]


def test_a_complete_house_has_nothing_to_complain_about(house: Path) -> None:
    assert _found(house) == []


@pytest.mark.parametrize(
    ("place", "content", "complaint"),
    [
        ("addons/shop/views.py", '\n_("New")', "views.py:3: no Chinese for “New”"),
        ("addons/shop/views.py", '_l("a"\n "b")', "views.py:2: no Chinese for “ab”"),
        ("addons/shop/views.py", '_p("door", "Open")', "views.py:2: no Chinese for “Open” (door)"),
        (
            "addons/shop/views.py",
            'ngettext("%(n)s day", "%(n)s days", 2)',
            "views.py:2: no Chinese for “%(n)s day”",
        ),
        ("addons/shop/views.py", '_(f"Open {say}")', "views.py:2: _() takes a text as it is"),
        (
            "addons/shop/hookspecs.py",
            '@hookspec\ndef prices(self):\n    """Give\n    prices. Isolated."""\ndef own():\n    """Own."""',
            "hookspecs.py:2: no Chinese for “Give prices.”",
        ),
        ("addons/shop/views.py", 'say = "打开"', "views.py:2: Chinese in the program"),
        ("addons/shop/views.py", '# Chinese as data\nsay = "打开"', ""),
        ("addons/shop/templates/a.html", '\n<p>{{ _("Shut") }}</p>', "a.html:2: no Chinese for “Shut”"),
        ("addons/shop/templates/a.html", "<p>\n Come in</p>", "a.html:2: “Come in” is not wrapped"),
        ("addons/shop/templates/a.html", "<p>{{ x }} 欢迎</p>", "a.html:1: “欢迎” is not wrapped"),
        ("addons/shop/templates/a.html", '<a title="More">{{ x }}</a>', "a.html:1: “More” is not wrapped"),
        (
            "addons/shop/templates/a.html",
            '{{ ui.button("Come in", url) }}',
            "a.html:1: “Come in” is not wrapped",
        ),
        ("addons/shop/templates/a.html", "<script>let x = y;</script><b class='big'>Guanxi</b>", ""),
        ("addons/shop/static/a.js", 't("Shut");', "a.js:1: no Chinese for “Shut”"),
        (
            "core/translations/zh/LC_MESSAGES/core.po",
            'msgid "Unused"\nmsgstr "无用"\n',
            "core.po:1: nobody says “Unused”",
        ),
    ],
)
def test_the_check_finds(house: Path, place: str, content: str, complaint: str) -> None:
    _add(house, place, content)
    found = _found(house)
    assert len(found) == (1 if complaint else 0), found
    assert not complaint or complaint in found[0]


@pytest.mark.parametrize(
    ("english", "chinese", "complaint"),
    [
        ("Open till %(day)s", "营业至 %(dya)s", "the placeholders of “Open till %(day)s”"),
        ("Open till %(day)s", "营业", "the placeholders of “Open till %(day)s”"),
        ("50%% off", "五折", ""),
    ],
)
def test_placeholders_must_be_the_same(house: Path, english: str, chinese: str, complaint: str) -> None:
    _add(house, "addons/shop/views.py", f'_("{english}")')
    _add(
        house,
        "addons/shop/translations/zh/LC_MESSAGES/shop.po",
        f'\nmsgid "{english}"\nmsgstr "{chinese}"\n',
    )
    found = _found(house)
    assert len(found) == bool(complaint), found
    assert not complaint or complaint in found[0]


def test_an_addon_is_called_something_in_chinese(house: Path) -> None:
    _write(house / "addons/shop/addon.toml", 'name = "shop"\ntitle = "Shop"\nsummary = "Sells more"\n')
    assert _found(house)[0] == "addons/shop/addon.toml:3: no Chinese for “Sells more”"


def test_a_guess_does_not_count_as_a_translation(house: Path) -> None:
    _add(house, "addons/shop/views.py", '_("Shut")')
    _add(
        house,
        "addons/shop/translations/zh/LC_MESSAGES/shop.po",
        '\n#, fuzzy\nmsgid "Shut"\nmsgstr "关"\n\n#~ msgid "Gone"\n#~ msgstr "没了"\n',
    )
    found = " ".join(_found(house))
    assert "no Chinese for “Shut”" in found
    assert "“Shut” is a guess" in found
    assert "“Gone” is marked as obsolete" in found


def test_one_word_has_one_translation(house: Path) -> None:
    _add(house, "core/doors.py", '_("Open")')
    _add(house, "core/translations/zh/LC_MESSAGES/core.po", 'msgid "Open"\nmsgstr "打开"\n')
    assert "“Open” is “营业中” here and “打开” in" in " ".join(_found(house))


def test_missing_texts_are_put_into_the_catalogue_of_their_room(house: Path) -> None:
    _add(house, "addons/shop/views.py", '_("Shut")')
    _add(house, "core/config.py", '_("Wrong")')
    assert check_texts.update((), house) == 2
    shop, core = (room.books for room in reversed(check_texts.rooms(house)))
    assert {_key(shop, "Shut"), _key(core, "Wrong")} == {"shop.po", "setup.po"}
    written = shop[0].path.read_text(encoding="utf-8")
    assert written.index('"Open"') < written.index('"Sells things"') < written.index('"Shut"')
    assert "POT-Creation-Date" not in written
    assert "views.py" not in written
    assert check_texts.update((), house) == 0
    assert check_texts.prune(("core",), house) == 0
    (house / "core/config.py").unlink()
    assert check_texts.prune((), house) == 1


def _key(books: list[Book], english: str) -> str:
    return next(book.path.name for book in books for message in book.messages if message.id == english)


# Everything declared has two names


def _titles(kernel: Kernel) -> Iterator[tuple[str, Lazy | str]]:
    """Where, and what: every title, label and choice of the loaded declarations."""
    for addon in kernel.catalogue.addons.values():
        yield f"{addon.name} title", addon.title
        yield f"{addon.name} summary", addon.summary
    for role in kernel.permissions.roles.values():
        yield f"role {role.code}", role.title
    for resource in kernel.resources:
        yield from _titles_of(resource)
    for entry in (*kernel.menu.items, *kernel.menu.groups):
        if entry.declared.title:
            yield f"menu {entry.id}", entry.declared.title
    for slot in kernel.hooks.slots():
        for native in kernel.hooks.natives(slot) or ():
            yield f"{slot} {native.id}", native.title
    for each in kernel.hooks.everything():
        if each.title is not None:
            yield f"part {each.id}", each.title


def _titles_of(resource: Resource) -> Iterator[tuple[str, Lazy]]:
    yield resource.name, resource.title
    yield f"{resource.name} plural", resource.title_plural
    for field in resource.fields.values():
        yield f"{resource.name}.{field.name}", field.word.label
        if field.word.help is not None:
            yield f"{resource.name}.{field.name} help", field.word.help
        for choice in field.word.choices or ():
            yield f"{resource.name}.{field.name} = {choice.value}", choice.label
    for section in resource.form:
        yield f"{resource.name} section {section.title}", section.title
    for lines in resource.lines:
        yield f"{resource.name} lines {lines.name}", lines.title
        yield f"{resource.name} lines {lines.name} add", lines.add_label
    for action in resource.actions:
        yield f"{resource.name} action {action.name}", action.title


def test_every_declared_title_is_in_both_languages(kernel: Kernel) -> None:
    said: dict[str, list[str]] = {code: [] for code in LANGUAGES}
    places: list[str] = []
    for code in LANGUAGES:
        with speaking(code):
            places = [place for place, _ in _titles(kernel)] if code == "en" else places
            said[code] = [str(title) for _, title in _titles(kernel)]
    assert len(places) > 200
    same = {
        f"{place}: {english}"
        for place, english, chinese in zip(places, said["en"], said["zh"], strict=True)
        if english == chinese and english not in PROPER
    }
    assert same == set()


# Which language


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh_TW", "zh"),
        ("zh-Hant-HK", "zh"),
        ("en-GB", "en"),
        ("EN_us.UTF-8", "en"),
        ("fr", None),
        ("", None),
        (None, None),
        ("zhx", None),
        ("-", None),
    ],
)
def test_wishes_are_mapped_to_our_languages(wish: str | None, code: str | None) -> None:
    assert match_language(wish) == code


def test_numbers_choose_the_form() -> None:
    with speaking("en"):
        assert ngettext("%(n)s day ago", "%(n)s days ago", 1) == "1 day ago"
        assert ngettext("%(n)s day ago", "%(n)s days ago", 3) == "3 days ago"
    with speaking("zh"):
        assert ngettext("%(n)s day ago", "%(n)s days ago", 3) == "3 天前"


def test_speaking_ends_with_its_block_and_an_unknown_language_is_english() -> None:
    with speaking("zh"):
        with speaking("xx"):
            assert gettext("Owner") == "Owner"
        assert gettext("Owner") == "负责人"


@pytest.fixture
def chinese_tenant(committed: object, owner_engine: Engine) -> Iterator[None]:
    """The main tenant speaks Chinese for the length of a test."""
    statement = text("update platform.tenant set language = :code, version = version + 1 where slug = 'main'")
    with owner_engine.begin() as connection:
        connection.execute(statement, {"code": "zh"})
    yield
    with owner_engine.begin() as connection:
        connection.execute(statement, {"code": "en"})


def _login_language(app: Flask, *, query: str = "", cookie: str = "", browser: str = "") -> str:
    client = app.test_client()
    if cookie:
        client.set_cookie("guanxi_language", cookie, domain="main.localhost")
    answer = client.get(
        f"/login{query}", base_url=HOST, headers={"Accept-Language": browser} if browser else {}
    )
    return _language(answer.text)


def _language(page: str) -> str:
    return "zh" if '<html lang="zh-CN"' in page else "en" if '<html lang="en"' in page else "none"


@pytest.mark.parametrize(
    ("query", "cookie", "browser", "code"),
    [
        ("", "", "", "tenant"),
        ("", "", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "", "zh_TW", "zh"),
        ("", "", "en-GB,zh;q=0.5", "en"),
        ("", "", "fr-FR,zh;q=0.2", "zh"),
        ("", "", "fr-FR, *;q=0.1", "tenant"),
        ("", "", "*", "tenant"),
        ("", "", "zh;q=0", "tenant"),
        ("", "", "%%%;;q=zz,,xx-yy-", "tenant"),
        ("", "zh", "en", "zh"),
        ("", "en", "zh-CN", "en"),
        ("", "klingon", "zh-CN", "zh"),
        ("?lang=zh", "en", "en", "zh"),
        ("?lang=en", "zh", "zh-CN", "en"),
        ("?lang=<script>", "", "zh-CN", "zh"),
    ],
)
@pytest.mark.usefixtures("tenants")
def test_the_sign_in_page_speaks(app: Flask, query: str, cookie: str, browser: str, code: str) -> None:
    wanted = "en" if code == "tenant" else code
    assert _login_language(app, query=query, cookie=cookie, browser=browser) == wanted


@pytest.mark.usefixtures("chinese_tenant")
def test_the_tenant_speaks_where_nobody_has_a_wish(app: Flask) -> None:
    assert _login_language(app) == "zh"
    assert _login_language(app, browser="fr, *") == "zh"
    assert _login_language(app, browser="en") == "en"


@pytest.mark.parametrize(
    ("user", "cookie", "browser", "code"),
    [
        ("zh", "en", "en", "zh"),
        ("en", "zh", "zh-CN", "en"),
        (None, "zh", "en", "zh"),
        (None, "", "zh-CN", "zh"),
        (None, "", "", "en"),
    ],
)
def test_a_page_speaks_the_language_of_its_reader(
    client: Callable[..., Browser], user: str | None, cookie: str, browser: str, code: str
) -> None:
    reader = client(language=user)
    if cookie:
        reader.client.set_cookie("guanxi_language", cookie, domain=reader.host)
    page = reader.get("/", headers={"Accept-Language": browser} if browser else {}).text
    assert _language(page) == code
    assert ("退出登录" in page) == (code == "zh")
    assert ("Sign out" in page) == (code == "en")


@pytest.mark.usefixtures("chinese_tenant")
def test_a_reader_without_any_wish_is_spoken_to_like_his_colleagues(client: Callable[..., Browser]) -> None:
    assert _language(client(language=None).get("/").text) == "zh"


def test_a_room_knows_what_it_says() -> None:
    core = check_texts.rooms()[0]
    assert isinstance(core, Room)
    assert core.folder == ROOT / "core"
    assert {"Sign in", "Undo", "Owner", "Wrong configuration"} <= {said.text for said in core.said}


@pytest.mark.parametrize(
    "text",
    [
        "Acme",
        lazy_gettext("This is needed."),
        lazy_gettext("At most %(max)s characters fit here.", max=40),
        lazy_gettext("The note: %(problem)s", problem=lazy_gettext("Write something first.")),
        lazy_pgettext("field", "Created"),
    ],
)
def test_a_packed_text_is_said_in_every_language(text: str | Lazy) -> None:
    packed = json.loads(json.dumps(pack(text)))
    for language in LANGUAGES:
        with speaking(language):
            assert str(unpack(packed)) == str(text)
