"""What sources are handed in tests: a context with as much of an environment as they ask for."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from recovery.manifest import Kind, Part
from recovery.marker import Marker
from recovery.sources.source import Captured, Context

__all__ = ["context", "part_of"]


class Keys(dict[str, str]):
    """A keyring that is open."""

    def find(self, path: str) -> str | None:
        """As the keyring."""
        return self.get(path)

    def paths(self) -> list[str]:
        """As the keyring."""
        return sorted(self)


def context(settings: Any, place: Any = None, keys: Mapping[str, str] | None = None) -> Context:
    """A context of the marker of a fixed moment."""
    return Context(
        place=cast(Any, place or SimpleNamespace(ssh_config=None)),
        settings=cast(Any, settings),
        keyring=cast(Any, Keys(keys or {})),
        marker=Marker("20261130-120000"),
        say=cast(Any, lambda _words: None),
    )


def part_of(captured: Captured, kind: Kind, file: str = "") -> Part:
    """What the manifest says of what was captured."""
    return Part(
        name=f"{kind}:x",
        kind=kind,
        domain="host:vps",
        store="s",
        snapshot="1",
        file=file,
        bytes=0,
        seconds=0,
        taken_at=captured.taken_at,
        digests=captured.digests(),
        facts=captured.facts,
    )


def moment(text: str) -> datetime.datetime:
    """In UTC."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def stored(captured: Captured, folder: Path, file: str) -> None:
    """Writes a stream where a backup would have it."""
    assert captured.stream is not None
    with captured.stream() as stream:
        (folder / file).write_bytes(stream.read())
