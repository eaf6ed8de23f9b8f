"""The tenant's database and the role that owns it: the only one of all tenants that may connect.

Made with the provisioner's login, never the administrator's. The database is a copy of the platform's template, which
has the extensions that only an administrator may install. What is in it is the applications' own business. How a
database is read into an archive and put back is `tenants.archive.database`'s.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi_postgresql as postgresql
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from provider.sdk import Sessions
from tenants.documented import Documented, Has, Isolated, Kept
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.platform import Server
from tenants.residue.databases import databases_left
from tenants.steps.step import (
    ArchivedPart,
    Dump,
    PartStore,
    Search,
    Step,
    StepContext,
    StepOutputs,
)
from tenants.tiers import limits_comment

if TYPE_CHECKING:
    from tenants.archive.content import Content
    from tenants.archive.database import Tables, TenantDatabase
    from tenants.session import PlatformSession
    from tenants.vault_session import VaultSession

__all__ = ["FILE", "STEP", "Database", "DatabaseArgs", "StoredDatabase", "tenant_database"]

FILE = "database.sql"


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """On which server, the tenant's names, how many connections it may have, and whether its door is open. The
    providers of the server and of `apps` come with the options.
    """

    server: Server
    names: TenantNames
    connections: int
    is_open: bool
    limits: str
    """What the role may use, for the guard of the server (tenants.tiers.limits_comment)."""
    called: str = ""
    """The database and its owner, when it is not the tenant's first."""


class Database(ComponentResource):
    """A database, closed to everybody but its owner; and to the owner too while the tenant is suspended. Nothing that
    holds data changes with that.
    """

    database_name: Output[str]
    password: Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:Database", name, None, opts)
        inside = ResourceOptions(parent=self)
        wanted = args.called or args.names.database
        password = random.RandomPassword(f"{name}-password", length=40, special=False, opts=inside)
        owner = postgresql.Role(
            f"{name}-owner",
            name=wanted,
            login=args.is_open,
            password=password.result,
            connection_limit=args.connections if args.is_open else 0,
            # The provider would give what it owns to the login, whose rights the provisioner has not; and it owns
            # nothing but its database, which goes before it.
            skip_reassign_owned=True,
            opts=inside,
        )
        # Who is connected stays when a role loses its login: they are shown out.
        sessions = Sessions(
            f"{name}-sessions",
            role=owner.name,
            allowed=args.is_open,
            password=password.result,
            limits=args.limits,
            opts=ResourceOptions(parent=self, depends_on=[owner]),
        )
        # Since PostgreSQL 16 who makes a role may administer it, but has none of its rights: without this one
        # the provisioner could not close the database, which is its owner's.
        # The provider reads the first membership that it finds, which is the one of whoever makes a role, with the
        # admin option: a change at every run, and its replacement would take this one away.
        member = postgresql.GrantRole(
            f"{name}-provisioned",
            role=args.server.provisioner,
            grant_role=owner.name,
            opts=ResourceOptions(parent=self, ignore_changes=["withAdminOption"]),
        )
        database = postgresql.Database(
            f"{name}-database",
            name=wanted,
            owner=owner.name,
            encoding="UTF8",
            template=args.server.template,
            connection_limit=args.connections,
            opts=ResourceOptions(
                parent=self, protect=True, depends_on=[member], ignore_changes=["lcCollate", "lcCtype"]
            ),
        )
        closed = postgresql.Grant(
            f"{name}-closed",
            database=database.name,
            role="public",
            object_type="database",
            privileges=[],
            # With its database it goes by itself; and of one that somebody dropped, nothing could be revoked.
            opts=ResourceOptions(parent=self, depends_on=[member], deleted_with=database),
        )
        self.database_name = Output.all(database.name, closed.id, sessions.id).apply(lambda known: str(known[0]))
        self.password = password.result
        self.register_outputs({"database_name": self.database_name})


@dataclass(frozen=True)
class StoredDatabase:
    """A database as a part of an archive."""

    there: TenantDatabase
    says: Callable[[Tables], Mapping[str, Any]]
    """Fields of the manifest's `content`."""
    about: Callable[[Tables], Mapping[str, Any]] | None = None
    """Fields of the manifest."""

    def dump(self) -> Dump:
        """All of it at one moment."""
        file, tables = self.there.dump()
        return Dump(file=file, content=self.says(tables), about=self.about(tables) if self.about else {})

    def restore(self, checked: bytes) -> None:
        """All of it or nothing."""
        self.there.restore(checked)

    def content(self) -> Mapping[str, Any]:
        """As it is now."""
        return self.says(self.there.content())


