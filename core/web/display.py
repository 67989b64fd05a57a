"""How values look to one reader: in his language, his zone and his habits."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from core.db.fields import Choice, Kind
from core.i18n import LOCALES, _, ngettext
from core.resources.declaration import Field
from core.resources.written.phones import written_phone
from core.web.view_models import Avatar, Option

_MEANS_MARKUP = re.compile("[&<>'\"]")
NONE = Markup('<span class="gx-none">—</span>')


class Display:
    """Formats for one reader; made once a page."""

    def __init__(self, *, language: str, timezone: str, country: str, now: datetime | None = None) -> None:
        self.locale = Locale.parse(LOCALES[language])
        self.zone = ZoneInfo(timezone)
        self.country = country
        self.now = (now or datetime.now(UTC)).astimezone(self.zone)

    # Plain texts

    def day(self, value: date) -> str:
        """A calendar day: 2026年1月31日, Jan 31, 2026."""
        return format_date(value, "medium", locale=self.locale)

    def instant(self, value: datetime) -> str:
        """A moment as people say it: today 09:41, yesterday 17:20, 11-19 15:02, then the day."""
        local = value.astimezone(self.zone)
        time = f"{local:%H:%M}"
        days = (self.now.date() - local.date()).days
        if days == 0:
            return _("today %(time)s", time=time)
        if days == 1:
            return _("yesterday %(time)s", time=time)
        if days == -1:
            return _("tomorrow %(time)s", time=time)
        if local.year == self.now.year:
            return f"{local:%m-%d} {time}"
        return self.day(local.date())

    def ago(self, value: datetime) -> str:
        """How long ago: today, yesterday, 13 days ago, the day when long past; the hour of what comes."""
        days = (self.now.date() - value.astimezone(self.zone).date()).days
        if days == 0:
            return _("today")
        if days == 1:
            return _("yesterday")
        if days < 0:
            return self.instant(value)
        if 1 < days < 60:
            return ngettext("%(n)s day ago", "%(n)s days ago", days)
        return self.day(value.astimezone(self.zone).date())

    def decimal(self, value: Decimal) -> str:
        """A number with one decimal, its thousands apart."""
        return format_decimal(value, format="#,##0.0", locale=self.locale)

    def number(self, value: int) -> str:
        """A number with its thousands apart."""
        return format_decimal(value, locale=self.locale)

    def bucket(self, name: str, key: str) -> str:
        """A day, week, month, quarter or year as people say it, from its key (``2026-W05``, ``2026-Q1``)."""
        if name == "week":
            year, _dash, week = key.partition("-W")
            return _("Week %(week)s, %(year)s", week=int(week), year=year)
        if name == "quarter":
            first = date(int(key[:4]), int(key[-1]) * 3, 1)
            return format_skeleton("yQQQ", first, locale=self.locale)
        if name == "month":
            return format_skeleton("yMMMM", date(int(key[:4]), int(key[5:]), 1), locale=self.locale)
        if name == "day":
            return self.day(date.fromisoformat(key))
        return format_skeleton("y", date(int(key), 1, 1), locale=self.locale)

    def phone(self, value: str) -> str:
        """A telephone number as dialled from this country; foreign ones with their country."""
        return written_phone(value, self.country)

    def size(self, size: int) -> str:
        """A number of bytes: 12 kB, 3.4 MB."""
        if size < 1_000_000:
            return f"{max(1, round(size / 1000)) if size else 0} kB"
        return f"{size / 1_000_000:.1f}".removesuffix(".0") + " MB"

    # Markup

    def value(self, field: Field, value: Any) -> Markup:
        """A value on a record's page; empty markup when there is none."""
        if value is None or value == [] or value == "":
            return Markup()
        return self._maker(field, brief=False)(value)

    def cell(self, field: Field) -> Callable[[Any], Markup]:
        """A function that formats the values of one column of a list."""
        make = self._maker(field, brief=True)
        return lambda value: NONE if value is None or value == [] else make(value)

    def _maker(self, field: Field, *, brief: bool) -> Callable[[Any], Markup]:
        match field.word.kind:
            case Kind.CHOICE:
                tags = {option.value: tag(option) for option in options_of(field)}
                return lambda value: tags.get(value) or escape(value)
            case Kind.LINK:
                return lambda value: self.link(field, value)
            case Kind.PHONE:
                pattern = '<a class="gx-tel" href="tel:%s">%s</a>'
                return lambda value: html(pattern, value.partition(";")[0], self.phone(value))
            case Kind.EMAIL:
                return lambda value: html('<a href="mailto:%s">%s</a>', value, value)
            case Kind.URL:
                away = '<a href="%s" target="_blank" rel="noopener noreferrer">%s</a>'
                return lambda value: (
                    html(away, value, value.partition("://")[2].rstrip("/"))
                    if _opens(value)
                    else escape(value)
                )
            case Kind.TAGS:
                return lambda value: Markup(" ").join(tag(Option(each, each)) for each in value)
            case Kind.FLAG:
                return lambda value: escape(_("Yes") if value else _("No"))
            case Kind.DAY:
                return lambda value: html('<span class="gx-date">%s</span>', self.day(value))
            case Kind.INSTANT:
                words = self.ago if brief else self.instant
                timed = '<time class="gx-date" datetime="%s" title="%s">%s</time>'
                return lambda value: html(timed, value.isoformat(), self.instant(value), words(value))
            case Kind.INTEGER:
                return lambda value: escape(self.number(value) if field.word.grouped else value)
            case Kind.MULTILINE:
                return lines
            case _:
                return escape

    def link(self, field: Field, value: dict[str, Any]) -> Markup:
        """A link to another record: a person with avatar, anything else by name."""
        target, label = field.target, value["label"]
        if label is None:
            return Markup('<span class="gx-muted">{}</span>').format(_("not visible to you"))
        if target is not None and target.name == "core.user":
            return self.name(field, label)
        url = target.url if target is not None else ""
        return html('<a href="%s/%s">%s</a>', url, value["id"], label)

    def name(self, field: Field, label: str) -> Markup:
        """The name of a linked record where it is no link: a person with avatar."""
        is_person = field.target is not None and field.target.name == "core.user"
        return who(label) if is_person else escape(label)

    def change(self, field: Field, value: Any) -> Markup:
        """A stored value in a history: days and moments are text there, choices may be of the past."""
        if value is None or value == [] or value == "":
            return Markup()
        if field.word.kind is Kind.INSTANT:
            return escape(self.instant(datetime.fromisoformat(value)))
        if field.word.kind is Kind.DAY:
            return escape(self.day(date.fromisoformat(value)))
        if field.word.kind is Kind.CHOICE:
            return escape(next((each.label for each in options_of(field) if each.value == value), value))
        return self.value(field, value)

    def greeting(self, name: str) -> str:
        """Good morning and so on, by the hour of the reader."""
        hour = self.now.hour
        if 5 <= hour < 12:
            return _("Good morning, %(name)s", name=name)
        if 12 <= hour < 18:
            return _("Good afternoon, %(name)s", name=name)
        return _("Good evening, %(name)s", name=name)

    def local_input(self, value: datetime) -> str:
        """A moment as the browser's date and time control holds it."""
        return f"{value.astimezone(self.zone):%Y-%m-%dT%H:%M}"

    def default_moment(self) -> datetime:
        """The next full half hour."""
        passed = timedelta(
            minutes=self.now.minute % 30, seconds=self.now.second, microseconds=self.now.microsecond
        )
        return self.now - passed + timedelta(minutes=30)


