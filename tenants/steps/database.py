"""The tenant's database and the role that owns it: the only one of all tenants that may connect.

Made with the provisioner's login, never the administrator's. The database is a copy of the platform's template, which
has the extensions that only an administrator may install. What is in it is the applications' own business.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_postgresql as postgresql
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ProviderResource, ResourceOptions

from apps.sdk import Sessions
from settings.postgres import TENANT_CONNECTIONS
from tenants.names import TenantNames
from tenants.platform import Server

__all__ = ["Database", "DatabaseArgs", "postgres_provider"]


def postgres_provider(name: str, server: Server, password: Input[str]) -> ProviderResource:
    """The server, as its provisioner, by the SSH forward on this machine."""
    return postgresql.Provider(
        name,
        host="127.0.0.1",
        port=server.local_port,
        username=server.login,
        password=Output.secret(password),
        sslmode=server.sslmode,
        superuser=False,
        connect_timeout=15,
        max_connections=TENANT_CONNECTIONS,
    )


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
    """What the role may use, for the guard of the server (tenants.tiers.told_limits)."""
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
