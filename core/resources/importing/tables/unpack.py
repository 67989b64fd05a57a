"""One sheet of a workbook as lines of JSON: a program of its own, with bounds it cannot leave.

A workbook of some kilobytes can ask its reader for any amount of memory, and a broken one can bring
it down. So the reader runs apart, and what happens to it happens to nobody else:

    python unpack.py FILE [SHEET] > ROWS

The first line is an object with the sheets and the one that was read; each further one
``[row of the sheet, [cells]]``. Exit 2 with a word on standard error: ``password``, ``sheet``,
``damaged``, ``large``. It imports nothing of Guanxi, so that it starts at once.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

#: Bytes of memory, seconds of computing, bytes of output.
MAX_MEMORY: Final = 1536 * 1024 * 1024
MAX_SECONDS: Final = 120
MAX_OUTPUT: Final = 2 * 1024 * 1024 * 1024
#: Spreadsheets keep 15 digits; of a longer whole number the rest is lost already.
_EXACT: Final = 10**15


def main(arguments: list[str]) -> None:
    """Write the sheet to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import python_calamine as calamine  # after the bounds are set

    try:
        workbook = calamine.load_workbook(arguments[0])
        sheets = _sheets(workbook, calamine)
        chosen, sheet = _chosen(workbook, sheets, arguments[1] if len(arguments) > 1 else None)
        out = sys.stdout
        out.write(json.dumps({"sheets": sheets, "sheet": chosen}, ensure_ascii=False) + "\n")
        if sheet is None or sheet.start is None:
            return
        for number, cells in enumerate(sheet.iter_rows(), 1):  # blank columns at the left are left out
            texts = [cell if type(cell) is str else text_of(cell) for cell in cells]
            out.write(json.dumps([number, texts], ensure_ascii=True) + "\n")
        out.flush()
    except calamine.PasswordError:
        _fail("password")
    except (calamine.WorksheetNotFound, LookupError):
        _fail("sheet")
    except MemoryError:
        _fail("large")
    except calamine.CalamineError as error:
        _fail("password" if "password" in str(error).lower() else "damaged")
    except Exception:  # noqa: BLE001 - whatever a broken file does to its reader
        _fail("damaged")


def text_of(value: Any) -> str:
    """A cell as people see it in the spreadsheet, days and numbers in the form that is read back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        shown = _whole_seconds(value)
        return shown.date().isoformat() if shown.time() == time() else shown.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if value == int(value):
        # With an exponent, as the spreadsheet shows it: a reader then sees that digits are lost.
        return str(int(value)) if abs(value) < _EXACT else f"{value:.5E}".replace("E+0", "E+")
    return format(Decimal(format(value, ".15g")), "f")


def _whole_seconds(value: datetime) -> datetime:
    """Without the dust that fractions of a day leave."""
    nearest = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    return nearest if abs(nearest - value) <= timedelta(milliseconds=2) else value


def _sheets(workbook: Any, calamine: Any) -> list[str]:
    """The sheets one sees; all of them when all are hidden."""
    tables = [each for each in workbook.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [each.name for each in tables if each.visible == calamine.SheetVisibleEnum.Visible]
    return visible or [each.name for each in tables]


def _chosen(workbook: Any, sheets: list[str], name: str | None) -> tuple[str | None, Any]:
    """The sheet called so; else the first that is not empty."""
    if name is not None:
        return name, workbook.get_sheet_by_name(name)
    first: tuple[str | None, Any] = (None, None)
    for each in sheets:
        sheet = workbook.get_sheet_by_name(each)
        if sheet.start is not None:
            return each, sheet
        if first[0] is None:
            first = (each, sheet)
    return first


def _fail(word: str) -> NoReturn:
    sys.stderr.write(word)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
