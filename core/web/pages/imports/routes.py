"""The addresses of imports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from flask import Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from core.errors import GuanxiError, Invalid, NotFound, TooLarge
from core.i18n import _, ngettext
from core.resources.declaration import Resource
from core.resources.importing import Mode, runs, steps
from core.resources.importing.checking import check
from core.resources.importing.jobs import import_store
from core.resources.importing.runs import Run
from core.resources.importing.tables import UnreadableFile
from core.web.downloads import bad_rows_answer
from core.web.import_models import ImportsView, ImportView, NewView
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.imports.columns import Columns
from core.web.pages.imports.files import file_view, read_reading
from core.web.pages.imports.frame import row_of, steps_of
from core.web.pages.imports.states import run_view
from core.web.pages.imports.wishes import Posted, read_form, read_wish
from core.web.pages.request import display, is_fragment, resource_at, tell, told, typed
from core.web.shell import shell
from core.web.uploads import MAX_IMPORT, chosen_file, open_form
from core.web.view_models import MenuLink

#: A file so small is checked while one waits, without a job.
_AT_ONCE: Final = 100_000


# Begin


@bp.get("/<addon>/<plural>/import")
def begin(addon: str, plural: str) -> str:
    """Show where a file is dropped."""
    return _begin(_importable(addon, plural))


@bp.post("/<addon>/<plural>/import")
def upload(addon: str, plural: str) -> ResponseReturnValue:
    """Keep a file; a script is answered with where to go on."""
    resource = _importable(addon, plural)
    try:
        run = _upload(resource)
    except GuanxiError as error:
        if is_fragment() or error.status >= 500:
            raise
        return _begin(resource, error.detail), error.status
    address = f"/imports/{run.id}?step=file"
    if is_fragment():
        return jsonify(redirect=address), 201
    return Response(status=303, headers={"Location": address})


def _upload(resource: Resource) -> Run:
    limit = display().size(MAX_IMPORT)
    open_form(MAX_IMPORT, limit)
    name, file = chosen_file()
    if file.stream.seek(0, os.SEEK_END) > MAX_IMPORT:
        raise TooLarge(limit=limit)
    file.stream.seek(0)
    return steps.create_run(
        g.session, resource, actor=g.actor, store=import_store(kernel().config), name=name,
        content=file.stream, keeps_unreadable=True,
    )  # fmt: skip


def _importable(addon: str, plural: str) -> Resource:
    resource = resource_at(addon, plural)
    if resource.is_nested:
        raise NotFound
    gateway().require(resource, "import")
    return resource


def _begin(resource: Resource, error: str = "") -> str:
    view = NewView(
        title=_("Import %(records)s", records=str(resource.title_plural).lower()),
        action=f"{resource.url}/import",
        list_url=resource.url,
        records=str(resource.title_plural),
        max_size=MAX_IMPORT,
        max_size_shown=display().size(MAX_IMPORT),
        steps=steps_of("file"),
        hints=(
            _("The first row names the columns. Where they go is guessed, in both languages; you decide."),
            _("Nothing is written before you have seen what would happen."),
            _("A whole import can be taken back."),
        ),
        error=error,
        recent=[row_of(run) for run in runs.runs_of(g.session, actor=g.actor, resource=resource, limit=5)],
    )
    return render_template("imports/new.html", shell=shell(), toasts=told(), view=view)


# One import


@bp.get("/imports")
def imports() -> str:
    """Show what somebody has imported."""
    offers = [
        MenuLink(str(each.title_plural), f"{each.url}/import", each.icon)
        for each in kernel().resources.visible(g.tenant)
        if not each.is_nested and g.actor.may(each.name, "import") and g.actor.may(each.name, "read")
    ]
    rows = [row_of(run) for run in runs.runs_of(g.session, actor=g.actor)]
    view = ImportsView(_("My imports"), rows, offers)
    return render_template("imports/list.html", shell=shell(), toasts=told(), view=view)


@bp.get("/imports/<int:import_id>")
def one_import(import_id: int) -> str:
    """Show the step an import is at, or an earlier one."""
    run, resource = _found(import_id)
    step = request.args.get("step", "")
    if run.state not in runs.OPEN:
        step = "run"
    elif not run.header:
        step = "file"
    elif step not in ("file", "columns"):
        step = "run" if run.state == "checked" else "columns"
    if step == "columns":
        return _columns_page(run, resource, is_guessed="guess" in request.args)
    return _page(run, resource, step)


@bp.get("/imports/<int:import_id>/state")
def import_state(import_id: int) -> str:
    """Answer how far an import is, for a page that watches it."""
    run, resource = _found(import_id)
    return render_template(
        "imports/state.html", run=run_view(run, resource), swapped_steps=steps_of("run", run)
    )


@bp.post("/imports/<int:import_id>/reading")
def read_anew(import_id: int) -> ResponseReturnValue:
    """Read the file in another way."""
    run, resource = _found(import_id)
    try:
        reading = read_reading(request.form.to_dict())
    except UnreadableFile as error:
        raise Invalid({"reading": [error.detail]}) from error
    shown = None
    try:
        run = steps.configure(
            g.session,
            run,
            actor=g.actor,
            resource=resource,
            store=import_store(kernel().config),
            reading=reading,
        )
    except UnreadableFile:
        shown = reading  # the page says what is wrong with it; what was there before stays
    if not is_fragment() and shown is None:
        return Response(status=303, headers={"Location": f"/imports/{run.id}?step=file"})
    view = replace(_view(run, resource, "file"), file=file_view(run, shown))
    if shown is not None:
        view = replace(view, next_url="")
    name = "imports/file.html" if is_fragment() else "imports/run.html"
    return render_template(name, shell=shell(), csrf=shell().csrf, toasts=[], view=view)


@bp.get("/imports/<int:import_id>/fields")
def fields(import_id: int) -> dict[str, Any]:
    """Answer with the fields a column may go to, while somebody types."""
    run, resource = _found(import_id)
    return {"items": Columns(run, resource).found(typed("q"))}


@bp.post("/imports/<int:import_id>/options")
def options(import_id: int) -> str:
    """Answer with what else can be said of a column that goes to a field."""
    run, resource = _found(import_id)
    columns = Columns(run, resource)
    place = request.form.get("place", "")
    if not (place.isascii() and place.isdigit() and int(place[:6]) < len(columns.header)):
        raise NotFound
    view = columns.options(int(place), read_wish(request.form, int(place)))
    return render_template("imports/options.html", options=view)


@bp.post("/imports/<int:import_id>/columns")
def say_columns(import_id: int) -> ResponseReturnValue:
    """Keep where the columns go, and check the file or go back."""
    run, resource = _found(import_id)
    posted = read_form(request.form, len(run.header))
    mapping = posted.mapping(run.header)
    mode = posted.mode if posted.mode in tuple(Mode) else Mode.INSERT
    switches = {
        "clear_blank": posted.clear_blank,
        "keep_authors": posted.keep_authors and g.actor.is_administrator,
    }
    if request.form.get("go") == "back":
        if run.state not in runs.OPEN:
            raise runs.NotNow
        said = {"columns": mapping.columns, "constants": mapping.constants, "defaults": mapping.defaults}
        kept = {
            "mapping": said,
            "mode": mode,
            "key": posted.key or None,
            "options": {**run.options, **switches},
        }
        runs.set_values(g.session, run, {"state": "draft", "report": None, **kept})
        return _to(run, "file")
    columns = Columns(run, resource)
    open_ = [view.header for view in columns.view(posted).columns if view.options.is_order_open]
    try:
        if open_:
            sentence = _("Choose how the days in %(columns)s are written.", columns=", ".join(open_))
            raise Invalid({"format": [sentence]})
        run = steps.configure(
            g.session, run, actor=g.actor, resource=resource, mapping=mapping, mode=Mode(mode),
            key=posted.key or None, options=switches,
        )  # fmt: skip
        run = _check(run, resource)
    except Invalid as error:
        return _columns_page(run, resource, posted, error), 422
    return _to(run)


def _check(run: Run, resource: Resource) -> Run:
    """Check a small file at once, a large one by a job."""
    if run.size <= _AT_ONCE:
        return check(g.session, run, actor=g.actor, resource=resource, store=import_store(kernel().config))
    return steps.start_check(g.session, run, actor=g.actor, resource=resource)


@bp.post("/imports/<int:import_id>/check")
def check_again(import_id: int) -> Response:
    """Check the file once more."""
    run, resource = _found(import_id)
    return _to(_check(run, resource))


@bp.post("/imports/<int:import_id>/start")
def start_import(import_id: int) -> Response:
    """Begin the import, or go on with it; a second click does nothing."""
    run, resource = _found(import_id)
    if run.state not in ("waiting", "running", "done"):
        run = steps.start(g.session, run, actor=g.actor, resource=resource)
    return _to(run)


@bp.post("/imports/<int:import_id>/cancel")
def cancel_import(import_id: int) -> Response:
    """Stop it."""
    run, _resource = _found(import_id)
    if run.state in ("checking", "waiting", "running"):
        run = steps.cancel(g.session, run)
    return _to(run)


@bp.get("/imports/<int:import_id>/undo")
def ask_undo(import_id: int) -> str:
    """Say what taking an import back means."""
    run, resource = _found(import_id)
    made, changed = run.counts.get("inserted", 0), run.counts.get("updated", 0)
    linked, shown = run.counts.get("created", 0), display().number
    consequences = [
        (made, ngettext(
            "%(shown)s record it made is deleted for good.",
            "%(shown)s records it made are deleted for good.",
            made, shown=shown(made),
        )),
        (changed, ngettext(
            "%(shown)s record it changed gets its former values back.",
            "%(shown)s records it changed get their former values back.",
            changed, shown=shown(changed),
        )),
        (linked, ngettext(
            "%(shown)s linked record it made is deleted unless something else refers to it.",
            "%(shown)s linked records it made are deleted where nothing else refers to them.",
            linked, shown=shown(linked),
        )),
        (1, _("Records that somebody has changed since are left as they are.")),
    ]  # fmt: skip
    return render_template(
        "imports/undo.html",
        title=_("Undo this import?"),
        text=_("%(file)s, imported as %(records)s:", file=run.file_name, records=str(resource.title_plural)),
        consequences=[sentence for count, sentence in consequences if count],
        action=f"/imports/{run.id}/undo",
        submit_label=_("Undo the import"),
        csrf=shell().csrf,
    )


@bp.post("/imports/<int:import_id>/undo")
def undo_import(import_id: int) -> Response:
    """Take an import back."""
    run, _resource = _found(import_id)
    if run.state not in ("undoing", "undone"):
        run = steps.undo(g.session, run, actor=g.actor)
    return _to(run)


@bp.post("/imports/<int:import_id>/discard")
def discard_import(import_id: int) -> Response:
    """Forget an import that was not begun; with ``anew``, another file is chosen next."""
    run, resource = _found(import_id)
    steps.discard(g.session, run)
    if "anew" in request.args:
        return Response(status=303, headers={"Location": f"{resource.url}/import"})
    return tell(Response(status=303, headers={"Location": resource.url}), _("The file was discarded."))


@bp.get("/imports/<int:import_id>/bad-rows")
def bad_rows(import_id: int) -> Response:
    """The bad rows with what is wrong, to correct and import again."""
    run, _resource = _found(import_id)
    return bad_rows_answer(run)


# Parts


def _found(import_id: int) -> tuple[Run, Resource]:
    """An import and what its rows become, for somebody who may know of both."""
    run = runs.find_run(g.session, import_id, actor=g.actor)
    resource = kernel().resources.named(g.tenant, run.resource)
    gateway().require(resource, "import")
    return run, resource


def _to(run: Run, step: str = "") -> Response:
    address = f"/imports/{run.id}" + (f"?step={step}" if step else "")
    if is_fragment():
        return Response(status=204, headers={"HX-Redirect": address})
    return Response(status=303, headers={"Location": address})


def _page(run: Run, resource: Resource, step: str) -> str:
    view = _view(run, resource, step)
    if step == "file":
        view = replace(view, file=file_view(run))
    elif step == "run":
        view = replace(view, run=run_view(run, resource))
    return render_template("imports/run.html", shell=shell(), toasts=told(), view=view, csrf=shell().csrf)


def _columns_page(
    run: Run, resource: Resource, posted: Posted | None = None, error: Invalid | None = None, *,
    is_guessed: bool = False,
) -> str:  # fmt: skip
    columns = Columns(run, resource)
    errors = [] if error is None else _sentences(error)
    if run.reason and error is None:
        errors = [run.reason]
    before = "" if posted is not None or is_guessed else _kept_from(run, resource, columns)
    shown = posted or columns.kept(fresh=is_guessed)
    view = replace(
        _view(run, resource, "columns"),
        columns=columns.view(shown, kept_from=before, errors=errors, fresh=posted is None),
    )
    return render_template("imports/run.html", shell=shell(), toasts=told(), view=view, csrf=shell().csrf)


def _kept_from(run: Run, resource: Resource, columns: Columns) -> str:
    """Of which import the mapping was taken over, where nobody has said anything yet."""
    if not columns.is_mapped:
        return ""
    before = runs.last_run(g.session, resource, run.header, actor=g.actor)
    if before is None or before.mapping != run.mapping:
        return ""
    when = display().instant(before.created_at)
    return _("The columns go where they went with “%(file)s”, %(when)s.", file=before.file_name, when=when)


def _sentences(error: Invalid) -> Sequence[str]:
    found = [str(text) for texts in error.errors.values() for text in texts]
    return found or [error.detail]


def _view(run: Run, resource: Resource, part: str) -> ImportView:
    is_open = run.state in runs.OPEN
    return ImportView(
        id=run.id,
        title=_("Import %(records)s", records=str(resource.title_plural).lower()),
        subtitle=run.file_name,
        steps=steps_of(part, run),
        part=part,
        reading_url=f"/imports/{run.id}/reading",
        next_url=f"/imports/{run.id}?step=columns" if run.header else "",
        discard_url=f"/imports/{run.id}/discard" if is_open else "",
    )
