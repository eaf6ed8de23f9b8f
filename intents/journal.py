"""The journal of one stack's intents: a file beside the state, one line an event, written before the vendor is asked.

It is bounded by what a run creates: whoever reads the state afterwards closes what has come to be, and an empty journal
has no file. A line that a crash cut off does not count. What stands in it leads to a look at the vendor, never to a
deletion; who can write it can write the state as well.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kept import Damaged, raw

__all__ = ["Intent", "Journal", "root_of"]

FOLDER = "intents"
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Intent:
    """Something that was to be created."""

    urn: str
    token: str
    nonce: str
    at: str
    """When it was noted, as in 2026-01-31T12:00:00+00:00."""
    failed: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The resource as the engine had it when its creation failed, without what is secret; empty while nothing failed.
    """

    @property
    def name(self) -> str:
        """The last part of the URN, which is also what `--take-over` takes."""
        return self.urn.rpartition("::")[2]


class Journal:
    """Safe to use from several threads of one process; that two processes don't run one stack is the engine's lock."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()

    @classmethod
    def of(cls, root: Path, project: str, stack: str) -> Journal:
        """The journal of one stack, beside its state."""
        return cls(root / project / f"{stack}.jsonl")

    def open(self) -> dict[str, Intent]:
        """URN → what has not come to an end."""
        found: dict[str, Intent] = {}
        for line in self._lines():
            urn = str(line.get("urn", ""))
            if line["event"] == "intent":
                found[urn] = Intent(
                    urn, str(line.get("token", "")), str(line.get("nonce", "")), str(line.get("at", ""))
                )
            elif line["event"] == "failed" and urn in found:
                found[urn] = replace(found[urn], failed=line.get("resource") or {})
        return found

    def deletions(self) -> list[str]:
        """The URNs of what could not be deleted."""
        return [str(line["urn"]) for line in self._lines() if line["event"] == "undeleted"]

    def begin(self, urn: str, token: str, nonce: str | None = None) -> Intent:
        """Notes that this is to be created; on the disk when it comes back. `nonce`: one that it has already."""
        fresh = secrets.token_hex(_NONCE_BYTES) if nonce is None else nonce
        intent = Intent(urn, token, fresh, datetime.now(UTC).isoformat(timespec="seconds"))
        self._add(_line(intent))
        return intent

    def fail(self, intent: Intent, resource: Mapping[str, Any]) -> None:
        """Notes what the engine had of it when its creation failed."""
        self._add({"event": "failed", "urn": intent.urn, "resource": resource})

    def undeleted(self, urn: str) -> None:
        """Notes that its deletion failed."""
        self._add({"event": "undeleted", "urn": urn})

    def forget_deletions(self) -> None:
        """They have been looked at."""
        if self.deletions():
            self._rewrite(self.open().values(), ())

    def close(self, urns: Iterable[str]) -> None:
        """Forgets these: they have come to be, or do not exist. The file is written anew, and goes when it is empty."""
        gone, before = set(urns), self.open()
        if gone & before.keys():
            self._rewrite((one for urn, one in before.items() if urn not in gone), self.deletions())

    def _rewrite(self, intents: Iterable[Intent], deletions: Iterable[str]) -> None:
        lines = [line for one in intents for line in _lines_of(one)]
        lines += [{"event": "undeleted", "urn": urn} for urn in deletions]
        with self._lock:
            if not lines:
                self.file.unlink(missing_ok=True)
                return
            draft = self.file.with_suffix(".new")
            _written(draft, os.O_TRUNC, "".join(json.dumps(line) + "\n" for line in lines))
            draft.replace(self.file)

    def _add(self, line: Mapping[str, Any]) -> None:
        with self._lock:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _written(self.file, os.O_APPEND, json.dumps(line) + "\n")

    def _lines(self) -> Iterable[dict[str, Any]]:
        try:
            text = raw(self.file, "restore it, or remove it if nothing was being created").decode(errors="replace")
        except FileNotFoundError:
            return
        for one in text.splitlines():
            try:
                line = json.loads(one)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict) and isinstance(line.get("event"), str):
                yield line


def root_of(environ: Mapping[str, str], own: Path) -> Path:
    """Where journals are: beside a state of files, so that everybody who uses that state meets them; else in a folder
    of this clone, `own`.
    """
    backend = environ.get("PULUMI_BACKEND_URL", "").partition("?")[0]
    if backend.startswith("file://"):
        return Path(backend.removeprefix("file://")).expanduser() / FOLDER
    return own / FOLDER


def _line(intent: Intent) -> dict[str, Any]:
    return {"event": "intent", "urn": intent.urn, "token": intent.token, "nonce": intent.nonce, "at": intent.at}


def _lines_of(intent: Intent) -> list[dict[str, Any]]:
    failed = [{"event": "failed", "urn": intent.urn, "resource": intent.failed}] if intent.failed else []
    return [_line(intent), *failed]


def _written(file: Path, how: int, text: str) -> None:
    """With one call of the system, and on the disk. After a line that was cut off, a new one begins."""
    if not file.is_file() and (file.exists() or file.is_symlink()):
        raise Damaged(file, "no file lies in its place", "remove what lies there")
    end = os.open(file, os.O_WRONLY | os.O_CREAT | how, 0o600)
    try:
        size = os.fstat(end).st_size
        cut = how == os.O_APPEND and size and not file.read_bytes().endswith(b"\n")
        os.write(end, (b"\n" if cut else b"") + text.encode())
        os.fsync(end)
    finally:
        os.close(end)
