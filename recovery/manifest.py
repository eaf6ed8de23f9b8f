"""What a backup holds, as it was when it was made: what a restore is compared with, never the damaged original.

A manifest is written last. What has none is no backup, wherever it was cut off.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from kept.operator_error import OperatorError
from recovery.marker import Marker

__all__ = ["FORMAT", "BadManifest", "Digests", "Kind", "Manifest", "Missed", "Part"]

FORMAT = 1
Kind = Literal["database", "redis", "volume", "blobs", "vault", "states", "zone"]


class BadManifest(OperatorError):
    """A manifest that can't be read, or is of a newer version of the program."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Digests(_Frozen):
    """What is inside a part, so that what came back can be compared with it. What a kind has not, is empty."""

    rows: Mapping[str, int] = Field(default_factory=dict)
    """Table → number of rows; of keys or objects, what they are counted by."""
    contents: Mapping[str, str] = Field(default_factory=dict)
    """Table, file or key → checksum of its content, whatever its order."""
    sequences: Mapping[str, str] = Field(default_factory=dict)
    """Sequence → last value, or `unused`."""

    def differences(self, found: Digests) -> list[str]:
        """What is otherwise in `found`, one line each; none when all is the same."""
        lines: list[str] = []
        for what, wanted, there in (
            ("rows", self.rows, found.rows),
            ("content", self.contents, found.contents),
            ("sequence", self.sequences, found.sequences),
        ):
            for name in sorted({*wanted, *there}):
                before, now = wanted.get(name), there.get(name)
                if before != now and not (what == "sequence" and _moved_on(before, now)):
                    had, has = ("none" if one is None else one for one in (before, now))
                    lines.append(f"{name}: {what} {had} in the backup, {has} found")
        return lines


def _moved_on(before: object, now: object) -> bool:
    """A sequence is no part of a snapshot: numbers that were drawn while the rest was read are in the dump."""
    texts = str(before).lstrip("-"), str(now).lstrip("-")
    if before == "unused":
        return now is not None
    return all(one.isdigit() for one in texts) and int(str(now)) >= int(str(before))


class Part(_Frozen):
    """One source's content in one backup."""

    name: str
    """The source's, as in `database:t_acme`."""
    kind: Kind
    service: str = ""
    """Whose it is, by its key in smarteros:services."""
    tenant: str = ""
    """Whose it is; empty: the platform's."""
    domain: str
    """The failure domain of the source."""
    store: str
    """The name of the store in which it is."""
    snapshot: str
    """The id of restic's snapshot."""
    path: str = "/"
    """The folder in the snapshot whose content it is."""
    file: str = ""
    """The name of the one file in that folder, where it is a stream; empty: all of the folder."""
    bytes: int = Field(ge=0)
    seconds: float = Field(ge=0)
    taken_at: AwareDatetime
    """Of which moment its content is, by the source's own clock."""
    digests: Digests = Digests()
    sha256: str = ""
    """Of the stream, where it is one."""
    versions: Mapping[str, str] = Field(default_factory=dict)
    """What made it and what it is of, as in {"postgresql": "17.5"}."""
    facts: Mapping[str, str] = Field(default_factory=dict)
    """What its source needs to put it back, in its own words; never a secret."""


class Missed(_Frozen):
    """A source that this backup should have and has not."""

    name: str
    tenant: str = ""
    service: str = ""
    why: str


class Manifest(_Frozen):
    """One backup of an environment, or of a part of it."""

    format: int = FORMAT
    id: str
    environment: str
    scope: str = "all"
    """What was asked for: all, a tenant's slug, a service's key."""
    program: str = ""
    """The version of SmarterOS that made it."""
    began_at: AwareDatetime
    ended_at: AwareDatetime
    parts: tuple[Part, ...]
    missed: tuple[Missed, ...] = ()
    key_ids: Mapping[str, str] = Field(default_factory=dict)
    """Store → the id of the key of restic's repository with which it was written. No secret."""

    @classmethod
    def read(cls, content: str | bytes) -> Manifest:
        """A manifest from its JSON. Raises BadManifest."""
        try:
            found = cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = "/".join(map(str, first["loc"]))
            raise BadManifest(
                f"a backup's manifest can't be read: {where}: {first['msg']}. Fix: another backup, of ./smos backups; "
                "or git pull, where it was made by a newer version"
            ) from None
        if found.format > FORMAT:
            raise BadManifest(f"{found.id} was made by a newer version of SmarterOS. Fix: git pull")
        return found

    @property
    def marker(self) -> Marker:
        """Its moment."""
        return Marker(self.id)

    @property
    def skew(self) -> datetime.timedelta:
        """Between the earliest and the latest moment of its parts."""
        moments = [part.taken_at for part in self.parts]
        return max(moments) - min(moments) if moments else datetime.timedelta()

    @property
    def bytes(self) -> int:
        """Of all parts, before restic leaves out what it has already."""
        return sum(part.bytes for part in self.parts)

    @property
    def tenants(self) -> tuple[str, ...]:
        """Whose parts are in it."""
        return tuple(sorted({part.tenant for part in self.parts if part.tenant}))

    def of(self, *, tenant: str = "", service: str = "") -> Iterator[Part]:
        """The parts of a tenant, of a service, or all."""
        for part in self.parts:
            if (not tenant or part.tenant == tenant) and (not service or part.service == service):
                yield part
