"""Writing a message on a record's page, and changing the words of a template."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.testing.plugin import Browser, Switch

PAGE = "/settings/messages/customer/visit"


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    """Pages name files of the build."""
    pytest.importorskip("core.web.assets.builder").build()


def _contact(ada: Browser, **values: str) -> str:
    typed = {"name": "Wang <b>", "email": "wang@hua.cn", "_channel": "", **values}
    made = ada.post("/customer/contacts/new", typed)
    assert made.status_code == 303, made.text
    return made.headers["Location"].partition("?")[0]


def test_a_message_is_written_on_the_page_of_a_record(client: Callable[..., Browser]) -> None:
    ada, bob = client("account_manager"), client("account_manager")
    url = _contact(ada)
    assert f'data-dialog="{url}/message"' in ada.get(url).text
    dialog = ada.get(f"{url}/message").text
    assert "Wang &lt;b&gt;" in dialog
    assert "Wang <b>" not in dialog
    assert 'href="mailto:wang@hua.cn?subject=' in dialog
    assert "%0D%0A" in dialog
    part = ada.get(f"{url}/message?template=customer.birthday&language=zh").text
    assert "data-fragment" not in part
    assert "生日快乐" in part
    assert bob.get(f"{url}/message").status_code == 404, "he does not reach the contact"
    assert ada.get("/customer/activities/1/message").status_code == 404, "nothing is written about those"


def test_an_administrator_changes_the_words(client: Callable[..., Browser]) -> None:
    ada, bob = client("administrator"), client("account_manager")
    url = _contact(ada)
    assert f'href="{PAGE}"' in ada.get("/settings/messages").text
    page = ada.get(PAGE).text
    for word in ("May I visit you?", "拜访预约", "Wang &lt;b&gt;", "{{customer}}", "|mask", 'name="text_zh"'):
        assert word in page
    typed = {
        "subject_en": "Hi {{name}}",
        "text_en": "From {{sender.name}}",
        "subject_zh": "您好",
        "text_zh": "{{nme}}",
    }
    wrong = ada.post(PAGE, {**typed, "version": "0"})
    assert wrong.status_code == 422
    assert "there is no field “nme” here; there are name," in wrong.text
    shown = ada.post(
        f"{PAGE}/preview", {**typed, "text_zh": "{{wechat}}", "record": url.rpartition("/")[2]}
    ).text
    assert "Hi Wang &lt;b&gt;" in shown
    assert "{{wechat}} is empty here." in shown
    assert "nme" in ada.post(f"{PAGE}/preview", {**typed, "record": "1"}).text
    saved = ada.post(PAGE, {**typed, "text_zh": "{{name}}", "version": "0"})
    assert (saved.status_code, saved.headers["Location"]) == (303, PAGE)
    assert "Saved by" in ada.get(PAGE).text
    assert ada.post(PAGE, {**typed, "text_zh": "x", "version": "0"}).status_code == 412
    assert 'value="Hi Wang &lt;b&gt;"' in ada.get(f"{url}/message").text
    for path in ("/settings/messages", PAGE):
        assert bob.get(path).status_code == 404
    assert bob.post(PAGE, {**typed, "text_zh": "x", "version": "1"}).status_code == 404
    assert bob.post(f"{PAGE}/reset", {}).status_code == 404
    assert 'value="Hi {{name}}"' in ada.get(PAGE).text
    assert ada.post(f"{PAGE}/reset", {}).status_code == 303
    assert "May I visit you?" in ada.get(PAGE).text


def test_templates_go_with_their_addon(client: Callable[..., Browser], addon_off: Switch) -> None:
    ada = client("administrator")
    assert ada.get(PAGE).status_code == 200
    addon_off("customer")
    assert ada.get(PAGE).status_code == ada.post(PAGE, {"version": "0"}).status_code == 404
    assert PAGE not in ada.get("/settings/messages").text
