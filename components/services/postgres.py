"""PostgreSQL: a server with the role that makes tenants' databases, and databases on it.

A database has one owner, who is no administrator. Schemas and tables are the applications' own business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_postgresql as postgresql
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.placements import DatabaseServer, RunsPostgres
from components.secrecy import secret
from settings.postgres import PROGRAM_CONNECTIONS

__all__ = [
    "CONNECTION_LIMIT",
    "PROVISIONER",
    "PROVISIONER_LOGIN",
    "Database",
    "DatabaseArgs",
    "PostgresServer",
    "PostgresServerArgs",
    "Provisioner",
    "ProvisionerArgs",
    "closed_to_public",
    "postgres_provider",
    "template_closed",
]

PROVISIONER = "smarteros_provisioner"
PROVISIONER_LOGIN = "smarteros_provisioner_login"
CONNECTION_LIMIT = 30
"""How many connections a database's owner has at least, whatever its service says that it holds."""


@dataclass(frozen=True, kw_only=True)
class PostgresServerArgs:
    """Where the server runs, and which one of the settings it is."""

    placement: RunsPostgres
    server: str
    admin_password: Input[str]


class PostgresServer(ComponentResource):
    """A PostgreSQL server without databases of services: they are made by `Database`."""

    host: Output[str]

    def __init__(self, name: str, args: PostgresServerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:PostgresServer", name, None, opts)
        self.server = args.placement.database_server(
            name, args.server, args.admin_password, ResourceOptions(parent=self)
        )
        self.host = self.server.host
        self.register_outputs({"host": self.host})


def postgres_provider(
    name: str, server: DatabaseServer, admin_password: Input[str], opts: ResourceOptions
) -> postgresql.Provider:
    """The provider that speaks to one server, through its SSH forward on this machine.

    The forward ends at the server, so TLS names another host than the one that is called: required, not
    verified; what is verified is the SSH host's key.
    """
    return postgresql.Provider(
        name,
        host="127.0.0.1",
        port=server.local_port,
        username=server.admin_user,
        password=secret(admin_password),
        sslmode="require" if server.tls else "disable",
        superuser=server.admin_is_superuser,
        connect_timeout=15,
        max_connections=PROGRAM_CONNECTIONS,
        opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=[server.resource])),
    )


def closed_to_public(name: str, database: postgresql.Database, opts: ResourceOptions) -> postgresql.Grant:
    """Takes from everybody what PostgreSQL gives to everybody: to connect. Whoever does it has the owner's rights, or
    PostgreSQL warns and takes nothing.
    """
    return postgresql.Grant(
        name,
        database=database.name,
        role="public",
        object_type="database",
        privileges=[],
        # With its database it goes by itself; and of one that somebody dropped, nothing could be revoked.
        opts=ResourceOptions.merge(opts, ResourceOptions(deleted_with=database)),
    )


def template_closed(name: str, opts: ResourceOptions) -> postgresql.Grant:
    """Takes from everybody to connect to `template1`, of which PostgreSQL copies where nobody says of which: an idle
    session in it stops every such copy (PostgreSQL, src/backend/commands/dbcommands.c, createdb: CountOtherDBBackends).
    Whoever does it is a superuser: a managed server's is its vendor's.
    """
    return postgresql.Grant(name, database="template1", role="public", object_type="database", privileges=[], opts=opts)


@dataclass(frozen=True, kw_only=True)
class ProvisionerArgs:
    """The password of the role."""

    password: Input[str]


