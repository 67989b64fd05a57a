"""Other words by which columns of tables go, and how headers are taken apart into words.

These here mean the same in every trade. Words of a trade stand in the declarations of the addons
(``Resource.synonyms``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from core.db.fields import Kind
from core.resources.cells import fold
from core.resources.columns import Column
from core.resources.declaration import Resource

#: For the field that names a record.
OF_THE_NAME: Final = ("name", "full name", "title", "名称", "姓名", "名字", "全称")
#: For fields of a kind.
OF_KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.PHONE: (
        "phone", "phone number", "telephone", "tel", "mobile", "mobile phone", "cell", "cell phone",
        "contact number", "phone no", "电话", "手机", "手机号", "手机号码", "电话号码", "联系电话",
        "联系方式",
        "座机", "固定电话", "固话", "移动电话",
    ),
    Kind.EMAIL: (
        "email", "e-mail", "mail", "email address", "mail address", "邮箱", "电子邮箱", "邮件", "电子邮件",
        "邮箱地址", "邮件地址",
    ),
    Kind.URL: ("website", "web", "url", "homepage", "web site", "site", "网址", "网站", "主页", "官网",
    "公司网站"),
    Kind.TAGS: ("tags", "labels", "keywords", "标签", "关键词", "关键字"),
}  # fmt: skip
#: For fields that every owned record has.
OF_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "owner": ("owner", "responsible", "assigned to", "负责人", "所有者", "归属人"),
    "unit": ("unit", "team", "branch", "部门", "所属部门", "组织", "所属团队", "分公司", "所属机构"),
    "created_at": ("created", "created on", "creation date", "date created", "创建日期", "创建时间",
    "录入时间",
        "建档日期",
   ),
}  # fmt: skip
#: Marks and remarks in headers that are no part of the name: ``手机*（必填）``, ``Revenue (USD)``.
_REMARK: Final = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]|[*＊:：?？]+|(?:必填|选填)$")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD: Final = re.compile(r"[^\W_]+")


@lru_cache(maxsize=4096)
def plain(header: str) -> str:
    """A header without remarks and marks; as it is when nothing else is left."""
    text = " ".join(_REMARK.sub(" ", unicodedata.normalize("NFKC", header)).split())
    return text or header


@lru_cache(maxsize=4096)
def words_in(header: str) -> tuple[str, ...]:
    """The Latin words of a header in their order: ``customerID`` is customer and id."""
    return tuple(word.casefold() for word in _WORD.findall(_HUMP.sub(" ", header)) if word.isascii())


def synonyms_of(resource: Resource, column: Column) -> Iterable[str]:
    """Other words for a column, those of its declaration first."""
    yield from resource.synonyms.get(column.name, ())
    if column.lines is not None or column.by is not None:
        return
    if column.field is resource.label_field:
        yield from OF_THE_NAME
    yield from OF_FIELDS.get(column.name, ())
    yield from OF_KINDS.get(column.field.word.kind, ())


@lru_cache(maxsize=65_536)
def likeness(header: str, word: str) -> float:
    """How much of a header a word for a column is: 1 for all of it, 0 when it is not in it.

    What a compound means stands at its end in both languages: 联系人电话 is a telephone, a "company
    phone" too, but a "phone service" is none.
    """
    text, wanted = plain(header), fold(word)
    folded = fold(text)
    if not wanted or not folded:
        return 0
    if folded == wanted:
        return 1
    if wanted.isascii():
        parts, have = words_in(word), words_in(text)
        if not parts or not set(parts) <= set(have):
            return 0
        is_head = have[-len(parts) :] == parts
        return (0.55 if is_head else 0.3) + 0.3 * len(parts) / len(have)
    if len(wanted) < 2 or wanted not in folded:
        return 0
    return (0.55 if folded.endswith(wanted) else 0.3) + 0.3 * len(wanted) / len(folded)
