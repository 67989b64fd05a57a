"""Tables become records: read a file, say where its columns go, import its rows.

    table = open_table(stream)
    plan = make_plan(gateway, resource, table.header, mapping, key="number")
    importer = Importer(session, resource, plan, actor=actor, mode=Mode.UPSERT)
    outcome = importer.run(table.rows(), len(table.header))

The caller commits. Values are read and rules applied by the resource's own service, in batches; a row
that cannot be imported is handed to ``on_bad`` with the reasons and leaves nothing behind.
"""

from core.resources.importing.guess import ColumnGuess, Confidence, Guess, guess_mapping
from core.resources.importing.importer import Importer
from core.resources.importing.mapping import (
    PROBLEM,
    BadMapping,
    ColumnMap,
    Plan,
    UnknownColumns,
    make_plan,
    read_mapping,
)
from core.resources.importing.outcome import Mode, Outcome
from core.resources.importing.tables import (
    Reading,
    Row,
    Table,
    TooMuch,
    UnclearHeader,
    UnreadableFile,
    WrongKind,
    open_table,
)

__all__ = [
    "PROBLEM",
    "BadMapping",
    "ColumnGuess",
    "ColumnMap",
    "Confidence",
    "Guess",
    "Importer",
    "Mode",
    "Outcome",
    "Plan",
    "Reading",
    "Row",
    "Table",
    "TooMuch",
    "UnclearHeader",
    "UnknownColumns",
    "UnreadableFile",
    "WrongKind",
    "guess_mapping",
    "make_plan",
    "open_table",
    "read_mapping",
]
