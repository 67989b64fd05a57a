"""What the settings of an addon are: named values with field words and defaults, checked at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from sqlalchemy import ColumnDefault
from sqlalchemy.orm import MappedColumn, Session

from core.addons.manifest import AddonError
from core.addons.pointing import nearest_first, place_of_class
from core.db.fields import Kind, Word
from core.i18n import Lazy
from core.resources.declaration import Section
from core.resources.settings import stored

#: What a setting can hold.
KINDS: Final = (
    Kind.TEXT,
    Kind.MULTILINE,
    Kind.CHOICE,
    Kind.PHONE,
    Kind.EMAIL,
    Kind.URL,
    Kind.INTEGER,
    Kind.FLAG,
    Kind.DAY,
    Kind.TAGS,
)
#: What may be done with settings by those who have the right.
VERB: Final = "change"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value."""

    name: str
    word: Word
    #: What it is until somebody says otherwise.
    default: Any
    is_nullable: bool


class Settings:
    """Base of an addon's settings. Subclass it once in the ``settings`` room; annotate as in a model.

    ``limit: Mapped[int] = fields.integer(label=_l("Gifts a year"), default=5)``
    """

    title: ClassVar[Lazy]
    #: Stands below the title.
    summary: ClassVar[Lazy | str] = ""
    icon: ClassVar[str] = "settings"
    #: Groups of the page; one without a title where nothing is said.
    sections: ClassVar[tuple[Section, ...]] = ()
    #: The addon; set when it is loaded.
    addon: ClassVar[str] = ""
    #: Its values, in the order of the class.
    settings: ClassVar[Mapping[str, Setting]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        found: dict[str, Setting] = {}
        for name, column in list(vars(cls).items()):
            if isinstance(column, MappedColumn):
                is_nullable = "None" in str(cls.__annotations__.get(name, ""))
                word: Word = column.column.info["word"]
                found[name] = Setting(name, word, _default(column.column.default, word), is_nullable)
                delattr(cls, name)
        cls.settings = found

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Hold values, by name; others have their defaults."""
        for name, setting in self.settings.items():
            setattr(self, name, values.get(name, setting.default))

    @classmethod
    def of(cls, session: Session) -> Self:
        """What the tenant of ``session`` has set; asked once for a session."""
        return cls(stored.values_of(session, cls.addon, cls.settings))

    @classmethod
    def thing(cls) -> str:
        """What the right to change them is a right to: ``gifts.settings``."""
        return f"{cls.addon}.settings"

    @classmethod
    def url(cls) -> str:
        """The address of their page."""
        return f"/settings/options/{cls.addon}"

    @classmethod
    def laid_out(cls) -> Sequence[tuple[str, Sequence[Setting]]]:
        """The settings by groups, each behind its title."""
        if not cls.sections:
            return [("", list(cls.settings.values()))]
        return [(str(each.title), [cls.settings[name] for name in each.fields]) for each in cls.sections]

    @classmethod
    def check(cls) -> None:
        """See that the page can be made, and that the addon finds a value whatever has been set.

        Raises:
            AddonError: names the file, the line and the setting.
        """
        if not hasattr(cls, "title") or not cls.settings:
            raise AddonError(f"{place_of_class(cls)}: {cls.__name__} needs a title and settings")
        for name, setting in cls.settings.items():
            where = f"{place_of_class(cls, name)}: {cls.__name__}.{name}"
            if setting.word.kind not in KINDS:
                raise AddonError(f"{where} is a {setting.word.kind}; a setting is one of {', '.join(KINDS)}")
            if setting.default is None and not setting.is_nullable:
                raise AddonError(f"{where} needs a default, or an annotation that allows None")
        shown = [name for section in cls.sections for name in section.fields]
        for name in shown:
            if name not in cls.settings:
                known = ", ".join(nearest_first(name, cls.settings))
                where = place_of_class(cls, name)
                raise AddonError(f"{where}: {cls.__name__}.sections names “{name}”; there are {known}")
        if cls.sections and sorted(shown) != sorted(cls.settings):
            raise AddonError(f"{place_of_class(cls)}: {cls.__name__}.sections must show each setting once")


def _default(default: Any, word: Word) -> Any:
    """What a column's default gives; no tags are an empty list."""
    if word.kind is Kind.TAGS:
        return []
    return default.arg if isinstance(default, ColumnDefault) and not default.is_callable else None
