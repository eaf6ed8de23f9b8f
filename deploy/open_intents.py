"""What a run of the engine leaves in the journal of its stack: what failed, and what has come to be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.engine_run import EngineFailed
from deploy.look import SECRET
from deploy.target import RunTarget
from intents.journal import Journal, root_of
from intents.known import known_in
from intents.marks import mark_of

__all__ = ["SECRET", "close_done", "journal_of", "noting"]

_ENVELOPE = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
_CREATING = ("create", "create-replacement")
_DELETING = ("delete", "delete-replaced")


def journal_of(place: RunTarget, project: str, stack: str) -> Journal:
    """The journal of a stack's intents."""
    return Journal.of(root_of(place.environ, place.scratch.parent), project, stack)


@contextlib.contextmanager
def noting(journal: Journal) -> Iterator[None]:
    """For a run of the engine: what fails in it is noted, for the next run to look at."""
    try:
        yield
    except EngineFailed as error:
        known = journal.open()
        for operation, resource in error.failed:
            urn = str(resource.get("urn", ""))
            if not resource.get("custom") or str(resource["type"]).startswith("pulumi:"):
                continue
            if operation in _CREATING:
                intent = known.get(urn) or journal.begin(urn, str(resource["type"]), _marked(resource))
                journal.fail(intent, _opened(resource))
            elif operation in _DELETING:
                journal.undeleted(urn)
        raise


def close_done(journal: Journal, deployment: Mapping[str, Any]) -> None:
    """Forgets the intents of what the state has."""
    if journal.file.exists():
        journal.close(known_in(deployment))


def _marked(resource: Mapping[str, Any]) -> str:
    """The mark in its inputs: a replacement has that of what it replaces, and one of a time before marks has none."""
    mark = mark_of(str(resource["type"]))
    return (mark.read(resource.get("inputs") or {}) if mark else None) or ""


def _opened(value: Any) -> Any:
    """Without the engine's envelopes around secrets, in which its event log has none."""
    if isinstance(value, Mapping):
        return SECRET if _ENVELOPE in value.items() else {name: _opened(inner) for name, inner in value.items()}
    return [_opened(inner) for inner in value] if isinstance(value, list) else value
