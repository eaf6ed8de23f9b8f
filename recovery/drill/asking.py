"""Asks a restored database what its service declares (settings/services/recovery.py), with the keys of the keyring and
the files that came back with it.

Everything runs in a transaction that is rolled back. A question that can't be put, because a table or a key is not
there, is an answer of its own ("unproved"), never "right".
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from recovery.drill.ciphers import NotOpened, is_encrypted, opened
from recovery.drill.general import general_answers, named
from recovery.drill.passwords import logs_in
from recovery.drill.proof import Answer, Outcome
from settings.services.recovery import (
    Decrypted,
    FilesThere,
    LogsIn,
    NoneWrong,
    Recovery,
    RecoveryCheck,
    Written,
)

__all__ = ["Given", "answers"]

_BLOCK = 1 << 20
Found = tuple[Outcome, str]


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a restored database is asked with."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the keyring, by the names of the service's secrets."""
    volumes: Mapping[str, Path] = field(default_factory=dict)
    """The folders that came back, by the ends of the volumes' names."""


def answers(connection: psycopg.Connection[Any], asked: Recovery | None, given: Given) -> Iterator[Answer]:
    """Of one database: what every one is asked, then what its service declares. `connection` is in autocommit."""
    with connection.transaction(force_rollback=True):
        yield from general_answers(connection)
    if asked is None:
        return
    if asked.marker and not _is_there(connection, asked.marker):
        for check in asked.checks:
            yield _answer(check, ("unproved", f"the application has not prepared it: there is no {asked.marker}"), 0.0)
        return
    for check in asked.checks:
        begun = time.monotonic()
        yield _answer(check, _put(connection, check, given), time.monotonic() - begun)


def _answer(check: RecoveryCheck, found: Found, seconds: float) -> Answer:
    outcome, text = found
    return Answer(
        name=check.name, asks=check.asks, outcome=outcome, found=text, source=check.source, seconds=round(seconds, 3)
    )


def _put(connection: psycopg.Connection[Any], check: RecoveryCheck, given: Given) -> Found:
    try:
        with connection.transaction(force_rollback=True):
            return _ASK[type(check)](connection, check, given)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        return "unproved", f"its schema is of another version: {str(error).splitlines()[0]}"
    except psycopg.Error as error:
        return "wrong", f"PostgreSQL refused: {str(error).splitlines()[0]}"


def _is_there(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(quote_ident(%s))", (table,)).fetchone()
    return bool(row and row[0])


def _none_wrong(connection: psycopg.Connection[Any], check: NoneWrong, _given: Given) -> Found:
    wrong = [str(one) for (one,) in connection.execute(check.sql.encode()).fetchall()]
    return ("wrong", f"not so: {named(wrong)}") if wrong else ("right", "no exception")


def _decrypted(connection: psycopg.Connection[Any], check: Decrypted, given: Given) -> Found:
    absent = [one for one in check.secrets if one not in given.secrets]
    if absent:
        return "unproved", f"the keyring has no {', '.join(absent)}"
    keys = [given.secrets[one] for one in check.secrets]
    shut, read, plain = [], 0, 0
    with connection.cursor() as cursor:
        for name, stored in cursor.stream(check.sql.encode()):
            if check.or_plain and not is_encrypted(check.cipher, stored):
                plain += 1
                continue
            try:
                opened(check.cipher, stored, keys)
                read += 1
            except NotOpened as error:
                shut.append(f"{name} ({error})")
    beside = f", {plain} are kept in plain by the vendor" if plain else ""
    if shut:
        return "wrong", f"{len(shut)} do not open: {named(shut)}"
    return ("right", f"{read} open{beside}") if read else ("nothing", f"nothing is stored encrypted{beside}")


def _logs_in(connection: psycopg.Connection[Any], check: LogsIn, given: Given) -> Found:
    rows = connection.execute(check.sql.encode()).fetchall()
    if not rows:
        return "wrong", "there is no such user"
    if check.secret not in given.secrets:
        return "unproved", f"the keyring has no {check.secret}"
    for stored, before in rows:
        if stored and logs_in(check.hashing, stored, before or "", given.secrets[check.secret]):
            return "right", "the password fits"
    return "wrong", "the password of the keyring is not the stored one"


def _written(connection: psycopg.Connection[Any], check: Written, _given: Given) -> Found:
    if connection.execute(check.needs.encode()).fetchone() is None:
        return "nothing", "there is nothing to write to"
    row = connection.execute(check.sql.encode()).fetchone()
    return (
        ("right", "it was taken, and rolled back") if row and row[0] is not None else ("wrong", "nothing was written")
    )


def _files(connection: psycopg.Connection[Any], check: FilesThere, given: Given) -> Found:
    rows = connection.execute(check.sql.encode()).fetchall()
    if not rows:
        return "nothing", "no row names a file"
    folder = next((path for name, path in given.volumes.items() if name.endswith(check.volume)), None)
    if folder is None:
        return "unproved", f"the volume {check.volume} is not in this backup"
    wrong = [why for path, size, checksum in rows if (why := _differs(folder, path, size, checksum, check.checksum))]
    return (
        ("wrong", f"{len(wrong)} of {len(rows)}: {named(wrong)}")
        if wrong
        else ("right", f"{len(rows)} files are there")
    )


def _differs(folder: Path, path: str, size: int | None, checksum: str | None, kind: str) -> str:
    """Why a file is not the one that its row names; empty when it is. A path that leads out is not followed."""
    try:
        descriptor = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return f"{path}: {error.strerror}"
    with os.fdopen(descriptor, "rb") as file:
        if not (folder / path).resolve().is_relative_to(folder.resolve()):
            return f"{path}: it leads out of the volume"
        found = hashlib.new("sha1" if kind == "sha1" else "md5", usedforsecurity=False)
        length = 0
        while block := file.read(_BLOCK):
            found.update(block)
            length += len(block)
    digest = found.hexdigest() if kind == "sha1" else base64.b64encode(found.digest()).decode()
    if size is not None and length != size:
        return f"{path}: {length} bytes, not {size}"
    return f"{path}: its checksum is another one" if checksum is not None and digest != checksum else ""


_ASK: Mapping[type, Callable[[psycopg.Connection[Any], Any, Given], Found]] = {
    NoneWrong: _none_wrong,
    Decrypted: _decrypted,
    LogsIn: _logs_in,
    Written: _written,
    FilesThere: _files,
}
