"""Values as people and their programs write them, made into the one form the engine reads.

A reader gives a text that `core.resources.values` takes, None for a cell that says "nothing", or the
cell as it is when it does not understand it: the engine then says what is wrong. Where only the reader
knows what happened to a cell it raises `BadCell` with a sentence.
"""

from core.resources.written.cells import BadCell, is_nothing, read_code, read_email, read_flag, read_phone
from core.resources.written.days import DAY_ORDERS, DayOrder, day_orders_of, read_day, read_moment
from core.resources.written.numbers import read_number, read_whole_number

__all__ = [
    "DAY_ORDERS",
    "BadCell",
    "DayOrder",
    "day_orders_of",
    "is_nothing",
    "read_code",
    "read_day",
    "read_email",
    "read_flag",
    "read_moment",
    "read_number",
    "read_phone",
    "read_whole_number",
]
