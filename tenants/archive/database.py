"""The tenant's database as SQL and back, with its owner's rights: neither an administrator nor the provisioner.

The client programs come with the PostgreSQL that is installed here, newer than any server of the platform.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from kept import postgres_programs
from provider.owner_login import OwnerLogin
from provider.time_limits import EXPORT, connected, options_of, postgres_parameters
from provider.tls_relay import relayed
from tenants.archive.hidden_rows import hidden_tables, shown, with_data_of, without_data_of
from tenants.archive.holders import holders_of
from tenants.archive.login import login_to
from tenants.archive.manifest import ArchiveBroken
from tenants.archive.settled import settings_kept
from tenants.platform import Server

__all__ = ["Tables", "TenantDatabase"]

_OURS = ("_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock")
"""How the schema came to be: times and names of machines, no content of the tenant."""
_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%%'
AND c.relname <> ALL(%s) AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""
_SEQUENCES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), coalesce(last_value::text, 'unused')
FROM pg_sequences WHERE sequencename NOT LIKE '\\_yoyo%%' ORDER BY 1
"""
_LARGE_OBJECTS = (
    "SELECT oid FROM pg_largeobject_metadata WHERE lomowner = (SELECT oid FROM pg_roles WHERE rolname = %s) ORDER BY 1"
)
_SETTINGS = {
    # The text of a value shall not depend on what the tenant has set for its database.
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
KEY = "smarteros"
_HEAD = re.compile(rb"\A((?:--[^\n]*\n|\n)*)\\restrict " + KEY.encode() + rb"\n")
SEQUENCES, LARGE_OBJECTS = "(sequences)", "(large objects)"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Tables:
    """Of each table its checksum and number of rows; beside them, of the sequences and large objects."""

    digests: dict[str, str]
    rows: dict[str, int]
    server_version: int

    @property
    def digest(self) -> str:
        """One checksum over all tables and their rows."""
        return hashlib.sha256(repr(sorted(self.digests.items())).encode()).hexdigest()


class TenantDatabase:
    """One database, by the forward on this machine. Each connection has a login of its own: what a tenant or an archive
    has put into the database runs in it, and may change the password of whoever is connected.
    """

    def __init__(self, server: Server, provisioner_password: str, name: str) -> None:
        self._server, self._password, self._name = server, provisioner_password, name

    def dump(self) -> tuple[bytes, Tables]:
        """Its content as SQL that makes everything anew, whoever owns it then; and what is in it at the same moment."""
        with self._reading() as connection:
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            hidden = hidden_tables(connection, self._name)
            dumped = functools.partial(
                self._run,
                "pg_dump",
                f"--lock-wait-timeout={EXPORT.lock_s}s",
                # Made by an administrator in the template: a tenant can neither drop nor make it.
                *("--format=plain", "--no-owner", "--no-privileges", "--clean", "--if-exists", "--exclude-extension=*"),
                *("--no-comments", "--no-security-labels", "--no-subscriptions", "--no-publications"),
                *(f"--role={self._name}", f"--restrict-key={KEY}", f"--snapshot={(row or ('',))[0]}"),
            )
            content = dumped(*without_data_of(hidden))
            if hidden:
                end = dumped("--section=post-data")
                shown(connection, hidden)  # from here on nobody else can read them, pg_dump neither
                content = with_data_of(connection, hidden, content, end)
            found = self._tables(connection)
            connection.rollback()  # what was shown for this session alone is hidden again
            return content, found

    def restore(self, content: bytes) -> None:
        """Runs such SQL: all of it or nothing. Commands of psql itself could start programs here: they are refused."""
        with self._connected() as connection:
            # --clean drops no large objects of other numbers, and those of the same would be in the way.
            for (oid,) in connection.execute(_LARGE_OBJECTS, (self._name,)).fetchall():
                connection.execute("SELECT lo_unlink(%s)", (oid,))
        with settings_kept(self._server, self._password, self._name):
            self._run(
                "psql",
                *("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"),
                content=f"\\restrict {secrets.token_hex(16)}\n".encode() + _unrestricted(content),
            )

    def content(self) -> Tables:
        """What is in it now."""
        with self._reading() as connection:
            shown(connection, hidden_tables(connection, self._name))
            return self._tables(connection)

    def _tables(self, connection: psycopg.Connection[Any]) -> Tables:
        digests: dict[str, str] = {}
        rows: dict[str, int] = {}
        for (table,) in connection.execute(_TABLES, (list(_OURS),)).fetchall():
            digests[table], rows[table] = _checksum(connection, table)
        for name, query in ((SEQUENCES, _SEQUENCES), (LARGE_OBJECTS, _LARGE_OBJECTS)):
            found = connection.execute(query, None if name == SEQUENCES else (self._name,)).fetchall()
            if found:
                lines = [_large_object(connection, one[0]) if name == LARGE_OBJECTS else repr(one) for one in found]
                digests[name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return Tables(digests, rows, connection.info.server_version)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[psycopg.Connection[Any]]:
        """One moment, seen by every question."""
        with self._connected() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield connection
            connection.rollback()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        with self._login() as login:
            try:
                with connected(self._where(login), EXPORT, role=self._name, more=_SETTINGS) as connection:
                    yield connection
            except psycopg.errors.LockNotAvailable as error:
                raise self._held(str(error).splitlines()[0]) from None
            except psycopg.Error as error:
                raise ArchiveBroken(f"PostgreSQL on {self._name}: {str(error).splitlines()[0]}") from None

    def _held(self, said: str) -> ArchiveBroken:
        """Who waits is told for whom."""
        holders = "; ".join(holders_of(self._server, self._password, self._name)) or "nobody any more"
        return ArchiveBroken(
            f"PostgreSQL on {self._name}: {said} (waited {EXPORT.lock_s} s): {holders}. "
            "Fix: have it end its transaction and run the same command again; or close the tenant's doors, which ends "
            "its sessions: ./smos tenant suspend SLUG"
        )

    def _login(self) -> contextlib.AbstractContextManager[OwnerLogin]:
        return login_to(self._server, self._password, self._name)

    def _where(self, login: OwnerLogin) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self._server.local_port,
            "user": login.user,
            "password": login.password,
            "dbname": self._name,
            "sslmode": self._server.sslmode,
        }

    def _run(self, program: str, *arguments: str, content: bytes = b"") -> bytes:
        with self._login() as login:
            return self._run_as(login, program, *arguments, content=content)

    def _run_as(self, login: OwnerLogin, program: str, *arguments: str, content: bytes) -> bytes:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())  # for its owner alone; an environment is less
            passwords = Path(folder) / "passwords"
            passwords.touch(mode=0o600)
            passwords.write_text(f"*:*:*:*:{login.password}\n", encoding="utf-8")
            wanted = self._where(login)
            if self._server.sslmode != "disable":  # which these programs were built without
                relay = stack.enter_context(relayed(self._server.local_port))
                wanted |= {"host": relay, "sslmode": "disable"}
            return self._run_with(passwords, wanted, program, *arguments, content=content)

    def _run_with(
        self, passwords: Path, wanted: Mapping[str, Any], program: str, *arguments: str, content: bytes
    ) -> bytes:
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "PGHOST": wanted["host"],
            "PGPORT": str(wanted["port"]),
            "PGUSER": str(wanted["user"]),
            "PGPASSFILE": str(passwords),
            "PGDATABASE": wanted["dbname"],
            "PGSSLMODE": wanted["sslmode"],
            "PGOPTIONS": options_of(EXPORT, role=self._name, more={"search_path": "public"}),
            "PGCONNECT_TIMEOUT": str(postgres_parameters(EXPORT)["connect_timeout"]),
        }
        command: Sequence[str] = [postgres_programs.program(program), *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - ours
                command, input=content, env=environ, capture_output=True, check=False, timeout=EXPORT.whole_s
            )
        except subprocess.TimeoutExpired:
            raise ArchiveBroken(f"{program} on {self._name}: not done after {EXPORT.whole_s} s, and ended") from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            if any("lock timeout" in line or "LOCK TABLE" in line for line in said):
                raise self._held(f"{program}: {said[0]}")
            raise ArchiveBroken(f"{program} on {self._name}: {said[0]}")
        return done.stdout


