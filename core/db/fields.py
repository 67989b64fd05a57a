"""Field words: one call makes a column and says what it means to people.

A word carries the label, the sensitivity and the kind of a field; forms, lists, filters, the API,
import and export all read it from there. Whether a field may be empty is said once, by the
annotation: ``Mapped[str | None]`` may, ``Mapped[str]`` may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    String,
    Text,
    false,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import MappedColumn, mapped_column

from core.i18n import Lazy, _l


class Kind(StrEnum):
    """What sort of thing a field holds; decides control, operators, parsing and format."""

    TEXT = "text"
    MULTILINE = "multiline"
    #: Text from a vocabulary that grows by use (industry, source): suggestions, no fixed list.
    PICK = "pick"
    CHOICE = "choice"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    INTEGER = "integer"
    FLAG = "flag"
    DAY = "day"
    INSTANT = "instant"
    LINK = "link"
    TAGS = "tags"


class Sensitivity(StrEnum):
    """How carefully a field is handled; the resolver decides with it who sees what."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SENSITIVE = "sensitive"
    SECRET = "secret"


class Choice(StrEnum):
    """A closed list of values: ``VALUE = "stored", _l("Label"), "tone"``.

    The tone (ok, info, warn, bad, mute, violet) is the tint of its tag.
    """

    label: Lazy
    tone: str

    def __new__(cls, value: str, label: Lazy, tone: str = "mute") -> Choice:
        """Make a member that is its stored value and knows its label."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.tone = tone
        return member


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """What a column means beyond its type."""

    kind: Kind
    label: Lazy
    help: Lazy | None = None
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    #: Found by the quick search.
    search: bool = False
    #: Set by the system; input that names it is refused.
    readonly: bool = False
    max_length: int | None = None
    choices: type[Choice] | None = None
    #: Resource a link points to.
    target: str | None = None
    #: Column that holds the order of this text (Chinese by pinyin).
    sort_by: str | None = None
    #: Column that holds what this name is recognised by, however it is written.
    match_by: str | None = None
    #: A number somebody else has given (of a tax office, of a bank): kept without blanks, in capitals.
    is_code: bool = False
    #: Whether people write a number with its thousands apart; a year they do not.
    grouped: bool = True
    #: The number people call a record by; found without its head and zeros too.
    is_number: bool = False


def table_of(resource: str) -> str:
    """The table of a resource: ``customer.customer`` lives in ``customer_customer``."""
    return resource.replace(".", "_")


def _column(word: Word, type_: Any, *args: Any, **options: Any) -> MappedColumn[Any]:
    return mapped_column(type_, *args, info={"word": word}, **options)


def key() -> MappedColumn[int]:
    """The number of a row, given by the database."""
    word = Word(Kind.INTEGER, _l("ID"), readonly=True)
    return _column(word, BigInteger, Identity(), primary_key=True, sort_order=-100)


def version() -> MappedColumn[int]:
    """Counts the changes of a row, for optimistic locking; no field of its own."""
    return mapped_column(Integer, default=1, server_default="1", sort_order=90)


def custom() -> MappedColumn[Any]:
    """Values of the fields a tenant's administrators add: ``{name: value as JSON}``; no field of its own.

    The engine adds the column to each table of records (see `core.db.migrate`).
    """
    return mapped_column(JSONB, nullable=False, server_default="{}", sort_order=95)


def text(
    length: int,
    *,
    label: Lazy,
    help: Lazy | None = None,
    search: bool = False,
    sort_by: str | None = None,
    match_by: str | None = None,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
    readonly: bool = False,
    unique: bool = False,
    index: bool = False,
    default: str | None = None,
) -> MappedColumn[Any]:
    """One line of text of at most ``length`` characters."""
    word = Word(
        Kind.TEXT,
        label,
        help,
        sensitivity,
        search=search,
        readonly=readonly,
        max_length=length,
        sort_by=sort_by,
        match_by=match_by,
    )
    return _column(word, String(length), unique=unique or None, index=index or None, default=default)


def code(
    length: int, *, label: Lazy, help: Lazy | None = None, search: bool = False, index: bool = True
) -> MappedColumn[Any]:
    """A number that somebody else has given, such as a tax number; kept without blanks, in capitals."""
    word = Word(Kind.TEXT, label, help, search=search, max_length=length, is_code=True)
    return _column(word, String(length), index=index)


def multiline(
    *,
    label: Lazy,
    help: Lazy | None = None,
    max_length: int = 20_000,
    search: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """Text of several lines."""
    word = Word(Kind.MULTILINE, label, help, sensitivity, search=search, max_length=max_length)
    return _column(word, Text)


def pick(
    length: int,
    *,
    label: Lazy,
    help: Lazy | None = None,
    index: bool = True,
    search: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
    default: str | None = None,
) -> MappedColumn[Any]:
    """Text from a vocabulary that grows by use; forms suggest the values already in use."""
    word = Word(Kind.PICK, label, help, sensitivity, search=search, max_length=length)
    return _column(word, String(length), index=index, default=default)


def sort_key(length: int = 400) -> MappedColumn[Any]:
    """The order of a text field (see ``text(sort_by=...)``); kept by the service, no field of its own."""
    return mapped_column(String(length), default="", server_default="", sort_order=80)


def match_key(length: int = 400) -> MappedColumn[Any]:
    """What a name is recognised by (see ``text(match_by=...)``); kept by the service, no field of its own."""
    return mapped_column(String(length, collation="C"), default="", server_default="", sort_order=81)


def choice(
    choices: type[Choice],
    *,
    label: Lazy,
    help: Lazy | None = None,
    default: Choice | None = None,
    index: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """One value of a closed list."""
    value = default.value if default is not None else None
    return _column(
        Word(Kind.CHOICE, label, help, sensitivity, choices=choices),
        String(40),
        default=value,
        server_default=value,
        index=index or None,
    )


def phone(
    *,
    label: Lazy,
    help: Lazy | None = None,
    search: bool = True,
    index: bool = True,
    sensitivity: Sensitivity = Sensitivity.SENSITIVE,
) -> MappedColumn[Any]:
    """A telephone number, stored as E.164 (``+8613800138000``), shown as the reader dials it."""
    word = Word(Kind.PHONE, label, help, sensitivity, search=search, max_length=40)
    return _column(word, String(40), index=index)


def email(
    *,
    label: Lazy,
    help: Lazy | None = None,
    search: bool = True,
    index: bool = True,
    unique: bool = False,
    sensitivity: Sensitivity = Sensitivity.SENSITIVE,
) -> MappedColumn[Any]:
    """A mail address, its domain in lower case."""
    word = Word(Kind.EMAIL, label, help, sensitivity, search=search, max_length=254)
    return _column(word, String(254), index=index and not unique, unique=unique or None)


def url(
    *,
    label: Lazy,
    help: Lazy | None = None,
    length: int = 200,
    index: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """The address of a web page, with ``https://`` put before it where it is missing."""
    word = Word(Kind.URL, label, help, sensitivity, max_length=length)
    return _column(word, String(length), index=index or None)


