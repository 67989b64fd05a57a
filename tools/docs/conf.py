"""How Sphinx makes pages of our Markdown; the language comes from ``python -m tools.docs``."""

from __future__ import annotations

import re
from typing import Any, Final

from docutils.nodes import Element, caption, document
from sphinx.application import Sphinx

from core import __version__
from tools.docs.splitting import ChineseSearch

project = "Guanxi"
author = "Guanxi"
project_copyright = "Guanxi"
version = release = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["translations"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3
# What a page shows of a program need not be whole: an ellipsis stands for what differs each time.
suppress_warnings = ["misc.highlighting_failure"]
nitpicky = True

locale_dirs = ["translations"]
gettext_compact = False
gettext_uuid = False
gettext_location = False
# A paragraph whose English has changed is English until somebody has read it again.
gettext_allow_fuzzy_translations = False
figure_language_filename = "{path}{root}.{language}{ext}"

html_theme = "furo"
html_title = "Guanxi 关系"  # Chinese as data
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["guanxi.css"]
html_favicon = "../../core/web/static/favicon.svg"
html_logo = "../../core/web/static/logo.svg"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
        "sidebar/languages.html",
    ]
}
_FONTS: Final = (
    '"Inter Variable", Inter, system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif'
)
html_theme_options = {
    "light_css_variables": {
        "font-stack": _FONTS,
        "color-brand-primary": "#1e42b4",
        "color-brand-content": "#2b55dc",
        "color-brand-visited": "#2b55dc",
        "color-background-secondary": "#fbfbfd",
        "color-background-border": "#e5e8ef",
        "color-foreground-primary": "#141c2e",
    },
    "dark_css_variables": {
        "color-brand-primary": "#9db5ff",
        "color-brand-content": "#8fabff",
        "color-brand-visited": "#8fabff",
    },
    "top_of_page_buttons": [],
}
#: Said in the sidebar.
html_context = {"languages": {"en": "English", "zh": "中文"}}  # Chinese as data

# Chinese as data
_PARTLY: Final = "本页已翻译 {share}%，其余段落暂以英文显示。"
_NOT: Final = "本页暂无中文版，以英文显示。"
_FILE: Final = re.compile(r"^```(?P<language>\w+) (?P<file>[\w./-]+\.\w+)$", re.MULTILINE)


#: A file of the program, which is not among the pages: its name is enough.
_SOURCE: Final = re.compile(r"\[(?P<text>[^\]]+)\]\(\.\./(?P<file>(?:core|addons|tests|tools)/[^)]+)\)")
_DECISIONS: Final = "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def _name_files(app: Sphinx, page: str, source: list[str]) -> None:
    """Show the name of the file a block holds, which stands behind its language, above the block."""
    source[0] = _FILE.sub(r"```{code-block} \g<language>\n:caption: \g<file>\n", source[0])
    source[0] = _SOURCE.sub(r"`\g<file>`", source[0])
    if page == "decisions/README":
        source[0] += _DECISIONS


def _add_languages(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: document | None
) -> None:
    """Let a page lead to itself in the other language, and say where it is not translated."""
    context["spoken"] = app.config.html_context["languages"]
    context["code"] = (app.config.language or "en").partition("_")[0]
    if tree is None or context["code"] == "en" or page.startswith("reference/"):
        return
    # The name of a file above a block is the same in every language.
    said = [each for each in tree.findall(Element) if "translated" in each and not isinstance(each, caption)]
    done = sum(bool(each["translated"]) for each in said)
    if done < len(said) or not said:
        words = _PARTLY.format(share=100 * done // len(said)) if said else _NOT
        context["body"] = f'<p class="gx-untranslated">{words}</p>{context["body"]}'


def setup(app: Sphinx) -> None:
    """Join in."""
    app.add_search_language(ChineseSearch)
    app.connect("source-read", _name_files)
    app.connect("html-page-context", _add_languages)
