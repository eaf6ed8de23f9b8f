"""Databases: each as pg_dump has it, in a snapshot whose rows are counted and checked by the same transaction.

All databases of a server are sources, also those that nobody here knows; but not what is made anew by looking (the
guard's functions). A tenant's is told by its name. Where a database comes back is recovery.sources.returned.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from recovery.manifest import Digests, Kind, Part
from recovery.marker import Marker
from recovery.sources import returned
from recovery.sources.digests import digests_of
from recovery.sources.logins import DatabaseLogin, Server, servers_of
from recovery.sources.source import Captured, Context, Source, SourceFailed
from tenants.names import TenantNames

if TYPE_CHECKING:
    import psycopg

__all__ = ["FILE", "Database", "newest_marker", "source_of", "sources"]

FILE = "stream"
"""pg_dump's own format, not compressed: restic finds what it has already, and compresses the rest."""
NOT_BACKED_UP = ("postgres", "azure_maintenance", "azure_sys", "smarteros_guard")
SET_ASIDE = re.compile(r".+_(before|restored)_\d{8}_\d{6}")
"""What restores leave beside: it was backed up as what it was."""
MARKERS_KEPT = 200
_DATABASES = """
SELECT d.datname, r.rolname, pg_database_size(d.oid) FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
WHERE d.datallowconn AND NOT d.datistemplate ORDER BY 1
"""
_ABOUT = """
SELECT json_build_object(
    'owner', r.rolname, 'encoding', pg_encoding_to_char(d.encoding), 'provider', d.datlocprovider,
    'collate', d.datcollate, 'ctype', d.datctype, 'limit', d.datconnlimit,
    'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'),
    'settings', (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0),
    'acl', d.datacl::text,
    'extensions', (SELECT json_agg(json_build_array(e.extname, n.nspname, e.extversion) ORDER BY e.oid)
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'))::text
FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database()
"""
_MARKED = """
CREATE SCHEMA IF NOT EXISTS smarteros_recovery;
CREATE TABLE IF NOT EXISTS smarteros_recovery.marker (
    id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
"""As recovery.marker.TABLE is called."""
_MARK = "INSERT INTO smarteros_recovery.marker (id) VALUES (%s) ON CONFLICT DO NOTHING"
_OLD_MARKERS = """
DELETE FROM smarteros_recovery.marker
WHERE id NOT IN (SELECT id FROM smarteros_recovery.marker ORDER BY id DESC LIMIT %s)
"""
_NEWEST_MARKER = "SELECT max(at) FROM smarteros_recovery.marker"


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database."""

    server: Server
    database: str
    owner: str
    service: str
    tenant: str = ""
    size: int = 0

    @property
    def name(self) -> str:
        """Unique in an environment: its server counts where two servers have one of that name."""
        return f"database:{self.server.name}/{self.database}"

    @property
    def kind(self) -> Kind:
        """A database."""
        return "database"

    @property
    def domain(self) -> str:
        """Its server's."""
        return self.server.domain

    @property
    def inside(self) -> DatabaseLogin:
        """How it is read and put back."""
        return DatabaseLogin(self.server, self.database, self.owner, tenant=bool(self.tenant))

    @contextlib.contextmanager
    def capture(self, ctx: Context, folder: Path) -> Iterator[Captured]:
        """See Source. The marker is committed first, so that it is in the snapshot."""
        from psycopg import IsolationLevel

        with self.inside.connection(all_rows=True) as connection:
            _mark(connection, ctx.marker, self.owner)
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            asked = connection.execute(
                "SELECT pg_export_snapshot(), clock_timestamp(), current_setting('server_version')"
            )
            snapshot, taken_at, version = asked.fetchone() or ("", datetime.datetime.now(datetime.UTC), "")
            about = (connection.execute(_ABOUT).fetchone() or ("{}",))[0]
            yield Captured(
                taken_at=taken_at,
                stream=lambda: self._dump(str(snapshot)),
                size=self.size,
                digests=lambda: self._digests(connection),
                meanwhile=True,
                versions={"postgresql": str(version)},
                facts={**_texts(json.loads(about)), "server": self.server.name, "database": self.database},
            )
            connection.rollback()

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """See Source."""
        returned.beside(self.server, folder / part.file, part, name, self.owner, tenant=bool(self.tenant))

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """See Source."""
        with DatabaseLogin(self.server, name, self.owner, tenant=bool(self.tenant)).connection(all_rows=True) as found:
            return part.digests.differences(digests_of(found))

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """See Source."""
        return returned.in_place(self.server, self.database, name, ctx.marker, part.facts)

    def keep_beside(self, ctx: Context, part: Part, name: str, slug: str) -> str:
        """See Copyable. A tenant's is called as that slug's would be; a service's, as the slug is."""
        names = TenantNames(slug)
        called = names.silo_database if self.database.startswith("n8n_") else names.database
        wanted = called if self.tenant else slug.replace("-", "_")
        returned.named(self.server, name, wanted, ctx.marker)
        return wanted

    def remove_old(self, ctx: Context, old: str) -> None:
        """See Source."""
        returned.remove(self.server, old)

    def _digests(self, connection: psycopg.Connection[Any]) -> Digests:
        import psycopg

        try:
            return digests_of(connection)
        except psycopg.Error as error:
            raise self.server.failed(str(error), self.database) from None

    @contextlib.contextmanager
    def _dump(self, snapshot: str) -> Iterator[IO[bytes]]:
        arguments = ["--format=custom", "--compress=none", "--exclude-extension=*", f"--snapshot={snapshot}"]
        arguments += ["--no-subscriptions", "--no-publications", "--lock-wait-timeout=30s"]
        with self.inside.login(all_rows=True) as login, tempfile.TemporaryFile() as errors:
            running = self.inside.run(login, "pg_dump", *arguments, stdout=subprocess.PIPE, stderr=errors)
            with running as process:
                yield process.stdout
                process.stdout.close()
                code = process.wait(60)
            if code != 0:
                errors.seek(0)
                raise self.server.failed(errors.read().decode(errors="replace"), f"pg_dump of {self.database}")