def _opens(address: str) -> bool:
    """Whether a browser may be led there; rows that came in another way may hold anything."""
    return address.startswith(("https://", "http://"))


def options_of(field: Field) -> list[Option]:
    """The values of a choice in the reader's language."""
    choices: type[Choice] | None = field.word.choices
    return [Option(each.value, str(each.label), each.tone) for each in choices or ()]


def html(pattern: str, *values: object) -> Markup:
    """Markup of ours with values escaped into its ``%s``; lists make thousands of these a second."""
    return Markup(pattern % tuple([_escaped(value) for value in values]))  # noqa: S704 - every value is escaped


def _escaped(value: object) -> str:
    """What `escape` gives; most texts have nothing to escape, and need not become markup to be told so."""
    return value if type(value) is str and not _MEANS_MARKUP.search(value) else str(escape(value))


def tag(option: Option) -> Markup:
    """A tinted tag."""
    return Markup('<span class="gx-tag gx-{}">{}</span>').format(option.tone, option.label)


def lines(text: str) -> Markup:
    """Text with its line breaks kept."""
    return Markup("<br>").join(text.split("\n"))


def avatar_of(name: str) -> Avatar:
    """Initials on a tint that follows from the name: 王雨桐 gives 雨桐, 华辰集团 华辰, Ada Lovelace AL."""
    first = name.partition(" · ")[0]
    words = first.split()
    if first and not first.isascii() and len(words) == 1:
        text = first[-2:] if len(first) <= 3 else first[:2]
    else:
        text = "".join(word[0] for word in words[:2]).upper()
    return Avatar(text or "?", zlib.crc32(name.encode()) % 6 + 1)


def who(name: str) -> Markup:
    """A person: avatar and name."""
    return _who(name)


@lru_cache(maxsize=2048)
def _who(name: str) -> Markup:
    avatar = avatar_of(name)
    short = avatar.text[-1:] if not avatar.text.isascii() else avatar.text
    return Markup(
        '<span class="gx-who"><span class="gx-avatar gx-avatar-s gx-tint-{}" aria-hidden="true">{}</span>'
        "<span>{}</span></span>"
    ).format(avatar.tint, short, name)
