"""How a database is reached to be read or put back: by a server's administrator for what is about databases, and for
what is inside one by a login that has its owner's rights and no others.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kept import postgres_programs
from provider import owner_login
from provider.owner_login import OwnerLogin
from provider.time_limits import EXPORT, connected, options_of, postgres_parameters
from provider.tls_relay import relayed
from recovery.sources.source import Context, SourceFailed

if TYPE_CHECKING:
    import psycopg

__all__ = ["TEXTS", "DatabaseLogin", "Server", "servers_of"]

TEXTS: Mapping[str, str] = {
    # The text of a value shall not depend on what somebody has set for a database.
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    # No view or foreign table in the place of a table is read (CVE-2024-7348).
    "restrict_nonsystem_relation_kind": "view,foreign-table",
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A PostgreSQL server, through the forward on this machine."""

    name: str
    port: int
    admin: str
    password: str = field(repr=False)
    sslmode: str
    managed: bool
    """Whether its administrator is no superuser."""
    domain: str
    """Its failure domain."""
    provisioner_login: str = ""
    provisioner: str = ""
    provisioner_password: str = field(repr=False, default="")
    """Who makes tenants' databases there; nobody where tenants have none."""

    @contextlib.contextmanager
    def connection(
        self, database: str = "postgres", *, as_provisioner: bool = False
    ) -> Iterator[psycopg.Connection[Any]]:
        """As the administrator, each statement by itself. Raises SourceFailed."""
        import psycopg

        try:
            with self.open(database, as_provisioner=as_provisioner) as connection:
                yield connection
        except psycopg.Error as error:
            raise self.failed(str(error)) from None

    def open(self, database: str = "postgres", *, as_provisioner: bool = False) -> psycopg.Connection[Any]:
        """The same for whoever closes it. Raises psycopg.Error."""
        user, password = self.admin, self.password
        if as_provisioner:
            user, password = self.provisioner_login, self.provisioner_password
        where = {"host": "127.0.0.1", "port": self.port, "user": user, "password": password, "dbname": database}
        role = self.provisioner if as_provisioner else ""
        return connected({**where, "sslmode": self.sslmode, "autocommit": True}, EXPORT, role=role)

    def failed(self, said: str, what: str = "") -> SourceFailed:
        """What PostgreSQL said, as an error for the operator."""
        first = (said.strip().splitlines() or ["no word"])[0]
        return SourceFailed(
            f"PostgreSQL {self.name}{f': {what}' if what else ''}: {first}. Fix: ./smos doctor, and the server's log"
        )


class DatabaseLogin:
    """What is done inside one database, with its owner's rights: what is in it runs there, and may do no more."""

    def __init__(self, server: Server, database: str, owner: str, *, tenant: bool) -> None:
        self._server, self._database, self._owner = server, database, owner
        self._by_provisioner = tenant and server.managed and bool(server.provisioner_login)

    @contextlib.contextmanager
    def connection(self, *, all_rows: bool = False) -> Iterator[psycopg.Connection[Any]]:
        """`all_rows`: also those that tables hide from their owner. Raises SourceFailed."""
        import psycopg

        with self.login(all_rows=all_rows) as login:
            try:
                role = "" if all_rows else self._owner
                with connected(self._where(login), EXPORT, role=role, more=TEXTS) as connection:
                    yield connection
            except psycopg.Error as error:
                raise self._server.failed(str(error), self._database) from None

    @contextlib.contextmanager
    def login(self, *, all_rows: bool = False) -> Iterator[OwnerLogin]:
        """A login for the block. Raises SourceFailed."""
        import psycopg

        with contextlib.ExitStack() as stack:
            try:
                login = stack.enter_context(owner_login.login_of(self._maker, self._owner, EXPORT))
                if all_rows:
                    self._show_all_rows(login)
            except psycopg.Error as error:
                raise self._server.failed(str(error), f"no login to {self._database}") from None
            yield login

    def run(self, login: OwnerLogin, program: str, *arguments: str, role: str = "", **streams: Any) -> Any:
        """Starts a client program of PostgreSQL with that login, which it finds in a file that only it may read: the
        file is gone when the context that is answered is left.
        """
        return _program(self._where(login), login, postgres_programs.program(program), arguments, role, streams)

    def _maker(self) -> psycopg.Connection[Any]:
        return self._server.open(as_provisioner=self._by_provisioner)

    def _show_all_rows(self, login: OwnerLogin) -> None:
        """Tables may hide rows from their owner (FORCE ROW LEVEL SECURITY), and pg_dump refuses them then."""
        import psycopg
        from psycopg import sql

        with self._server.open() as connection, contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(sql.Identifier(login.user)))

    def _where(self, login: OwnerLogin) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self._server.port,
            "user": login.user,
            "password": login.password,
            "dbname": self._database,
            "sslmode": self._server.sslmode,
        }


@contextlib.contextmanager
def _program(
    where: Mapping[str, Any],
    login: OwnerLogin,
    program: str,
    arguments: tuple[str, ...],
    role: str,
    streams: Mapping[str, Any],
) -> Iterator[subprocess.Popen[bytes]]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        tls = where["sslmode"] != "disable"
        host = stack.enter_context(relayed(int(where["port"]))) if tls else str(where["host"])
        passwords = Path(folder) / "passwords"
        passwords.touch(mode=0o600)
        passwords.write_text(f"*:*:*:*:{login.password}\n", encoding="utf-8")
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "PGHOST": host,
            "PGPORT": str(where["port"]),
            "PGUSER": login.user,
            "PGPASSFILE": str(passwords),
            "PGDATABASE": str(where["dbname"]),
            "PGSSLMODE": "disable",  # on a socket of this machine; the relay's other side is encrypted
            "PGOPTIONS": options_of(EXPORT, role=role),
            "PGCONNECT_TIMEOUT": str(postgres_parameters(EXPORT)["connect_timeout"]),
        }
        process = subprocess.Popen([program, *arguments], env=environ, **streams)  # noqa: S603 - PostgreSQL's own
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def servers_of(ctx: Context) -> list[Server]:
    """The database servers of an environment."""
    found = []
    tenants = ctx.platform.server if ctx.platform else None
    for server in ctx.settings.database_servers:
        place = server.placement
        mine = tenants is not None and tenants.name == server.name
        passwords = f"{ctx.stack}/databaseProvisionerPasswords/{server.name}"
        found.append(
            Server(
                name=server.name,
                port=ctx.settings.forward(server.name).local_port,
                admin=place.admin,
                password=ctx.keyring.get(f"{ctx.stack}/databaseAdminPasswords/{server.name}"),
                sslmode="require" if place.managed else "disable",
                managed=place.managed,
                domain=f"host:{place.machine}" if place.machine else place.where,
                provisioner_login=tenants.login if tenants and mine else "",
                provisioner=tenants.provisioner if tenants and mine else "",
                provisioner_password=ctx.keyring.find(passwords) or "" if mine else "",
            )
        )
    return found
