"""What administrators set for an addon: typed, checked, kept for each tenant, gone where it is off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Mapped, Session

from core.access.actor import OPERATOR
from core.db import fields
from core.errors import Forbidden, Invalid, StaleVersion
from core.i18n import lazy_gettext
from core.resources.settings import Settings
from core.resources.settings.stored import change, kept_of
from core.testing.plugin import Browser, MakeActor
from tests.core.slots.conftest import BROKEN_SETTINGS, Site

PAGE = "/settings/options/alpha"


class Mood(fields.Choice):
    CALM = "calm", lazy_gettext("Calm")
    WILD = "wild", lazy_gettext("Wild")


class Rules(Settings):
    """Settings of no addon that is loaded."""

    addon = "fleet"
    title = lazy_gettext("Rules")
    limit: Mapped[int] = fields.integer(label=lazy_gettext("Limit"), default=5)
    mood: Mapped[str] = fields.choice(Mood, label=lazy_gettext("Mood"), default=Mood.CALM)
    hello: Mapped[str | None] = fields.text(10, label=lazy_gettext("Greeting"))
    words: Mapped[list[str]] = fields.tags(label=lazy_gettext("Words"))
    since: Mapped[date | None] = fields.day(label=lazy_gettext("Since"))
    loud: Mapped[bool] = fields.flag(label=lazy_gettext("Loud"))


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    """Pages name files of the build."""
    pytest.importorskip("core.web.assets.builder").build()


def _all(session: Session) -> dict[str, Any]:
    return vars(Rules.of(session))


DEFAULTS = {"limit": 5, "mood": "calm", "hello": None, "words": [], "since": None, "loud": False}


def test_settings_have_their_defaults_then_what_was_set(session: Session) -> None:
    assert _all(session) == DEFAULTS
    typed = {"limit": " 7 ", "since": "2026-02-03", "words": ["a", "b"], "loud": True, "mood": "wild"}
    change(session, Rules, typed, actor=OPERATOR, version=0)
    session.info.pop("guanxi_settings", None)
    wanted = {
        **DEFAULTS,
        "limit": 7,
        "since": date(2026, 2, 3),
        "words": ["a", "b"],
        "loud": True,
        "mood": "wild",
    }
    assert _all(session) == wanted
    change(session, Rules, {"limit": "8"}, actor=OPERATOR, version=1)
    assert _all(session) == {**wanted, "limit": 8}, "what is not named is kept"
    assert kept_of(session, "fleet").version == 2


def test_what_is_not_right_is_told_and_changes_nothing(session: Session) -> None:
    typed = {"limit": "", "mood": "odd", "hello": "much too long", "since": "soon"}
    with pytest.raises(Invalid) as refused:
        change(session, Rules, {**typed, "loud": True}, actor=OPERATOR, version=0)
    assert set(refused.value.errors) == set(typed)
    assert str(refused.value.errors["limit"][0]) == "This is needed."
    session.info.pop("guanxi_settings", None)
    assert _all(session) == DEFAULTS
    assert kept_of(session, "fleet").version == 0


def test_whoever_saves_second_is_told(session: Session) -> None:
    with pytest.raises(StaleVersion):
        change(session, Rules, {"limit": 1}, actor=OPERATOR, version=3)
    change(session, Rules, {"limit": 1}, actor=OPERATOR, version=0)
    for version in (0, 2):
        with pytest.raises(StaleVersion):
            change(session, Rules, {"limit": 2}, actor=OPERATOR, version=version)
    session.info.pop("guanxi_settings", None)
    assert Rules.of(session).limit == 1


def test_only_those_who_may_change_them(session: Session, actor_as: MakeActor) -> None:
    with pytest.raises(Forbidden):
        change(session, Rules, {"limit": 1}, actor=actor_as("account_manager"), version=0)
    assert kept_of(session, "fleet").version == 0


def test_what_cannot_be_read_any_more_has_its_default(session: Session) -> None:
    session.execute(
        text("""insert into core_setting (addon, values) values
            ('fleet', '{"mood": "gone", "limit": 9, "unknown": 1, "since": "2026-02-31"}')""")
    )
    assert _all(session) == {**DEFAULTS, "limit": 9}


def test_a_session_asks_once(site: Site, session: Session, statements: Any) -> None:
    with statements() as sent:
        for _ in range(3):
            Rules.of(session)
    assert len([each for each in sent if "core_setting" in each]) == 1


@pytest.mark.parametrize("name", BROKEN_SETTINGS)
def test_a_mistake_is_told_with_file_and_line(site: Site, name: str) -> None:
    reason = site.kernel.catalogue.quarantined[name]
    assert BROKEN_SETTINGS[name][1] in reason
    assert f"/{name}/settings.py:" in reason


def test_an_administrator_sets_them_on_a_page(site: Site, client: Callable[..., Browser]) -> None:
    ada, bob = site.seen_by(client("administrator")), site.seen_by(client("account_manager"))
    assert ada.get(PAGE).status_code == 404, "it is off"
    with site.on("alpha"):
        page = ada.get(PAGE).text
        for word in ("Alpha rules", "Made for tests", "Limits", "Upper limit", "Voice", 'value="5"'):
            assert word in page
        assert f'href="{PAGE}"' in ada.get("/").text
        assert f'href="{PAGE}"' in ada.get("/settings/addons").text.partition('id="addon-alpha"')[2]
        wrong = ada.post(PAGE, {"version": "0", "limit": "many", "hello": "Hi"})
        assert wrong.status_code == 422
        assert "“many” is no whole number." in wrong.text
        assert 'value="Hi"' in wrong.text, "what was typed is kept"
        typed = {
            "version": "0",
            "limit": "7",
            "loud": ["", "1"],
            "hello": "",
            "words": ["", "a"],
            "since": "",
        }
        saved = ada.post(PAGE, typed)
        assert (saved.status_code, saved.headers["Location"]) == (303, PAGE)
        again = ada.get(PAGE).text
        assert 'value="7"' in again
        assert "checked" in again
        assert "Saved by Ada" in again
        stale = ada.post(PAGE, {"version": "0", "limit": "8"})
        assert stale.status_code == 412
        assert 'value="8"' in stale.text
        assert bob.get(PAGE).status_code == bob.post(PAGE, {"version": "1", "limit": "9"}).status_code == 404
        assert PAGE not in bob.get("/").text
    assert ada.get(PAGE).status_code == ada.post(PAGE, {"version": "1", "limit": "9"}).status_code == 404
    assert PAGE not in ada.get("/").text
    declared = site.kernel.settings["alpha"]
    with site.kernel.database.session(site.tenant) as session:
        assert vars(declared.of(session)) == {
            "limit": 7, "loud": True, "hello": None, "words": ["a"], "since": None
        }  # fmt: skip