def sources(ctx: Context) -> list[Source]:
    """Every database of the environment's servers. Raises SourceFailed for a server that does not answer."""
    found: list[Source] = []
    for server in servers_of(ctx):
        with server.connection() as connection:
            rows = connection.execute(_DATABASES).fetchall()
        for name, owner, size in rows:
            if name not in NOT_BACKED_UP and not SET_ASIDE.fullmatch(name):
                found.append(_database(ctx, server, str(name), str(owner), int(size)))
    return found


def source_of(ctx: Context, part: Part) -> Source | None:
    """The database of a part, be it there or not."""
    if part.kind != "database":
        return None
    name = part.facts["server"]
    server = next((one for one in servers_of(ctx) if one.name == name), None)
    if server is None:
        raise SourceFailed(
            f"{part.name}: the settings have no database server {name} any more. "
            "Fix: smarteros:databaseServers, with the name that it had"
        )
    return Database(
        server=server,
        database=part.facts["database"],
        owner=part.facts["owner"],
        service=part.service,
        tenant=part.tenant,
        size=part.bytes,
    )


def _database(ctx: Context, server: Server, name: str, owner: str, size: int) -> Database:
    service, tenant = _whose(ctx, name)
    return Database(server=server, database=name, owner=owner, service=service, tenant=tenant, size=size)


def _whose(ctx: Context, database: str) -> tuple[str, str]:
    """Which service's and which tenant's: of tenants by the names that are made of their slugs."""
    for slug in ctx.slugs:
        names = TenantNames(slug)
        if database in (names.database, names.silo_database):
            return ("n8n" if database == names.silo_database else "tenants"), slug
    match = re.fullmatch("(t|n8n)_([a-z0-9_]+)", database)
    if match:  # of a tenant that is not there any more, or not yet
        return ("n8n" if match[1] == "n8n" else "tenants"), match[2].replace("_", "-")
    key = database.replace("-", "_")
    return (key if getattr(ctx.settings.services, key, None) is not None else ""), ""


def _mark(connection: psycopg.Connection[Any], marker: Marker, owner: str) -> None:
    """The marker's row, in a schema of our own; the oldest go."""
    from psycopg import sql

    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        connection.execute(_MARKED)
        connection.execute(_MARK, (marker.id,))
        connection.execute(_OLD_MARKERS, (MARKERS_KEPT,))


def _texts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts are texts; what is none is JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}


def newest_marker(server: Server, database: str, owner: str, *, tenant: bool = False) -> datetime.datetime | None:
    """When the newest marker in a database was written, by its server's clock: how old what a restore gave is."""
    import psycopg

    with DatabaseLogin(server, database, owner, tenant=tenant).connection() as connection:
        try:
            row = connection.execute(_NEWEST_MARKER).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
    return row[0] if row else None