class Provisioner(ComponentResource):
    """The role with which tenants' roles and databases are made, so that nobody hands out the
    administrator's password; and the login that acts as it.

    Two roles: a change of a role takes it out of every other role, which PostgreSQL refuses to the one that made the
    tenants' roles. So that one has no password, which never changes.
    """

    role_name: Output[str]

    def __init__(self, name: str, args: ProvisionerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Provisioner", name, None, opts)
        role = postgresql.Role(
            f"{name}-role",
            name=PROVISIONER,
            create_database=True,
            create_role=True,
            # It is a member of each tenant's role; who is made one elsewhere is no drift here.
            opts=ResourceOptions(parent=self, ignore_changes=["roles"]),
        )
        login = postgresql.Role(
            f"{name}-login",
            name=PROVISIONER_LOGIN,
            login=True,
            password=secret(args.password),
            roles=[role.name],
            assume_role=role.name,
            # It also works in tenants' databases: a function there by the name of one of PostgreSQL's is not its own.
            search_paths=["pg_catalog"],
            opts=ResourceOptions(parent=self),
        )
        self.role_name = login.name
        self.register_outputs({"role_name": self.role_name})


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """On which server, for whom, and with which extensions. The provider of the server comes with the
    options.
    """

    server: DatabaseServer
    database: str
    extensions: Sequence[str] = ()
    connection_limit: int = CONNECTION_LIMIT
    protect: bool = True


class Database(ComponentResource):
    """A database with its owner: the only role that may connect to it."""

    host: Output[str]
    port: int
    tls: bool
    database_name: Output[str]
    user: Output[str]
    password: Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Database", name, None, opts)
        inside = ResourceOptions(parent=self)
        # Letters and digits: it also stands in URLs. A rebuild may have another one, so it is made here.
        password = random.RandomPassword(f"{name}-password", length=40, special=False, opts=inside)
        owner = postgresql.Role(
            f"{name}-owner",
            name=args.database,
            login=True,
            password=password.result,
            connection_limit=args.connection_limit,
            opts=inside,
        )
        lent = self._owners_rights(name, args.server, owner)
        database = postgresql.Database(
            f"{name}-database",
            name=args.database,
            owner=owner.name,
            encoding="UTF8",
            template="template0",
            # The server's own: which locales there are differs from vendor to vendor. A refresh reads which one it is,
            # and that must not look like a change: it can never be changed.
            lc_collate="DEFAULT",
            lc_ctype="DEFAULT",
            opts=ResourceOptions(
                parent=self, protect=args.protect, depends_on=lent, ignore_changes=["lcCollate", "lcCtype"]
            ),
        )
        closed = closed_to_public(
            # What was declared as closed before the owner's rights were lent was not: another name closes it anew.
            f"{name}-closed-as-owner" if lent else f"{name}-closed",
            database,
            ResourceOptions(parent=self, depends_on=lent),
        )
        extensions = [
            postgresql.Extension(
                f"{name}-{extension}",
                name=extension,
                database=database.name,
                opts=ResourceOptions(parent=self, depends_on=[closed], deleted_with=database),
            )
            for extension in args.extensions
        ]
        self.host, self.port, self.tls = args.server.host, args.server.port, args.server.tls
        # Whoever connects waits until the database is there, closed to others, and has its extensions.
        ready = Output.all(database.name, closed.id, *(extension.id for extension in extensions))
        self.database_name = ready.apply(lambda all_: str(all_[0]))
        self.user, self.password = owner.name, password.result
        self.register_outputs({"host": self.host, "database_name": self.database_name, "user": self.user})

    def _owners_rights(self, name: str, server: DatabaseServer, owner: postgresql.Role) -> list[Resource]:
        """Of an administrator who is no superuser: without them it can't close what another role owns.

        The database waits for them. While it is made, the provider takes the owner's role itself, where it has it not,
        and gives it back afterwards: also one that was granted meanwhile.
        """
        if server.admin_is_superuser:
            return []
        lent = postgresql.GrantRole(
            f"{name}-administered",
            role=server.admin_user,
            grant_role=owner.name,
            # The provider reads the first membership that it finds: the one, with the admin option, that PostgreSQL
            # gives to whoever makes a role.
            opts=ResourceOptions(parent=self, ignore_changes=["withAdminOption"]),
        )
        return [lent]
