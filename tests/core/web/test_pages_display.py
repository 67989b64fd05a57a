"""How values look to one reader, in either language, in the tenant's zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core.i18n import speaking
from core.kernel import Kernel
from core.web.display import Display, avatar_of

NOW = datetime(2026, 3, 10, 18, 30, tzinfo=UTC)  # 02:30 of the 11th in Shanghai


@pytest.fixture(params=["en", "zh"])
def display(request: pytest.FixtureRequest, kernel: Kernel) -> Iterator[Display]:
    """The reader of the language, in Shanghai."""
    with speaking(request.param):
        yield Display(language=request.param, timezone="Asia/Shanghai", country="CN", now=NOW)


@pytest.mark.parametrize(
    ("moment", "en", "zh"),
    [
        ("2026-03-10T16:05:00Z", "today 00:05", "今天 00:05"),
        ("2026-03-10T15:59:00Z", "yesterday 23:59", "昨天 23:59"),
        ("2026-03-11T16:00:00Z", "tomorrow 00:00", "明天 00:00"),
        ("2026-01-02T01:00:00Z", "01-02 09:00", "01-02 09:00"),
        ("2025-12-31T16:00:00Z", "01-01 00:00", "01-01 00:00"),
        ("2025-12-31T15:59:00Z", "Dec 31, 2025", "2025年12月31日"),
    ],
)
def test_a_moment_is_said_as_people_say_it(display: Display, moment: str, en: str, zh: str) -> None:
    expected = en if display.locale.language == "en" else zh
    assert display.instant(datetime.fromisoformat(moment)) == expected


@pytest.mark.parametrize(
    ("moment", "en", "zh"),
    [
        ("2026-03-10T16:05:00Z", "today", "今天"),
        ("2026-03-09T16:05:00Z", "yesterday", "昨天"),
        ("2026-03-01T04:00:00Z", "10 days ago", "10 天前"),
        ("2025-06-01T04:00:00Z", "Jun 1, 2025", "2025年6月1日"),
        ("2026-03-20T01:30:00Z", "03-20 09:30", "03-20 09:30"),
    ],
)
def test_in_a_list_it_is_told_how_long_ago_and_when_it_is_due(
    display: Display, moment: str, en: str, zh: str
) -> None:
    expected = en if display.locale.language == "en" else zh
    assert display.ago(datetime.fromisoformat(moment)) == expected


@pytest.mark.parametrize(
    ("stored", "en", "zh"),
    [
        ("+8613800138000", "138 0013 8000", "138 0013 8000"),
        ("+442079460958", "+44 20 7946 0958", "+44 20 7946 0958"),
        ("+861065529988;ext=12", "010 6552 9988 ext. 12", "010 6552 9988 转 12"),
        ("nonsense", "nonsense", "nonsense"),
    ],
)
def test_a_number_is_shown_as_it_is_dialled(display: Display, stored: str, en: str, zh: str) -> None:
    assert display.phone(stored) == (en if display.locale.language == "en" else zh)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("王雨桐", "雨桐"),
        ("王五", "王五"),
        ("华辰集团", "华辰"),
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("", "?"),
    ],
)
def test_an_avatar_takes_its_letters_from_the_name(name: str, letters: str) -> None:
    assert avatar_of(name).text == letters
    assert 1 <= avatar_of(name).tint <= 6
