"""The guard of tenants' database server: ends what goes over a tenant's limits, and closes who fills the disk.

PostgreSQL's own limits of time can be lifted by whoever they bind (SET, ALTER ROLE, ALTER DATABASE), and it knows none
of disk. So somebody else looks, every few seconds: a container with psql, whose role may call two functions and do
nothing else. The functions are the provisioner's, in a database of their own (provider/migrations/guard): they reach
the sessions of tenants alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_postgresql as postgresql
import pulumi_random as random
from pulumi import ComponentResource, Output, Resource, ResourceOptions

from components.placements import DatabaseServer, RunsContainers
from components.secrecy import secret
from components.services.context import ServiceContext, ServiceOutputs
from components.services.postgres import PROVISIONER, closed_to_public
from components.workload import Health, Volume, Workload
from provider.migration_files import latest
from provider.sdk import Migrations, ServerAccess, apps_provider
from settings.images import Image
from settings.services.guard import Guard as GuardSettings

__all__ = ["DATABASE", "ROLE", "SOURCES", "START", "Guard", "GuardArgs", "declare"]

SOURCES: Mapping[str, str] = {
    "PG*": "https://www.postgresql.org/docs/17/libpq-envars.html",
    "pgpass": "https://www.postgresql.org/docs/17/libpq-pgpass.html",
    "volumes": "ours: /tmp holds the time of the last look",
    "user": "docker-library/postgres 17/bookworm/Dockerfile (useradd 999)",
    "health": "ours: the last look, /tmp/seen, is less than a minute old",
}
DATABASE = ROLE = "smarteros_guard"
CONNECTIONS = 3
EVERY_S, WEIGHED_EVERY = 5, 6
"""How often it looks at sessions, and how many looks pass between two at the disk."""
PASSWORD_FILE = "pgpass"  # noqa: S105 - a file's name
SEEN = "/tmp/seen"  # noqa: S108 - inside the container

START = rf"""
set -eu
look=0
while :; do
  echo "SELECT guard.sweep();"
  [ $((look % {WEIGHED_EVERY})) -ne 0 ] || echo "SELECT guard.weigh();"
  echo "\! touch {SEEN}"
  look=$((look + 1))
  sleep {EVERY_S}
done | exec psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1
""".strip()
"""One connection that stays: a server without a free one is looked at all the same. When it ends, so does the
container, and Docker starts it again.
"""


@dataclass(frozen=True, kw_only=True)
class GuardArgs:
    """Which server, who may make tenants' roles on it, and where the container runs. The providers of the server, of
    `apps` and of the place come with the options.
    """

    server: DatabaseServer
    provisioner: Resource
    placement: RunsContainers
    image: Image
    wanted: GuardSettings
    protect: bool


class Guard(ComponentResource):
    """The guard of one database server: its role, its functions there, and the container that calls them."""

    host: Output[str]

    def __init__(self, name: str, args: GuardArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Guard", name, None, opts)
        inside = ResourceOptions(parent=self)
        password = random.RandomPassword(f"{name}-password", length=40, special=False, opts=inside)
        role = postgresql.Role(
            f"{name}-role",
            name=ROLE,
            login=True,
            password=password.result,
            connection_limit=CONNECTIONS,
            search_paths=["pg_catalog"],
            opts=inside,
        )
        functions = self._functions(name, args, role)
        running = args.placement.run(
            name,
            _workload(args, password.result),
            ResourceOptions(parent=self, depends_on=[functions]),
        )
        self.host = running.host
        self.register_outputs({"host": self.host})

    def _functions(self, name: str, args: GuardArgs, role: postgresql.Role) -> Resource:
        """In a database that is the provisioner's, to which the guard may connect, and nobody else."""
        after: list[Resource] = [args.provisioner, *self._owners_rights(name, args)]
        database = postgresql.Database(
            f"{name}-database",
            name=DATABASE,
            owner=PROVISIONER,
            encoding="UTF8",
            template="template0",
            lc_collate="DEFAULT",
            lc_ctype="DEFAULT",
            # What it holds is made anew by looking.
            opts=ResourceOptions(
                parent=self, protect=args.protect, depends_on=after, ignore_changes=["lcCollate", "lcCtype"]
            ),
        )
        closed = closed_to_public(f"{name}-closed", database, ResourceOptions(parent=self))
        let_in = postgresql.Grant(
            f"{name}-let-in",
            database=database.name,
            role=role.name,
            object_type="database",
            privileges=["CONNECT"],
            opts=ResourceOptions(parent=self, depends_on=[closed], deleted_with=database),
        )
        return Migrations(
            f"{name}-functions",
            database=database.name,
            role=PROVISIONER,
            set_name="guard",
            version=latest("guard"),
            opts=ResourceOptions(parent=self, depends_on=[let_in], deleted_with=database),
        )

    def _owners_rights(self, name: str, args: GuardArgs) -> list[Resource]:
        """Of an administrator who is no superuser, as a service's database has them (components.services.postgres)."""
        if args.server.admin_is_superuser:
            return []
        return [
            postgresql.GrantRole(
                f"{name}-administered",
                role=args.server.admin_user,
                grant_role=PROVISIONER,
                opts=ResourceOptions(parent=self, depends_on=[args.provisioner], ignore_changes=["withAdminOption"]),
            )
        ]


def _workload(args: GuardArgs, password: Output[str]) -> Workload:
    server = args.server
    (size,) = args.wanted.footprint("guard")
    return Workload(
        image=args.image.reference,
        port=None,
        health=Health(command=["CMD-SHELL", f"find {SEEN} -mmin -1 | grep -q ."], interval_s=10, start_s=60),
        cpu=size.cpu,
        memory_mb=size.memory_mb,
        command=["sh", "-c", START],
        env={
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGUSER": ROLE,
            "PGDATABASE": DATABASE,
            "PGSSLMODE": "require" if server.tls else "disable",
            "PGPASSFILE": f"{Workload.SECRETS_FOLDER}/{PASSWORD_FILE}",
            "PGAPPNAME": "guard",
            "PGCONNECT_TIMEOUT": "10",
            # Nothing that somebody locks may hold it.
            "PGOPTIONS": "-c lock_timeout=2s -c statement_timeout=30s",
        },
        secret_files={PASSWORD_FILE: secret(Output.concat("*:*:*:*:", password))},
        volumes=[Volume("tmp", "/tmp", needs="scratch", size_mb=8)],  # noqa: S108 - inside the container
        user="999:999",
        read_only_root=True,
        # A managed server is outside of the host, and `data` has no way out.
        access=["web" if server.tls else "data"],
        stop_timeout_s=10,
    )


def declare(ctx: ServiceContext, wanted: GuardSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    server = ctx.servers[wanted.database]
    access = ServerAccess(
        host="127.0.0.1",
        port=server.local_port,
        user=server.admin_user,
        password=ctx.settings.secrets.database_admin_passwords[wanted.database],
        tls=server.tls,
    )
    apps = apps_provider(
        "guard-apps", postgres=access, opts=ResourceOptions(parent=ctx.system, depends_on=[server.resource])
    )
    args = GuardArgs(
        server=server,
        provisioner=ctx.provisioners[wanted.database],
        placement=ctx.placement(wanted.placement),
        image=ctx.settings.image("postgres"),
        wanted=wanted,
        protect=ctx.settings.protect,
    )
    Guard("guard", args, ctx.inside(wanted.placement, ctx.administrators[wanted.database], apps))
    return ServiceOutputs()
