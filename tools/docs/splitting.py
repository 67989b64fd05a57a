"""The search of the Chinese pages: words in Latin letters, and Chinese by twos, so that any part is found."""

from __future__ import annotations

import re
from typing import Final

from sphinx.search import SearchLanguage

_WORDS: Final = re.compile(r"[a-z0-9_]+|[\u3400-\u9fff]+", re.IGNORECASE)


def split(text: str) -> list[str]:
    """The words of ``text``; Chinese in overlapping pairs of characters, one alone as it is."""
    found: list[str] = []
    for word in _WORDS.findall(text):
        if word[0] < "\u3400" or len(word) == 1:
            found.append(word)
        else:
            found += [word[at : at + 2] for at in range(len(word) - 1)]
    return found


class ChineseSearch(SearchLanguage):
    """Splits in the build as ``splitQuery`` does in the browser."""

    lang = "zh_CN"
    language_name = "Chinese"
    stopwords: frozenset[str] = frozenset()
    js_splitter_code = r"""
function splitQuery(query) {
  const found = [];
  for (const word of query.match(/[a-z0-9_]+|[\u3400-\u9fff]+/gi) || []) {
    if (word < "\u3400" || word.length === 1) found.push(word);
    else for (let at = 0; at < word.length - 1; at++) found.push(word.slice(at, at + 2));
  }
  return found;
}
"""

    def split(self, input: str) -> list[str]:  # noqa: A002 - Sphinx calls it so
        """The words of a page."""
        return split(input)

    def word_filter(self, word: str) -> bool:
        """All of them are looked for."""
        return bool(word)
