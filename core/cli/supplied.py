"""Telling on the command line what became of the records that addons supply."""

from __future__ import annotations

from collections.abc import Sequence

import click

from core.i18n import _, ngettext
from core.seeds.writing import Told


def tell_supplied(slug: str, told: Sequence[Told]) -> None:
    """Print a line for each addon, and one for each record that was kept or refused."""
    for each in told:
        parts = []
        if each.written:
            parts.append(ngettext("%(n)s record written", "%(n)s records written", len(each.written)))
        if each.updated:
            parts.append(ngettext("%(n)s updated", "%(n)s updated", len(each.updated)))
        if each.kept:
            parts.append(ngettext("%(n)s kept as edited", "%(n)s kept as edited", len(each.kept)))
        if each.refused:
            parts.append(ngettext("%(n)s not possible", "%(n)s not possible", len(each.refused)))
        told_of = _(", ").join(parts)
        click.echo(
            _("%(tenant)s: supplied data of %(addon)s: %(told)s", tenant=slug, addon=each.addon, told=told_of)
        )
        for key, fields in each.kept.items():
            click.echo(
                _("  %(key)s: %(fields)s as the tenant has edited it", key=key, fields=_(", ").join(fields))
            )
        for key, why in each.refused.items():
            click.echo(_("  %(key)s: %(why)s", key=key, why=why))
    if told:
        click.echo(
            _("  What is supplied and what became of it stands under Settings → Addons → Supplied data.")
        )


def as_data(told: Sequence[Told]) -> dict[str, dict[str, object]]:
    """The same for programs, by addon."""
    return {
        each.addon: {
            "written": each.written, "updated": each.updated, "kept": each.kept, "refused": each.refused,
        }
        for each in told
    }  # fmt: skip
