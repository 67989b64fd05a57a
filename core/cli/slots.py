"""``guanxi addon slots``: the places on screens, and what stands there."""

from __future__ import annotations

import click

from core.cli.group import as_json, show, work
from core.cli.tenants import addon
from core.i18n import _
from core.settings.places import PlaceView, Standing, places
from core.web.place_models import said


@addon.command("slots")
@click.argument("name", required=False)
@as_json
def slots(name: str | None, as_json: bool) -> None:
    """Say what stands where on screens, in order, with the ids that others may point at.

    NAME shows one place alone.

    Example: guanxi addon slots record_panels
    """
    found = [
        each for each in places(work().kernel) if name is None or name in (each.name, *each.name.split())
    ]
    if not found:
        raise click.ClickException(_("There is no place “%(name)s”.", name=name))
    if as_json:
        show([each.as_data() for each in found])
        return
    for each in found:
        _tell(each)


def _tell(place: PlaceView) -> None:
    click.secho(f"{place.name}  {place.title}", bold=True)
    for each in place.standing:
        click.echo(f"  - {each.id:36} {each.title}{_more(each)}")


def _more(each: Standing) -> str:
    """Where it stands and on what, as far as it says so."""
    told = [", ".join(each.on)] if each.on else []
    told += said(each)
    return f" ({'; '.join(told)})" if told else ""