def tenant_database(session: PlatformSession, name: str) -> TenantDatabase:
    """The database of that name on the tenants' server, as an archive is made of it."""
    from tenants.archive.database import TenantDatabase  # with PostgreSQL's client

    return TenantDatabase(session.platform.server, session.secrets.provisioner_password, name)


@contextlib.contextmanager
def _reached(session: PlatformSession, tenant: Tenant) -> Iterator[PartStore]:
    there = tenant_database(session, tenant.names.database)
    yield StoredDatabase(there, says=lambda found: {"tables": found.digests, "rows": found.rows}, about=_about)


def _about(found: Tables) -> dict[str, Any]:
    from provider.migration_files import latest
    from tenants.steps.knowledge import SET

    return {"serverVersion": found.server_version, "schemaVersion": latest(SET)}


def _differing(found: Content, wanted: Content) -> str:
    every = {*found.tables, *wanted.tables}
    differing = sorted(name for name in every if found.tables.get(name) != wanted.tables.get(name))
    return f"these tables are not as in the archive: {differing}" if differing else ""


def _declare(ctx: StepContext) -> StepOutputs:
    server, names, quotas = ctx.platform.server, ctx.tenant.names, ctx.tenant.granted
    made = Database(
        "database",
        DatabaseArgs(
            server=server,
            names=names,
            connections=quotas.database_connections,
            is_open=ctx.is_open,
            limits=limits_comment(ctx.tenant.tier, quotas.database_connections, quotas.database_mb),
        ),
        ResourceOptions(providers=[ctx.providers.postgres, ctx.providers.apps]),
    )
    login: dict[str, Input[str]] = {
        "host": server.host,
        "database": made.database_name,
        "user": names.database,
        "password": made.password,
    }
    known = {"server": server.name, "host": server.host, "name": made.database_name, "owner": names.database}
    return StepOutputs(known={"database": known}, logins={"database": login})


def _database(names: TenantNames) -> str:
    return names.database


def _retained(session: PlatformSession) -> Iterator[tuple[str, int]]:
    server = session.settings.database_server(session.platform.server.name).placement
    if server.restorable_days is not None:
        what = f"{server.called} can restore the database server to a point in time before this"
        yield what, server.restorable_days


def database_answers(session: PlatformSession, tenant: Tenant, vault_session: VaultSession | None) -> str:
    """With what the tenant's applications find in Vault; without Vault, as the provisioner in the owner's name."""
    import psycopg

    from deploy.vault_api import VaultRefused
    from provider.time_limits import connected

    server, name = session.platform.server, tenant.names.database
    user, password, role = server.login, session.secrets.provisioner_password, name
    if vault_session is not None:
        try:
            report = vault_session.api.ask("GET", f"{tenant.names.mount}/data/database", token=vault_session.token())
        except VaultRefused as refused:
            return f"its login is not in Vault ({refused})"
        data = report["data"]["data"]
        user, password, role = str(data["user"]), str(data["password"]), ""
    is_open = tenant.state == "active"
    try:
        where = {"host": "127.0.0.1", "port": server.local_port, "dbname": name, "sslmode": server.sslmode}
        with connected({**where, "user": user, "password": password}, role=role) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[-1] if is_open else ""
    return "" if is_open or vault_session is None else "it lets the login of a suspended tenant in"


_DOCUMENTED = Documented(
    has=(
        Has(
            where="PostgreSQL",
            what="a database with pgvector and the role that owns it, with a password and a limit of connections",
            called="`t_<slug>`, hyphens as `_`",
            made_with="the provisioner's login",
        ),
    ),
    kept=(
        Kept(
            what="PostgreSQL: tables, sequences, large objects, functions",
            isolated_by="own database, own role",
            export="exactly, at one moment",
            restore="exactly, compared by checksums",
            erase="at once; Azure's point-in-time window remains",
        ),
    ),
    isolated=(
        Isolated(
            what="PostgreSQL",
            pool="database, owner, limits of connections",
            isolated="exactly",
            exported="exactly",
            restored="exactly",
            erased="exactly",
        ),
    ),
)

STEP = Step(
    name="database",
    declare=_declare,
    names={"PostgreSQL": _database},
    doors={"database": "PostgreSQL"},
    owners=lambda names: (names.database,),
    entries=frozenset({"database"}),
    searches=(Search("PostgreSQL", databases_left(_database)),),
    archived=ArchivedPart(file=FILE, reached=_reached, is_needed=True, differs=_differing),
    retained=_retained,
    checks=(database_answers,),
    documented=_DOCUMENTED,
)
