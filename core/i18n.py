"""Two languages, English msgids, one catalogue domain for each room that speaks (core, each addon).

Texts are looked up when they are shown: `_` now, `_l` later, in the language of whoever reads.
Which language that is, is a context variable set by the web (user, tenant, browser), by a job or
by a command with `speaking`.
"""

from __future__ import annotations

import gettext as gettext_module
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import LazyProxy

logger = logging.getLogger(__name__)

#: What a lazy text is for the type checker.
Lazy = LazyProxy

#: Codes of the languages we speak; also the names of the catalogue folders.
LANGUAGES = ("zh", "en")
#: What `core.i18n` calls a language, and what HTML, HTTP and CLDR call it.
HTML_TAGS = {"zh": "zh-CN", "en": "en"}
LOCALES = {"zh": "zh_Hans_CN", "en": "en_US"}

_language: ContextVar[str] = ContextVar("language", default="en")
_catalogues: dict[str, gettext_module.NullTranslations] = {"en": gettext_module.NullTranslations()}
_sources: list[Path] = []
#: When each file was changed, where somebody has them read again: ``{path: nanoseconds}``.
_stamps: dict[Path, int] = {}


def add_catalogue(folder: Path) -> None:
    """Join the ``<lang>/LC_MESSAGES/*.po`` files below ``folder`` to what is spoken.

    What is said already keeps its words: an addon adds to what the core and those before it say, and
    changes nothing of theirs for tenants that have it off.
    The files are compiled in memory, so a changed text needs no build step.
    """
    if folder in _sources:
        return
    _sources.append(folder)
    _join(folder, _catalogues)


def reload_catalogues() -> None:
    """Read all catalogues again when a file of theirs has changed; a broken one waits until it is mended."""
    global _stamps  # noqa: PLW0603 - what is spoken is one for the process
    now = {path: path.stat().st_mtime_ns for folder in _sources for path in folder.glob("*/LC_MESSAGES/*.po")}
    if now == _stamps:
        return
    fresh: dict[str, gettext_module.NullTranslations] = {"en": gettext_module.NullTranslations()}
    try:
        for folder in _sources if _stamps else ():
            _join(folder, fresh)
    except (PoFileError, OSError, ValueError) as error:
        logger.warning("a catalogue cannot be read: %s", error)
        return
    if _stamps:
        _catalogues.update(fresh)
    _stamps = now


def _join(folder: Path, catalogues: dict[str, gettext_module.NullTranslations]) -> None:
    for language in LANGUAGES:
        for path in sorted(folder.glob(f"{language}/LC_MESSAGES/*.po")):
            known, compiled = catalogues.get(language, catalogues["en"]), io.BytesIO()
            with path.open("rb") as source:
                write_mo(compiled, _without(known, read_po(source, locale=language)))
            compiled.seek(0)
            loaded = gettext_module.GNUTranslations(compiled)
            loaded.add_fallback(known)
            catalogues[language] = loaded


def _without(known: gettext_module.NullTranslations, catalogue: Catalog) -> Catalog:
    """A catalogue without the texts that others have brought."""
    for message in list(catalogue):
        text = message.id if isinstance(message.id, str) else message.id[0]
        said = known.pgettext(message.context, text) if message.context else known.gettext(text)
        if text and said != text:
            catalogue.delete(message.id, message.context)
    return catalogue


def language() -> str:
    """The code of the language in force, "zh" or "en"."""
    return _language.get()


def set_language(code: str) -> None:
    """Speak ``code`` from here on in this context (the web does so once a request)."""
    _language.set(code if code in LANGUAGES else "en")


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak ``code`` inside the block."""
    token = _language.set(code if code in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(token)


def match_language(wish: str | None) -> str | None:
    """Map what a browser, a user or an operator writes (``zh-CN``, ``zh_TW``, ``en-GB``) to our code."""
    head = (wish or "").replace("_", "-").split("-")[0].strip().lower()
    return head if head in LANGUAGES else None


def gettext(message: str, **values: Any) -> str:
    """The text of ``message`` in the language in force, its ``%(name)s`` filled in."""
    catalogue = _catalogues.get(_language.get())
    text = catalogue.gettext(message) if catalogue is not None and message else message
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """Like `gettext` for a text that depends on the number ``n``."""
    catalogue = _catalogues.get(_language.get(), _catalogues["en"])
    return catalogue.ngettext(singular, plural, n) % {"n": n, **values}


def pgettext(context: str, message: str, **values: Any) -> str:
    """Like `gettext` for a short word whose meaning needs a context."""
    catalogue = _catalogues.get(_language.get(), _catalogues["en"])
    text = catalogue.pgettext(context, message)
    return text % values if values else text


def lazy_gettext(message: str, **values: Any) -> Lazy:
    """A text looked up whenever it is shown; for everything said at import time."""
    return LazyProxy(gettext, message, enable_cache=False, **values)


def lazy_pgettext(context: str, message: str) -> Lazy:
    """Like `lazy_gettext` with a context."""
    return LazyProxy(pgettext, context, message, enable_cache=False)


def either(zh: str, en: str) -> Lazy:
    """A text that people have written in both languages; what one lacks, the other says."""
    return LazyProxy(_spoken, zh, en, enable_cache=False)


def _spoken(zh: str, en: str) -> str:
    return (zh or en) if _language.get() == "zh" else (en or zh)


def pack(text: str | Lazy) -> Any:
    """A text as JSON keeps it for readers of any language; `unpack` says it."""
    if not isinstance(text, LazyProxy):
        return str(text)
    if text._func is _spoken:
        return dict(zip(("zh", "en"), text._args, strict=True))
    *context, message = text._args
    values = {
        name: value if isinstance(value, int | float) else pack(value) for name, value in text._kwargs.items()
    }
    packed: dict[str, Any] = {"text": message}
    return packed | ({"context": context[0]} if context else {}) | ({"values": values} if values else {})


def unpack(packed: Any) -> Lazy | str:
    """The text that `pack` was given, said in the language in force whenever it is shown."""
    if not isinstance(packed, dict):
        return str(packed)
    if "zh" in packed:
        return either(packed["zh"], packed["en"])
    if "context" in packed:
        return lazy_pgettext(packed["context"], packed["text"])
    values = {
        name: value if isinstance(value, int | float) else unpack(value)
        for name, value in packed.get("values", {}).items()
    }
    return lazy_gettext(packed["text"], **values)


_ = gettext
_l = lazy_gettext
_p = pgettext
_lp = lazy_pgettext
