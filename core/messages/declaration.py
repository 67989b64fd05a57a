"""What a message template is, and all of them by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.addons.switch import is_name_on, is_on
from core.db.tenancy import Tenant
from core.errors import NotFound
from core.i18n import LANGUAGES, Lazy, speaking

#: The right to change the words of templates: a thing of its own, and a verb on it.
THING: Final = "core.template"
VERB: Final = "change"


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of a message in one language, with tags, or filled in."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """A message that people write about the records of one resource."""

    #: Its own name; with that of the addon the id under which tenants keep their words.
    name: str
    #: The resource.
    about: str
    title: Lazy
    #: Both with merge tags, `core.messages.tags`; the translation has tags too.
    subject: Lazy
    text: Lazy
    #: The path of the mail address it goes to; the first mail address of the record unless said otherwise.
    to: str = ""
    #: Who brings it; set when the addon is loaded.
    addon: str = ""

    @property
    def id(self) -> str:
        """``<addon>.<name>``."""
        return f"{self.addon}.{self.name}"

    @property
    def url(self) -> str:
        """The address of the page on which its words are changed."""
        return f"/settings/messages/{self.addon}/{self.name}"

    def supplied(self, language: str) -> Texts:
        """Its words as the addon brings them."""
        with speaking(language):
            return Texts(str(self.subject), str(self.text))

    def supplied_texts(self) -> dict[str, Texts]:
        """Its words in every language."""
        return {language: self.supplied(language) for language in LANGUAGES}


class Templates:
    """The templates of this process, in the order of their addons."""

    def __init__(self) -> None:
        self._by_id: dict[str, Template] = {}

    def __iter__(self) -> Iterator[Template]:
        return iter(self._by_id.values())

    def add(self, template: Template) -> None:
        """Register a checked template."""
        self._by_id[template.id] = template

    def on(self, tenant: Tenant) -> list[Template]:
        """Those of addons the tenant has on, about what it has on."""
        return [each for each in self if is_on(tenant, each.addon) and is_name_on(tenant, each.about)]

    def about(self, tenant: Tenant, resource: str) -> list[Template]:
        """Those that are filled with records of a resource."""
        return [each for each in self.on(tenant) if each.about == resource]

    def named(self, tenant: Tenant, addon: str, name: str) -> Template:
        """One of them.

        Raises:
            NotFound: there is none, or it is off.
        """
        found = next((each for each in self.on(tenant) if (each.addon, each.name) == (addon, name)), None)
        if found is None:
            raise NotFound
        return found
