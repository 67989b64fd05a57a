"""What a written addon says in both languages, so that no word has two translations."""

from __future__ import annotations

from collections.abc import Mapping

from core.kit.texts import Key


class Texts:
    """Texts of administrators as the sources of an addon say them; their Chinese is kept."""

    def __init__(self, addon: str, known: Mapping[Key, str]) -> None:
        """Begin an addon's texts.

        Args:
            addon: its name; the context of words that mean something else elsewhere.
            known: what is said in Chinese already, by the core and all other addons.
        """
        self._addon = addon
        self._known = known
        self.chinese: dict[Key, str] = {}

    def code(self, en: str, zh: str, place: str) -> str:
        """A text as Python says it: ``_l('Grade')``, or with a context where the word is taken.

        Args:
            en: in English.
            zh: in Chinese; empty for what is known, or else for the English.
            place: what is told apart by it if the same English has several translations in the addon.
        """
        plain = (None, en)
        zh = zh or self.chinese.get(plain) or self._known.get(plain) or en
        context = next(
            (each for each in (None, self._addon) if self._is_free((each, en), zh)),
            place,
        )
        self.chinese[context, en] = zh
        return f"_l({en!r})" if context is None else f"_lp({context!r}, {en!r})"

    def _is_free(self, key: Key, zh: str) -> bool:
        return self._known.get(key, zh) == zh == self.chinese.get(key, zh)
