"""What the words of a file mean for one tenant: its language, its calendar, its people, its records."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.models import RoleAssignment
from core.auth.models import User
from core.db.fields import Kind
from core.db.session import tenant_of
from core.i18n import LANGUAGES, language
from core.resources.declaration import Field, Resource
from core.seeds.files import Seed

#: ``today``, ``today-3d``, ``today+2w``, with ``09:30`` behind it where a moment is meant.
RELATIVE: Final = re.compile(
    r"today(?:(?P<way>[+-])(?P<count>\d{1,4})(?P<step>[dw]))?(?: (?P<time>\d\d:\d\d))?"
)
#: Kinds of fields whose values may be said in each language.
SPOKEN: Final = (Kind.TEXT, Kind.MULTILINE, Kind.PICK, Kind.TAGS)
#: ``{role: account_manager, language: zh}``: one of those who hold a role.
PERSON: Final = frozenset({"role", "language"})

_user = User.__table__
_role = RoleAssignment.__table__


def is_spoken(value: object) -> bool:
    """Whether a value is one for each language: ``{zh: ..., en: ...}``."""
    return isinstance(value, dict) and bool(value) and value.keys() <= set(LANGUAGES)


def is_person(value: object) -> bool:
    """Whether a value asks for somebody by role."""
    return isinstance(value, dict) and "role" in value and value.keys() <= PERSON


def said(seed: Seed, name: str) -> str:
    """A value as people read it in the language in force; the key where there is none."""
    value: Any = seed.values.get(name)
    return str((value[language()] if is_spoken(value) else value) or seed.key)


def links_of(seed: Seed, resource: Resource) -> Iterator[tuple[str, Field, str]]:
    """What a seed links to: the address of each value, its field, and the key of the other seed."""
    for address, field, value in values_of(resource, seed.values):
        if field.word.kind is Kind.LINK and isinstance(value, str):
            yield address, field, value if "." in value else f"{seed.addon}.{value}"


def values_of(resource: Resource, values: Mapping[str, Any]) -> Iterator[tuple[str, Field, Any]]:
    """The values of a record and of its lines, each with its address and its field; unknown names go."""
    for name, value in values.items():
        if name in resource.fields:
            yield name, resource.fields[name], value
        elif name in resource.lines_fields and isinstance(value, list):
            target = resource.lines_fields[name].target
            for place, line in enumerate(value):
                for inner, field, found in values_of(target, line if isinstance(line, dict) else {}):
                    yield f"{name}.{place}.{inner}", field, found


class Meaning:
    """Turns the values of seeds into what a service takes."""

    def __init__(
        self,
        language: str,
        today: date,
        zone: ZoneInfo,
        link: Callable[[str], int | None],
        session: Session | None,
    ) -> None:
        self.language = language
        self.today = today
        self.zone = zone
        self._link = link
        self._session = session

    @classmethod
    def of(cls, session: Session, link: Callable[[str], int | None]) -> Meaning:
        """What they mean for the tenant of ``session``.

        Args:
            session: bound to the tenant.
            link: gives the record of a seed by its key, None where there is none.
        """
        tenant = tenant_of(session)
        zone = ZoneInfo(tenant.timezone)
        return cls(tenant.language, datetime.now(zone).date(), zone, link, session)

    def raw(self, seed: Seed, resource: Resource, names: Sequence[str] | None = None) -> dict[str, Any]:
        """The values of a seed by field name, as an input has them; only ``names`` where given."""
        chosen = {name: value for name, value in seed.values.items() if names is None or name in names}
        return self._values(seed, resource, chosen)

    def _values(self, seed: Seed, resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in values.items():
            if name in resource.lines_fields and isinstance(value, list):
                target = resource.lines_fields[name].target
                found[name] = [
                    self._values(seed, target, line) if isinstance(line, dict) else line for line in value
                ]
            else:
                field = resource.fields.get(name)
                found[name] = self._value(seed, field, value) if field is not None else value
        return found

    def _value(self, seed: Seed, field: Field, value: Any) -> Any:
        kind = field.word.kind
        if is_spoken(value):
            return value.get(self.language)
        if kind is Kind.LINK:
            if is_person(value):
                return self._person(seed, value)
            return self._link(value if "." in value else f"{seed.addon}.{value}") if value else None
        if kind in (Kind.DAY, Kind.INSTANT) and isinstance(value, str):
            told = RELATIVE.fullmatch(value)
            if told is not None:
                return self._day(told)
        # YAML reads a plain day or moment by itself.
        return value.isoformat() if isinstance(value, date) else value

    def _day(self, told: re.Match[str]) -> str:
        days = int(told["count"] or 0) * (7 if told["step"] == "w" else 1)
        day = self.today + timedelta(days=-days if told["way"] == "-" else days)
        if told["time"] is None:
            return day.isoformat()
        return datetime.combine(day, time.fromisoformat(told["time"]), self.zone).isoformat()

    def _person(self, seed: Seed, wish: Mapping[str, str]) -> int | None:
        """One of those who fit, the same for a seed every time; nobody where there is none."""
        if self._session is None:
            return 1
        fitting = [
            number
            for number, role, language in self._people
            if role == wish["role"] and wish.get("language") in (None, language)
        ]
        return fitting[zlib.crc32(seed.key.encode()) % len(fitting)] if fitting else None

    @cached_property
    def _people(self) -> Sequence[tuple[int, str, str | None]]:
        assert self._session is not None
        statement = (
            select(_user.c.id, _role.c.role, _user.c.language)
            .join(_role, _role.c.user_id == _user.c.id)
            .where(_user.c.archived_at.is_(None))
            .order_by(_user.c.id)
        )
        return [(row.id, row.role, row.language) for row in self._session.execute(statement)]
