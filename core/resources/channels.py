"""Channels: the doors through which values come in, kept with every entry of a record's history.

A channel belongs to the unit of work. Whoever opens a door says which it is (``Database.session``:
a page, the API, a command, a job), and what stands out of that, such as an import, runs in a block
of its own:

    with through(session, "call"):
        resource_of(Contact).service.create(session, [values], actor=actor)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final

from sqlalchemy.orm import Session

from core.addons.manifest import AddonError, Manifest
from core.addons.switch import is_on
from core.db.session import marked
from core.db.tenancy import Tenant
from core.i18n import Lazy

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: As the history keeps it.
_MAX_NAME: Final = 40


class UnknownChannel(LookupError):
    """A channel was named that nobody declares: a mistake in the program, never of a user."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A door, as the ``channels`` room of an addon declares it."""

    #: What the history keeps and the API tells: ``call``.
    name: str
    #: What people read: "Telephone call".
    title: Lazy
    #: Whether a form may say that what it holds came that way: ``/customer/contacts/new?_channel=call``.
    from_forms: bool = False
    addon: str = ""


class Channels:
    """All channels of this process."""

    def __init__(self) -> None:
        self._by_name: dict[str, Channel] = {}

    def add(self, channel: Channel) -> None:
        """Make a channel known."""
        self._by_name[channel.name] = channel

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._by_name.values())

    def told(self, tenant: Tenant, name: str | None) -> str:
        """The name of a channel the history has kept, as far as it may be told.

        Empty for none and for that of an addon that is off; of one that is gone its name is all there is.
        """
        channel = self._by_name.get(name or "")
        return "" if channel is not None and not is_on(tenant, channel.addon) else name or ""

    def title(self, tenant: Tenant, name: str | None) -> str:
        """What people read of a channel; see `told`."""
        told = self.told(tenant, name)
        return str(self._by_name[told].title) if told in self._by_name else told

    def of_form(self, tenant: Tenant, name: str) -> Channel | None:
        """The channel a form names; None where it may not, or the tenant has the addon off."""
        channel = self._by_name.get(name)
        is_offered = channel is not None and channel.from_forms and is_on(tenant, channel.addon)
        return channel if is_offered else None


@contextmanager
def through(session: Session, channel: str) -> Iterator[None]:
    """Let what services write in the block bear a channel; the innermost block counts.

    Raises:
        UnknownChannel: no addon declares it.
    """
    known: Channels | None = session.info["database"].channels
    if known is not None and channel not in known:
        declared = ", ".join(each.name for each in known)
        raise UnknownChannel(f"no channels room declares “{channel}”; there are {declared}")
    with marked(session, "channel", channel):
        yield


class ChannelsRoom:
    """The ``channels`` room: ``CHANNELS = (Channel("call", _l("Telephone call")), ...)``."""

    name = "channels"

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Check that the names can be kept and are not taken.

        Raises:
            AddonError: a declaration cannot be used; the sentence names the file and the channel.
        """
        declared: Sequence[Any] = getattr(module, "CHANNELS", ())
        found: dict[str, Channel] = {}
        for each in declared:
            if not isinstance(each, Channel):
                raise AddonError(f"{module.__file__}: CHANNELS must hold Channels, not {each!r}")
            problem = ""
            if not _NAME.fullmatch(each.name) or len(each.name) > _MAX_NAME:
                problem = f"its name must be of small letters, at most {_MAX_NAME}"
            elif each.name in found or each.name in self._channels:
                problem = "there is a channel of this name already"
            if problem:
                raise AddonError(f"{module.__file__}: channel “{each.name}”: {problem}")
            found[each.name] = replace(each, addon=addon.name)
        return list(found.values())

    def open(self, addon: Manifest, contents: list[Channel]) -> None:
        """Make them known."""
        for channel in contents:
            self._channels.add(channel)