def integer(
    *,
    label: Lazy,
    help: Lazy | None = None,
    default: int | None = None,
    grouped: bool = True,
    readonly: bool = False,
    index: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """A whole number; ``grouped=False`` for years and the like, shown without separators."""
    word = Word(Kind.INTEGER, label, help, sensitivity, grouped=grouped, readonly=readonly)
    return _column(word, Integer, default=default, index=index or None)


def flag(
    *,
    label: Lazy,
    help: Lazy | None = None,
    default: bool = False,
    index: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """Yes or no."""
    shown = sql("true") if default else false()
    word = Word(Kind.FLAG, label, help, sensitivity)
    return _column(word, Boolean, default=default, server_default=shown, index=index or None)


def day(
    *,
    label: Lazy,
    help: Lazy | None = None,
    index: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """A calendar day, without a time or a zone."""
    return _column(Word(Kind.DAY, label, help, sensitivity), Date, index=index or None)


def instant(
    *,
    label: Lazy,
    help: Lazy | None = None,
    readonly: bool = False,
    now: bool = False,
    index: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """A moment, stored in UTC, shown in the reader's zone; ``now`` fills it at the insert."""
    return _column(
        Word(Kind.INSTANT, label, help, sensitivity, readonly=readonly),
        DateTime(timezone=True),
        server_default=func.now() if now else None,
        index=index or None,
        sort_order=91 if readonly else 0,
    )


def link(
    target: str,
    *,
    label: Lazy,
    help: Lazy | None = None,
    readonly: bool = False,
    index: bool = True,
    on_delete: str | None = None,
    circular: bool = False,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
) -> MappedColumn[Any]:
    """A link to a record of ``target``; the column ends in ``_id``, the field does not.

    ``circular`` marks the link that closes a circle of tables, so that they can be sorted.
    """
    return _column(
        Word(Kind.LINK, label, help, sensitivity, readonly=readonly, target=target),
        BigInteger,
        ForeignKey(f"{table_of(target)}.id", ondelete=on_delete, use_alter=circular),
        index=index,
        sort_order=92 if readonly else 0,
    )


def tags(
    *, label: Lazy, help: Lazy | None = None, sensitivity: Sensitivity = Sensitivity.INTERNAL
) -> MappedColumn[Any]:
    """Short words put on a record freely."""
    return _column(
        Word(Kind.TAGS, label, help, sensitivity, max_length=40),
        ARRAY(String(40)),
        default=list,
        server_default="{}",
    )


def series(prefix: str, sequence: str, *, label: Lazy) -> MappedColumn[Any]:
    """A human number such as ``C-000123``: unique, rising, gaps allowed.

    The database sequence ``sequence`` (made by the addon's migration) gives it, so writers never
    wait for one another.
    """
    made = sql(f"'{prefix}' || to_char(nextval('{sequence}'), 'FM999999000000')")
    word = Word(Kind.TEXT, label, search=True, readonly=True, max_length=40, is_number=True)
    return _column(word, String(40), server_default=made, unique=True, sort_order=-90)


def word_of(column: Column[Any]) -> Word | None:
    """The word of a column, or None for a column that is no field."""
    return column.info.get("word")
