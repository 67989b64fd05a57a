"""Icons inlined into pages as SVG: no icon font, no request, coloured by the text around them."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from core.web.assets.manifest import read_built


@cache
def _svg(children: str, size: int) -> Markup:
    look = f'class="gx-icon" width="{size}" height="{size}" viewBox="0 0 24 24" aria-hidden="true"'
    return Markup(f"<svg {look}>{children}</svg>")  # noqa: S704 - from our own build, never from users


def icon(name: str, size: int = 18) -> Markup:
    """The Tabler icon ``name`` as inline SVG, hidden from screen readers; ``size`` in CSS pixels.

    An icon that is not in the build (an addon may name any) is drawn as a plain circle.
    The names there are: ``core/web/assets/src/icons.txt``.
    """
    icons = read_built("icons.json")
    if name not in icons:
        name = "circle"
    return _svg(icons[name], size)
