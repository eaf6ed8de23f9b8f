"""What exists in the simulated clouds: an inventory of its own in SQLite, apart from Pulumi's state.

So drift, a lost state and a lost cloud can all be played. Contents are encrypted at rest, because a cloud holds
secrets and nothing of a simulated run may stand on the disk in plain.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from kept import Damaged, lock_file, raw
from sandbox.core.records import Record

__all__ = ["Inventory"]

LOST = "./smos sandbox reset forgets everything simulated, then ./smos demo makes it anew"
_TABLE = "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, body BLOB NOT NULL)"


class Inventory:
    """Every record of the simulated clouds, in memory and on disk; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._by_key: dict[str, Record] = {}
        self._by_id: dict[str, dict[str, Record]] = defaultdict(dict)
        self._by_token: dict[str, dict[str, Record]] = defaultdict(dict)
        file, key = folder / "cloud.sqlite", folder / "cloud.key"
        if not os.path.lexists(file):
            _begin(file)
        opened = lock_file(file, LOST)
        size = os.fstat(opened).st_size
        os.close(opened)
        if not size:
            raise Damaged(file, "it is empty", LOST)
        try:
            self._cipher = Fernet(_key(key))
        except ValueError as error:
            raise Damaged(key, f"no key ({error})", LOST) from None
        try:
            self._read_all(file)
        except (sqlite3.Error, InvalidToken, ValueError, TypeError, KeyError) as error:
            why = f"it does not open with {key}" if isinstance(error, InvalidToken) else str(error)
            raise Damaged(file, f"damaged ({why})", LOST) from None

    def _read_all(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(_TABLE)
        for body in self._db.execute("SELECT body FROM records ORDER BY rowid"):
            self._remember(self._open(body[0]))

    def get(self, identity: str) -> Record | None:
        """The first record of that id, compared without case (ARM ids and GUIDs are unique over all types)."""
        with self._lock:
            return next(iter(self._by_id[identity.lower()].values()), None)

    def exact(self, token: str, scope: str, identity: str) -> Record | None:
        """The record of that type, scope and id."""
        with self._lock:
            return self._by_key.get(_key_of(token, scope, identity))

    def find(self, token: str) -> list[Record]:
        """Every record of a type, oldest first."""
        with self._lock:
            return list(self._by_token[token].values())

    def all(self) -> list[Record]:
        """Everything that exists, oldest first."""
        with self._lock:
            return list(self._by_key.values())

    def put(self, record: Record) -> None:
        """Creates the record, or replaces the one of the same type, scope and id."""
        body = self._cipher.encrypt(json.dumps(_as_json(record)).encode())
        with self._lock:
            self._db.execute(
                "INSERT INTO records VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET body = excluded.body",
                (_key_of(record.token, record.scope, record.id), body),
            )
            self._remember(record)

    def change(self, record: Record, **outputs: Any) -> None:
        """Sets some outputs of an existing record (what happens in a cloud beside Pulumi)."""
        self.put(replace(record, outputs={**record.outputs, **outputs}))

    def remove(self, record: Record) -> None:
        """Removes a record; nothing happens when it is gone already."""
        key = _key_of(record.token, record.scope, record.id)
        with self._lock:
            if self._by_key.pop(key, None) is not None:
                self._by_token[record.token].pop(key, None)
                self._by_id[record.id.lower()].pop(key, None)
                self._db.execute("DELETE FROM records WHERE key = ?", (key,))

    def below(self, record: Record) -> list[Record]:
        """What lies below a record (`<id>/…`), deepest first: what a deletion takes with it, where ids are paths
        (`Package.ids_are_paths`).
        """
        package, prefix = _package(record), record.id.lower() + "/"
        with self._lock:
            there = [one for one in self._by_key.values() if one.scope == record.scope and _package(one) == package]
        found = [one for one in there if one.id.lower().startswith(prefix)]
        return sorted(found, key=lambda one: one.id.count("/"), reverse=True)

    def close(self) -> None:
        """Ends the use of the database file."""
        with self._lock:
            self._db.close()

    def _remember(self, record: Record) -> None:
        key = _key_of(record.token, record.scope, record.id)
        self._by_key[key] = record
        self._by_id[record.id.lower()][key] = record
        self._by_token[record.token][key] = record

    def _open(self, body: bytes) -> Record:
        data = json.loads(self._cipher.decrypt(body))
        data["secrets"] = frozenset(tuple(path) for path in data["secrets"])
        return Record(**data)


def _begin(file: Path) -> None:
    """An inventory of nothing, there whole or not at all: so one that is empty was made so by somebody."""
    draft = file.with_suffix(".begun")
    draft.unlink(missing_ok=True)
    made = sqlite3.connect(draft)
    made.execute(_TABLE)
    made.commit()
    made.close()
    draft.replace(file)


def _as_json(record: Record) -> Mapping[str, Any]:
    return {
        "id": record.id,
        "token": record.token,
        "inputs": record.inputs,
        "outputs": record.outputs,
        "urn": record.urn,
        "scope": record.scope,
        "secrets": [list(path) for path in record.secrets],
    }


def _package(record: Record) -> str:
    return record.token.partition(":")[0]


def _key_of(token: str, scope: str, identity: str) -> str:
    return f"{token}\n{scope}\n{identity.lower()}"


def _key(file: Path) -> bytes:
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_bytes(Fernet.generate_key())
        draft.replace(file)
    return raw(file, LOST)
