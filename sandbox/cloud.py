"""What exists in the simulated clouds: an inventory of its own in SQLite, apart from Pulumi's state.

So drift, a lost state and a lost cloud can all be played. Contents are encrypted at rest, because a cloud holds secrets and
nothing of a simulated run may stand on the disk in plain.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from sandbox.rules import Record

_TABLE = "CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, token TEXT NOT NULL, urn TEXT NOT NULL, body BLOB NOT NULL)"


class Inventory:
    """Every record of the simulated clouds, in memory and on disk; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._cipher = Fernet(_key(folder / "cloud.key"))
        self._lock = threading.RLock()
        self._db = sqlite3.connect(folder / "cloud.sqlite", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(_TABLE)
        self._by_id: dict[str, Record] = {}
        self._by_token: dict[str, dict[str, Record]] = defaultdict(dict)
        for body in self._db.execute("SELECT body FROM records ORDER BY rowid"):
            self._remember(self._open(body[0]))

    def get(self, identity: str) -> Record | None:
        """The record of that id, compared without case."""
        with self._lock:
            return self._by_id.get(identity.lower())

    def find(self, token: str) -> list[Record]:
        """Every record of a type, oldest first."""
        with self._lock:
            return list(self._by_token[token].values())

    def all(self) -> list[Record]:
        """Everything that exists, oldest first."""
        with self._lock:
            return list(self._by_id.values())

    def put(self, record: Record) -> None:
        """Creates the record, or replaces the one of the same id."""
        body = self._cipher.encrypt(json.dumps(_as_json(record)).encode())
        with self._lock:
            self._db.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET body = excluded.body, urn = excluded.urn",
                (record.id.lower(), record.token, record.urn, body),
            )
            self._remember(record)

    def change(self, identity: str, **outputs: Any) -> None:
        """Sets some outputs of an existing record (what happens in a cloud beside Pulumi)."""
        with self._lock:
            record = self._by_id[identity.lower()]
            self.put(replace(record, outputs={**record.outputs, **outputs}))

    def remove(self, identity: str) -> Record | None:
        """Removes a record and answers it; None when there was none."""
        with self._lock:
            record = self._by_id.pop(identity.lower(), None)
            if record is not None:
                self._by_token[record.token].pop(identity.lower(), None)
                self._db.execute("DELETE FROM records WHERE id = ?", (identity.lower(),))
            return record

    def below(self, identity: str) -> list[Record]:
        """What lies below an id (`<id>/…`), deepest first: what a deletion takes with it."""
        prefix = identity.lower() + "/"
        with self._lock:
            found = [record for key, record in self._by_id.items() if key.startswith(prefix)]
        return sorted(found, key=lambda record: record.id.count("/"), reverse=True)

    def close(self) -> None:
        """Ends the use of the database file."""
        with self._lock:
            self._db.close()

    def _remember(self, record: Record) -> None:
        self._by_id[record.id.lower()] = record
        self._by_token[record.token][record.id.lower()] = record

    def _open(self, body: bytes) -> Record:
        data = json.loads(self._cipher.decrypt(body))
        data["secrets"] = frozenset(tuple(path) for path in data["secrets"])
        return Record(**data)


def _as_json(record: Record) -> Mapping[str, Any]:
    return {
        "id": record.id,
        "token": record.token,
        "inputs": record.inputs,
        "outputs": record.outputs,
        "urn": record.urn,
        "secrets": [list(path) for path in record.secrets],
    }


def _key(file: Path) -> bytes:
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_bytes(Fernet.generate_key())
        draft.replace(file)
    return file.read_bytes()
