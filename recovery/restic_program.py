"""What restic is told and what it answers: the program on this machine, a repository, a snapshot."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from recovery.restic_problems import ResticMissing

__all__ = ["LIMITS", "Limits", "Repository", "Snapshot", "Taken", "program"]

OLDEST = (0, 14)
_INSTALL = (
    "apt-get install restic, brew install restic, or the binary of https://github.com/restic/restic/releases on PATH"
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """In seconds."""

    question_s: float = 120
    """Whether a repository opens, what is in it."""
    transfer_s: float = 6 * 3600
    """A backup, a restore, a check."""


LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where a repository is, and what opens it."""

    store: str
    """The name of the store in the settings."""
    url: str
    """As restic has it: s3:https://…/bucket/restic, azure:container:/restic, a folder."""
    password: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False, default_factory=dict)
    """The store's keys, as restic reads them."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One snapshot."""

    id: str
    at: datetime
    tags: frozenset[str]
    host: str

    def tagged(self, key: str) -> str:
        """The value of its tag `key=value`; empty when it has none."""
        return next((tag.partition("=")[2] for tag in self.tags if tag.startswith(f"{key}=")), "")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A snapshot that was just made."""

    snapshot: str
    bytes: int
    added: int
    """Bytes that the repository did not have yet, as they are stored."""
    sha256: str = ""
    """Of the stream."""


def program() -> str:
    """Where restic is. Raises ResticMissing, with how to get it."""
    found = shutil.which("restic")
    if found is None:
        raise ResticMissing(f"restic is not on PATH: it makes and reads the backups. Fix: {_INSTALL}")
    version = _version(found)
    if version < OLDEST:
        words = ".".join(map(str, version))
        raise ResticMissing(f"{found} is restic {words}, and 0.14 or newer is needed. Fix: {_INSTALL}")
    return found


@functools.lru_cache
def _version(found: str) -> tuple[int, ...]:
    said = subprocess.run([found, "version"], capture_output=True, text=True, check=False, timeout=30).stdout  # noqa: S603 - the operator's own restic
    match = re.search(r"restic (\d+)\.(\d+)", said)
    return tuple(map(int, match.groups())) if match else (0, 0)
