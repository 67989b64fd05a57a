"""``guanxi import``: a file becomes records, in parts, which can be gone on with and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from core.cli.group import as_json, cli, for_tenant
from core.cli.import_results import tell_undone
from core.cli.importing import Importing, Order
from core.i18n import _
from core.resources.importing import Mode, Reading

_DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}


@cli.command("import")
@click.argument("resource", metavar="RESOURCE", required=False)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path), required=False)
@for_tenant
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Where the columns go, as JSON.")
@click.option("--match", "key", metavar="FIELD", help="Recognise records that are there by this field.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    help="What to do with rows; skip inserts what is new and leaves the rest. Default: insert; with --match:"
    " upsert.",
)
@click.option("--skip-unknown", is_flag=True, help="Leave out columns that have no field.")
@click.option("--clear-blank", is_flag=True, help="A blank cell empties the field of a record that is there.")
@click.option(
    "--keep-authors",
    is_flag=True,
    help="Take created_at, created_by, updated_at and updated_by from the file.",
)
@click.option("--all-or-nothing", is_flag=True, help="One transaction: import nothing when a row is bad.")
@click.option("--dry-run", is_flag=True, help="Try everything, write nothing.")
@click.option(
    "--bad",
    type=click.Path(path_type=Path),
    help="Where the bad rows go. Default: FILE.bad.csv; a dry run keeps none.",
)
@click.option("--encoding", metavar="NAME", help="Default: by its mark (BOM), else UTF-8, else GB18030.")
@click.option("--delimiter", type=click.Choice(list(_DELIMITERS)), help="Default: found out.")
@click.option("--sheet", metavar="NAME", help="Of a workbook. Default: the first that is not hidden.")
@click.option("--numbered", is_flag=True, help="Tell columns of one name apart by numbers: name, name (2).")
@click.option("--resume", metavar="ID", type=int, help="Go on with an import that was interrupted.")
@click.option("--undo", metavar="ID", type=int, help="Take an import back.")
@click.option("--as", "email", metavar="EMAIL", help="Act as this user, with their rights only.")
@as_json
def import_(
    resource: str | None,
    file: Path | None,
    slug: str,
    map_file: Path | None,
    key: str | None,
    mode: str | None,
    skip_unknown: bool,
    clear_blank: bool,
    keep_authors: bool,
    all_or_nothing: bool,
    dry_run: bool,
    bad: Path | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    numbered: bool,
    resume: int | None,
    undo: int | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Import a file: CSV, a workbook (xlsx), or JSON lines.

    Columns go to the fields they are named after, by name or by label in Chinese or English: "name",
    "parent" (a link, by the name of the record), "parent.number" (a link by another field),
    "phones.number" (the first of several lines), "phones.2.number". Where the names do not say it, it
    is guessed from them and from the cells, and told. A mapping says it for certain:

    \b
      {"columns": {"account": "name",
                   "subsidiary_of": {"field": "parent", "by": "name", "create": true},
                   "Churn": {"field": "kind", "values": {"Yes": "lost", "No": "active"}},
                   "tenure": {"note": "Tenure (months)"},
                   "x": null},
       "constants": {"type": "person"},
       "defaults": {"level": "B"}}

    "note" puts a column into a note on the record's timeline, null leaves it out.

    Rows with a problem are written to FILE.bad.csv with the reason, to be corrected and imported
    again; all others come in, some thousand at a time. What is interrupted goes on with --resume, each
    row once, and a whole import is taken back with --undo. Exit 1 when there are bad rows.

    \b
    Example: guanxi import customer.customer accounts.csv --tenant demo --map accounts.json --match name
             guanxi import --resume 12 --tenant demo
             guanxi import --undo 12 --tenant demo
    """  # noqa: D301 - click's own mark for lines to be left as they are
    if resume is None and undo is None and (resource is None or file is None):
        raise click.UsageError(_("Name a resource and a file, or an import with --resume or --undo."))
    if mode in (Mode.UPDATE, Mode.UPSERT, Mode.SKIP) and key is None:
        raise click.UsageError(
            _("--mode %(mode)s needs --match: by which field are records recognised?", mode=mode)
        )
    importing = Importing(
        Order(
            slug=slug,
            map_file=map_file,
            key=key,
            mode=Mode(mode) if mode else Mode.UPSERT if key else Mode.INSERT,
            options={"skip_unknown": skip_unknown, "clear_blank": clear_blank, "keep_authors": keep_authors},
            all_or_nothing=all_or_nothing,
            dry_run=dry_run,
            bad=bad,
            reading=Reading(
                encoding=encoding, delimiter=_DELIMITERS.get(delimiter or ""), sheet=sheet, numbered=numbered
            ),
            email=email,
        )
    )
    if undo is not None:
        tell_undone(undo, importing.take_back(undo), as_json=as_json)
        return
    if resume is not None:
        done = importing.resume(resume)
    else:
        assert resource is not None
        assert file is not None
        done = importing.start(resource, file)
    done.show(as_json=as_json)
    if done.run.counts.get("bad"):
        raise click.exceptions.Exit(1)
