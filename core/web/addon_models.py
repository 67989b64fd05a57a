"""What the templates of addons may ask for, like `core.web.view_models`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.settings.preview import Part
from core.web.view_models import Option


@dataclass(frozen=True, slots=True)
class ArchiveLine:
    """Removed data whose archive is kept."""

    #: When it was removed, how big it is and how long it is kept, in a sentence.
    text: str
    #: Asks for it to be put back; empty where that cannot be.
    url: str


@dataclass(frozen=True, slots=True)
class AddonCard:
    """One addon as its tenant has it."""

    name: str
    title: str
    summary: str
    icon: str
    #: As people write it, "0.1.0"; empty where the package is gone.
    version: str
    state: Option
    is_on: bool
    #: Titles of the addons it needs, and of those that are on and need it.
    needs: Sequence[str]
    needed_by: Sequence[str]
    #: What shows all of it and offers to switch it.
    url: str
    #: What the reader may set for it; empty when nothing.
    settings_url: str = ""
    #: What is wrong, and what to do; empty when nothing is.
    trouble: str = ""
    #: The job that switches it on (`core.web.pages.jobs.JobView`), while it is at work.
    job: Any = None
    #: What the operator may type, where the job waits and no worker is there to do it.
    command: str = ""
    #: What could not be done, and why; empty unless that was tried last.
    failed: str = ""
    #: Who did last what with it, in a sentence; empty where nobody knows.
    last: str = ""
    #: What is kept of it while it is off, in a sentence; empty when nothing is.
    kept: str = ""
    #: The page that removes what is kept; empty where there is nothing to remove.
    data_url: str = ""
    #: What was removed and can be put back.
    archives: Sequence[ArchiveLine] = ()


@dataclass(frozen=True, slots=True)
class SwitchForm:
    """The dialog that shows what a switch would do, and does it."""

    title: str
    summary: str
    is_on: bool
    action: str
    #: ``(name, title)`` of the addons that come on too.
    needs: Sequence[tuple[str, str]]
    #: Titles of the addons that are on and need it: it cannot go.
    needed_by: Sequence[str]
    #: What will run, in a sentence; empty when nothing does.
    revisions: str
    #: The jobs that wait, in a sentence; empty when none does.
    waiting: str
    parts: Sequence[Part]
    trouble: str = ""
    #: What the operator may type, where no worker is there to do it.
    command: str = ""


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One thing that goes with an addon's data."""

    title: str
    #: What programs call it; empty where that is the title.
    code: str
    #: As people write them; empty where there is no such figure.
    rows: str
    size: str = ""


@dataclass(frozen=True, slots=True)
class DataView:
    """The page that removes what an addon holds."""

    title: str
    name: str
    #: ``(title, lines)`` of its own tables, of the rows in the core's, and of everything else.
    groups: Sequence[tuple[str, Sequence[HeldLine]]]
    #: All rows of its tables and all bytes, in a sentence.
    total: str
    #: Why it cannot be removed now, and what to do; empty when it can.
    refusal: str
    #: Until when the archive is kept, as people write it.
    kept_until: str
    action: str
    back_url: str
    #: What the operator may type, where no worker is there to do it.
    command: str = ""
    #: What is wrong with what was typed; empty when nothing is.
    error: str = ""
