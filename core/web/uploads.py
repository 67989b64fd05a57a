"""Files that are sent with a form, over the API and by browsers."""

from __future__ import annotations

from typing import Final

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from core.errors import Invalid, TooLarge, UnsupportedMedia
from core.i18n import _l

#: Bytes of a file to be imported.
MAX_IMPORT: Final = 100_000_000
_FORM: Final = "multipart/form-data"
#: Bytes of what stands around a file: the form, and options that are sent with it.
_AROUND: Final = 1024 * 1024


def open_form(limit: int, shown: str) -> None:
    """Read the form of this request, its file into memory or a file of its own.

    Args:
        limit: bytes the file may have; the form may be a little larger.
        shown: the limit for people.

    Raises:
        TooLarge: it has more.
    """
    request.max_content_length = limit + _AROUND
    try:
        request.files  # noqa: B018 - is read when it is first asked for
    except RequestEntityTooLarge as error:
        raise TooLarge(limit=shown) from error


def require_form() -> None:
    """See that what is sent is a form that may hold a file.

    Raises:
        UnsupportedMedia: it is not.
    """
    if request.mimetype != _FORM:
        raise UnsupportedMedia(expected=_FORM)


def chosen_file() -> tuple[str, FileStorage]:
    """The file of the form, behind its name.

    Raises:
        Invalid: there is none.
    """
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid({"file": [_l("Choose a file first.")]})
    return file.filename, file