def _unrestricted(content: bytes) -> bytes:
    """Without the two lines in which pg_dump shuts psql's own commands off: the first such, and the last. Any between
    them is a tenant's text.
    """
    content = _HEAD.sub(rb"\1", content, count=1)
    before, found, after = content.rpartition(f"\n\\unrestrict {KEY}\n".encode())
    return before + b"\n" + after if found else content


def _checksum(connection: psycopg.Connection[Any], table: str) -> tuple[str, int]:
    """Streamed: a table may be larger than this machine's memory. The rows' own order is that of their text."""
    found, count = hashlib.sha256(), 0
    row = 'SELECT ROW(t.*)::text FROM {} t ORDER BY ROW(t.*)::text COLLATE "C"'
    query = sql.SQL(f"COPY ({row}) TO STDOUT").format(sql.SQL(table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for block in copy:
            found.update(block)
            count += bytes(block).count(b"\n")
    return found.hexdigest(), count


def _large_object(connection: psycopg.Connection[Any], oid: int) -> str:
    """Its number and a checksum, block by block."""
    found, offset = hashlib.sha256(), 0
    while True:
        row = connection.execute("SELECT lo_get(%s, %s, %s)", (oid, offset, BLOCK)).fetchone()
        block = bytes(row[0]) if row else b""
        if not block:
            return f"{oid} {found.hexdigest()}"
        found.update(block)
        offset += len(block)
