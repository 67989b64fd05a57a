"""The second step: where each column goes, what its values mean, what happens to records that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Final

from flask import g

from core.db.fields import Kind
from core.i18n import LANGUAGES, _, ngettext, speaking
from core.resources.cells import cell_reader, fold
from core.resources.columns import Column, columns_of, read_column
from core.resources.declaration import Resource
from core.resources.importing import Confidence, Guess, Mode, guess_mapping
from core.resources.importing.evidence import Cells
from core.resources.importing.guess import SAMPLE
from core.resources.importing.mapping import AUTHORS
from core.resources.importing.runs import Run
from core.resources.importing.synonyms import synonyms_of
from core.resources.resolver import Answer, UnknownField
from core.resources.written import DAY_ORDERS, BadCell, DayOrder, day_orders_of, read_day
from core.web.display import options_of
from core.web.import_models import ColumnsView, FixedView, MapView, MeaningView, OptionsView
from core.web.lifecycle import gateway
from core.web.pages.imports.files import rows_behind, sample_of
from core.web.pages.imports.wishes import MAX_FIXED, MAX_MEANINGS, NOTE, Fixed, Posted, Wish
from core.web.pages.request import display
from core.web.view_models import Option

#: Values of a column shown, and characters of each.
_SAMPLES, _LONGEST = 3, 40
#: Different cells of a field without a closed list for which another word may be written.
_MAX_WORDS: Final = 15
#: Kinds of fields by which records are recognised.
_KEYS: Final = (Kind.TEXT, Kind.PHONE, Kind.EMAIL, Kind.URL, Kind.INTEGER)
_TONES: Final = {
    Confidence.SURE: "ok",
    Confidence.LIKELY: "info",
    Confidence.UNSURE: "warn",
    Confidence.NONE: "",
}
_LINES: Final = 3


class Columns:
    """The columns of one import, for the present reader."""

    def __init__(self, run: Run, resource: Resource) -> None:
        """Read the first rows of the file.

        Raises:
            FileGone, UnreadableFile: it cannot be read.
        """
        self.run = run
        self.resource = resource
        self.known = {column.name: column for column in _choosable(resource)}
        self.links = {name: column for name, column in self.known.items() if column.field.target is not None}
        sample = sample_of(run)
        self.sample, self.header = sample.rows, sample.header
        self.cells = [self._cells(place) for place in range(len(self.header))]
        self._guess: Guess | None = None

    # What is shown

    def kept(self, *, fresh: bool = False) -> Posted:
        """What the run says, else what is guessed."""
        if not self.is_mapped or fresh:
            return self.guessed()
        mapping, run = self.run.columns, self.run
        fixed = [
            Fixed(name, value if isinstance(value, str) else ", ".join(map(str, value)), is_default)
            for values, is_default in ((mapping.constants, False), (mapping.defaults, True))
            for name, value in values.items()
        ]
        return Posted(
            [Wish.from_json(mapping.columns.get(name), self.links) for name in self.header],
            fixed,
            run.key or "",
            run.mode,
            bool(run.options.get("clear_blank")),
            bool(run.options.get("keep_authors")),
        )

    def guessed(self) -> Posted:
        """What is guessed."""
        rows = chain(self.sample, rows_behind(self.run) if len(self.sample) == SAMPLE else ())
        guess = self._guess = guess_mapping(gateway(), self.resource, self.header, rows)
        wishes = [Wish.from_json(column.wish, self.links) for column in guess.columns]
        return Posted(wishes, (), guess.key or "", guess.mode)

    def view(
        self, posted: Posted, *, kept_from: str = "", errors: Sequence[str] = (), fresh: bool = False
    ) -> ColumnsView:
        """The form with what it holds."""
        url = f"/imports/{self.run.id}"
        fixed = [*posted.fixed, *([Fixed()] * max(1, 3 - len(posted.fixed)))][:MAX_FIXED]
        return ColumnsView(
            action=f"{url}/columns",
            lookup_url=f"{url}/fields",
            options_url=f"{url}/options",
            columns=[self._map(place, wish, fresh=fresh) for place, wish in enumerate(posted.columns)],
            keys=self._keys(posted.key),
            modes=[
                Option(mode, label, selected=mode == (posted.mode or Mode.INSERT))
                for mode, label, _help in _modes()
            ],
            mode_helps=[help_ for _mode, _label, help_ in _modes()],
            clear_blank=posted.clear_blank,
            fixed=[
                FixedView(n, self._fixable(each.field), each.value, each.is_default)
                for n, each in enumerate(fixed)
            ],
            kept_from=kept_from,
            guess_url=f"{url}?step=columns&guess=1",
            errors=errors,
            may_keep_authors=g.actor.is_administrator,
            keep_authors=posted.keep_authors,
        )

    def found(self, q: str) -> list[dict[str, str]]:
        """The fields a column may go to, by what somebody types."""
        wanted = fold(q)
        items = [{"id": NOTE, "label": _("Into a note"), "hint": _("on the record's timeline")}]
        items += [
            {"id": name, "label": column.label, "hint": self._hint(column)}
            for name, column in self.known.items()
        ]
        if not wanted:
            return items
        return [each for each in items if wanted in fold(each["label"]) or wanted in self._words(each["id"])]

    def options(self, place: int, wish: Wish) -> OptionsView:
        """What else can be said of a column that goes to a field."""
        if wish.name == NOTE:
            return OptionsView(place, note=wish.note or self.header[place])
        column = self.known.get(wish.name)
        if column is None:
            return OptionsView(place)
        cells, word = self.cells[place], column.field.word
        if column.field.target is not None:
            return self._link_options(place, column, wish)
        if word.kind in (Kind.DAY, Kind.INSTANT):
            return self._day_options(place, wish)
        if word.kind in (Kind.CHOICE, Kind.FLAG):
            return OptionsView(place, meanings=self._meanings(column, cells, wish.values), is_closed=True)
        if word.kind is Kind.PICK and len(cells.distinct) <= _MAX_WORDS:
            meanings = [MeaningView(cell, (), wish.values.get(cell, "")) for cell in cells.distinct]
            return OptionsView(place, meanings=meanings)
        return OptionsView(place, example=self._example(column, cells))

    # Columns

    @property
    def is_mapped(self) -> bool:
        """Whether the run says where its columns go."""
        columns = self.run.mapping.get("columns") or {}
        return bool(columns) and set(columns) <= set(self.run.header)

    def _cells(self, place: int) -> Cells:
        return Cells.of([row.cells[place] for row in self.sample if place < len(row.cells)])

    def _map(self, place: int, wish: Wish, *, fresh: bool) -> MapView:
        column = self.known.get(wish.name)
        label = _("Into a note") if wish.name == NOTE else column.label if column is not None else ""
        guess = self._guess.columns[place] if self._guess is not None and fresh else None
        samples = [_short(text) for text in self.cells[place].distinct[:_SAMPLES]]
        tone = _TONES[guess.confidence] if guess is not None else ""
        reason = str(guess.reason) if guess is not None else ""
        said = _confidence(guess.confidence) if guess is not None and tone else ""
        return MapView(
            place,
            self.header[place],
            samples,
            wish.name,
            label,
            reason,
            tone,
            said,
            self.options(place, wish),
        )

    def _words(self, name: str) -> str:
        """Everything a column is called by, folded."""
        column = self.known.get(name)
        if column is None:
            return ""
        words = [name, *synonyms_of(self.resource, column)]
        for language in LANGUAGES:
            with speaking(language):
                words.append(column.label)
        return "\n".join(map(fold, words))

    def _hint(self, column: Column) -> str:
        if column.field.word.readonly:
            return _("only to recognise records")
        return _("required") if column.lines is None and column.field.is_required else ""

    def _keys(self, here: str) -> list[Option]:
        options = [Option("", _("nothing: every row is a new record"), selected=not here)]
        for name, column in self.known.items():
            field = column.field
            if column.lines is None and field.word.kind in _KEYS:
                options.append(Option(name, column.label, selected=name == here))
        return options

    def _fixable(self, here: str) -> list[Option]:
        return [
            Option(name, column.label, selected=name == here)
            for name, column in self.known.items()
            if column.lines is None and not column.field.word.readonly
        ]

    # What can be said of a column

    def _link_options(self, place: int, column: Column, wish: Wish) -> OptionsView:
        target, cells = column.field.target, self.cells[place]
        assert target is not None
        finders = [Option("", _("Name or number"), selected=not wish.by)]
        for field in gateway().resolver.visible(target):
            if (field.is_unique or field.name == "id" or field.word.kind in (Kind.EMAIL, Kind.PHONE)) and (
                gateway().resolver.answer(field) is Answer.OPEN
            ):
                finders.append(Option(field.name, field.label, selected=field.name == wish.by))
        required = [each for each in target.fields.values() if each.is_required]
        may = g.actor.may(target.name, "create") and target.addon != "core"
        may = may and all(each is target.label_field for each in required)
        if wish.by:
            column = read_column(gateway().resolver, self.resource, f"{column.name}.{wish.by}")
        example = ""
        if cells.texts:
            share, names = cells.known_to(gateway(), column), cells.distinct[:50]
            known = round(share * len(names))
            example = ngettext(
                "%(known)s of %(n)s name is a record already.",
                "%(known)s of %(n)s different names are records already.",
                len(names),
                known=known,
            )
        label = _("Make what is missing (%(records)s)", records=str(target.title_plural)) if may else ""
        return OptionsView(place, finders=finders, create_label=label, creates=wish.creates, example=example)

    def _day_options(self, place: int, wish: Wish) -> OptionsView:
        cells = self.cells[place]
        fitting = day_orders_of(cells.texts)
        orders: tuple[DayOrder, ...] = ("dmy", "mdy", "ymd")
        is_open = not wish.order and fitting == {"mdy", "dmy"}
        if len(fitting) == len(orders) and not wish.order:
            return OptionsView(place, example=self._day_example(cells, None))
        labels = {"dmy": _("day, month, year"), "mdy": _("month, day, year"), "ymd": _("year, month, day")}
        options = [
            Option("", _("as each cell says itself") if not is_open else _("choose"), selected=not wish.order)
        ]
        options += [
            Option(order, f"{labels[order]}{self._shown_day(cells, order)}", selected=order == wish.order)
            for order in orders
        ]
        return OptionsView(place, orders=options, is_order_open=is_open)

    def _shown_day(self, cells: Cells, order: DayOrder) -> str:
        shown = self._day_example(cells, order)
        return f" ({shown})" if shown else ""

    def _day_example(self, cells: Cells, order: DayOrder | None) -> str:
        for text in cells.distinct[:20]:
            try:
                day = date.fromisoformat(read_day(text, order) or "")
            except (BadCell, ValueError):
                continue
            if order is None or len(day_orders_of([text])) < len(DAY_ORDERS):
                return f"{_short(text)} → {display().day(day)}"
        return ""

    def _meanings(self, column: Column, cells: Cells, values: Mapping[str, str]) -> list[MeaningView]:
        word = column.field.word
        choices = (
            options_of(column.field)
            if word.kind is Kind.CHOICE
            else [Option("true", _("Yes")), Option("false", _("No"))]
        )
        read, allowed = cell_reader(word), {each.value for each in choices}
        meanings = []
        for cell in cells.distinct[:MAX_MEANINGS]:
            found = (
                values.get(cell)
                or next((v for c, v in values.items() if fold(c) == fold(cell)), None)
                or read(cell)
            )
            is_known = found is None or found in allowed
            options = [
                Option("", _("not known") if not is_known else "—", selected=found is None or not is_known)
            ]
            options += [Option(each.value, each.label, selected=each.value == found) for each in choices]
            meanings.append(
                MeaningView(_short(cell) if len(cell) > 200 else cell, options, is_unknown=not is_known)
            )
        return sorted(meanings, key=lambda each: not each.is_unknown)

    def _example(self, column: Column, cells: Cells) -> str:
        """How many cells the field does not take, with the first of them."""
        fit = cells.fit(column.field.word, gateway().habits)
        if fit is None or fit == 1:
            return ""
        return _(
            "About %(share)s%% of the values do not fit this field.", share=max(1, round(100 * (1 - fit)))
        )


def _choosable(resource: Resource) -> Iterator[Column]:
    """The columns a file may go to: fields as the form has them, then the rest, then lines."""
    resolver = gateway().resolver
    found = {
        column.name: column
        for column in columns_of(resolver, resource)
        if resolver.answer(column.field) is Answer.OPEN
    }
    in_form = [name for section in resource.form for name in section.fields]
    own = [name for name, column in found.items() if column.lines is None]
    for name in dict.fromkeys((resource.label, *in_form, *own)):
        column = found.get(name)
        is_key = column is not None and bool(column.field.is_unique or name == "id")
        if column is not None and (not column.field.word.readonly or is_key or name in AUTHORS):
            yield column
    for column in found.values():
        if column.lines is not None:
            yield column
    for column in found.values():
        for number in range(2, _LINES + 1) if column.lines is not None else ():
            try:
                yield read_column(resolver, resource, f"{column.lines.name}.{number}.{column.field.name}")  # type: ignore[union-attr]
            except UnknownField:  # pragma: no cover - the first line has it
                continue


def _modes() -> list[tuple[str, str, str]]:
    return [
        (Mode.UPSERT, _("Change and make"), _("Records that are there are changed, the others are made.")),
        (
            Mode.UPDATE,
            _("Only change"),
            _("Records that are there are changed; rows without one are refused."),
        ),
        (Mode.SKIP, _("Only new ones"), _("Records that are there are left as they are.")),
        (Mode.INSERT, _("All are new"), _("A row whose record is there already is refused.")),
    ]


def _confidence(confidence: Confidence) -> str:
    return {
        Confidence.SURE: _("sure"), Confidence.LIKELY: _("likely"), Confidence.UNSURE: _("look at it"),
    }.get(confidence, "")  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
