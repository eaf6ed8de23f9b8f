"""What can be backed up and put back: one kind a file beside this one, each a list of sources of an environment.

A source knows itself alone. Where its content goes, how it is encrypted and when it is taken is not its business.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

from age_keyring import Keyring
from deploy.target import RunTarget
from kept.operator_error import OperatorError
from kept.say import Say
from recovery.manifest import Digests, Kind, Part
from recovery.marker import Marker
from settings import Settings
from tenants.platform import Platform

__all__ = [
    "Captured",
    "Context",
    "Copyable",
    "FindSources",
    "NotRestorable",
    "Source",
    "SourceFailed",
    "SourceOf",
    "Stream",
    "only",
]


class SourceFailed(OperatorError):
    """A source could not be read, or put back; the text says which, why and how to mend it."""


class NotRestorable(SourceFailed):
    """What would be written over is not empty, or what came back is not as the manifest says. Nothing was replaced."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What every source works with: an environment whose forwards are open."""

    place: RunTarget
    settings: Settings
    keyring: Keyring = field(repr=False)
    marker: Marker
    """Of the backup that is made, or that comes back."""
    say: Say
    platform: Platform | None = None
    """What tenants know of it; None where it takes none."""
    slugs: tuple[str, ...] = ()
    """The tenants that are there."""

    @property
    def stack(self) -> str:
        """The environment, as in prod."""
        return self.settings.stack

    @property
    def secrets(self) -> Mapping[str, str]:
        """The keyring's entries, by path."""
        return {path: self.keyring.get(path) for path in self.keyring.paths()}


Stream = Callable[[], contextlib.AbstractContextManager[IO[bytes]]]
"""Opens a stream of bytes; leaving the block raises SourceFailed when its producer failed, and then nothing of it
counts. Read to its end by whoever opened it.
"""


@dataclass(frozen=True, kw_only=True)
class Captured:
    """What a source gave: files in the folder that it was handed, or one stream."""

    taken_at: datetime.datetime
    """Of which moment it is, by the source's own clock, with an offset."""
    stream: Stream | None = field(default=None, repr=False)
    """None: the folder holds it all."""
    size: int = 0
    """How many bytes the stream will have, about; 0: nobody knows. Small ones are put into one snapshot together."""
    digests: Callable[[], Digests] = Digests
    """What is in it, of the very same moment. Asked once, after the stream was read."""
    meanwhile: bool = False
    """Whether it may be asked while the stream is read, from another thread."""
    versions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is needed to put it back; no secret."""


@runtime_checkable
class Source(Protocol):
    """One thing that is backed up.

    Its restore has four steps, each idempotent: beside, check, put in place, remove old. Until the third, nothing that
    lives is touched.
    """

    @property
    def name(self) -> str:
        """`kind:what`, unique in an environment: `database:t_acme`, `redis:redis`, `vault:vault`."""

    @property
    def kind(self) -> Kind:
        """Which kind of source it is."""

    @property
    def service(self) -> str:
        """Whose it is, by its key in smarteros:services; empty for what is no service's."""

    @property
    def tenant(self) -> str:
        """Whose it is, by its slug; empty: the platform's."""

    @property
    def domain(self) -> str:
        """Its failure domain: `azure`, `cloudflare`, `host:<name>`."""

    def capture(self, ctx: Context, folder: Path) -> contextlib.AbstractContextManager[Captured]:
        """Its content as of a moment at or after the marker. The moment is fixed when the block is entered, and holds
        until it is left. `folder`: private, empty, gone afterwards. Raises SourceFailed.
        """

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """Puts what `folder` holds beside what lives, under `name`. What a killed run left of it is removed first; what
        is not ours is refused (NotRestorable).
        """

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """What is otherwise there, under `name`, than the part says, a line each; none when all is the same."""

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """Gives what is under `name` the place of what lives, which stays as what is answered: `<name>_before_<id>`."""

    def remove_old(self, ctx: Context, old: str) -> None:
        """Removes what a restore left aside. Refuses anything else."""


@runtime_checkable
class Copyable(Source, Protocol):
    """A source whose content can also stay beside what lives, under another slug."""

    def keep_beside(self, ctx: Context, part: Part, name: str, slug: str) -> str:
        """Gives what is under `name` the name that the slug's would have, and answers it. Raises NotRestorable where
        something has that name.
        """


FindSources = Callable[[Context], Sequence[Source]]
"""What each module of sources has as `sources`: those of an environment, the tenants' included. Asks settings and the
platform's output, and where it must, what there is.
"""
SourceOf = Callable[[Context, Part], Source | None]
"""What each module has as `source_of`: the source of a part that was backed up, also when what it was made of is gone;
None for a part of another kind.
"""


def only(found: Iterator[Source], *, tenant: str = "", service: str = "") -> list[Source]:
    """Those of a tenant, or of a service; or all."""
    return [
        one
        for one in found
        if (not tenant or one.tenant == tenant) and (not service or (one.service == service and not one.tenant))
    ]
