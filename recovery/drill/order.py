"""What the process without a network is asked for, and what it answers: JSON over its standard input and output."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from recovery.drill.proof import Answer, Closed
from recovery.manifest import Digests

__all__ = ["Load", "Loaded", "Order", "Told"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Load(_Frozen):
    """One database that is loaded and asked."""

    part: str
    service: str
    database: str
    dump: Path
    facts: Mapping[str, str] = Field(default_factory=dict)
    """As the backup's manifest has them: extensions above all."""
    digests: Digests = Digests()
    """What must be in it."""
    secrets: Mapping[str, str] = Field(default_factory=dict, repr=False)
    """With which its questions are answered, by the names of the service's secrets."""


class Order(_Frozen):
    """One drill's work."""

    folder: Path
    """Empty, private: the server's data are below it."""
    system: str
    """Whose services say what is asked."""
    loads: tuple[Load, ...]
    volumes: Mapping[str, Path] = Field(default_factory=dict)
    """The volume's name → the folder with what came back of it."""


class Loaded(_Frozen):
    """What came of one database."""

    answers: tuple[Answer, ...]
    seconds: float
    marker_at: datetime.datetime | None = None
    """When its newest marker was written: its server's clock."""


class Told(_Frozen):
    """What the process answers."""

    closed: Closed
    parts: Mapping[str, Loaded]
