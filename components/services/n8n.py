"""n8n, the workflow engine: one process, or one with workers. Its database is handed in, not created; of accounts it
makes the owner's alone.

What it keeps lies in the database, binary data included: the container can be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import RunsContainers
from components.services.context import ServiceContext, ServiceOutputs
from components.services.handed import HandedAccounts, Wires
from components.services.n8n_credentials import credential_overwrites
from components.services.n8n_owner import InstanceOwner
from components.services.n8n_queue import Queue, queue_of, with_runner, worker
from components.workload import Health, Volume, Workload
from settings import WebAddress
from settings.images import Image
from settings.services.n8n import N8n as N8nSettings

__all__ = ["SOURCES", "Connection", "N8n", "N8nArgs", "declare"]

_HOSTING = "https://docs.n8n.io/hosting"
_VARIABLES = f"{_HOSTING}/configuration/environment-variables"
_DEPRECATIONS = "n8n-io/n8n packages/cli/src/deprecation/deprecation.service.ts"

SOURCES: Mapping[str, str] = {
    "DB_*": f"{_VARIABLES}/database/",
    "N8N_DEFAULT_BINARY_DATA_MODE": f"{_VARIABLES}/binary-data/",
    "N8N_RUNNERS_*": f"{_VARIABLES}/task-runners/",
    "EXECUTIONS_MODE": f"{_VARIABLES}/executions/",
    "OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS": f"{_VARIABLES}/queue-mode/",
    "QUEUE_*": f"{_VARIABLES}/queue-mode/",
    "N8N_METRICS": f"{_VARIABLES}/endpoints/",
    "N8N_WEBHOOK_URL": _DEPRECATIONS,
    "N8N_COMPRESSION_NODE_*": _DEPRECATIONS,
    "N8N_UNVERIFIED_PACKAGES_ENABLED": _DEPRECATIONS,
    "N8N_INSTANCE_OWNER_*": "n8n-io/n8n packages/@n8n/config/src/configs/instance-settings-loader.config.ts",
    "N8N_SECURE_COOKIE": f"{_VARIABLES}/security/",
    "N8N_*": f"{_VARIABLES}/deployment/",
    "CREDENTIALS_OVERWRITE_*": f"{_VARIABLES}/credentials/",
    "GENERIC_TIMEZONE": f"{_VARIABLES}/timezone-localization/",
    "TZ": f"{_VARIABLES}/timezone-localization/",
    "port": f"{_VARIABLES}/deployment/ (N8N_PORT)",
    "volumes": f"{_HOSTING}/installation/docker/ (/home/node/.n8n)",
    "user": "n8n-io/n8n docker/images/n8n/Dockerfile (USER node); docker/images/runners/Dockerfile (USER runner, 1000)",
    "health": f"{_HOSTING}/logging-monitoring/monitoring/ (/healthz/readiness)",
}
"""Who says so: a variable, or a beginning of several; the port, the volumes, the health check."""


MIGRATION_S = 900


class Connection(Protocol):
    """A database, as n8n connects to it."""

    @property
    def host(self) -> Input[str]:
        """The host name of the database's server."""

    @property
    def port(self) -> int:
        """The port of the database's server, usually 5432."""

    @property
    def tls(self) -> bool:
        """Whether the server speaks TLS."""

    @property
    def database_name(self) -> Input[str]:
        """The name of the database."""

    @property
    def user(self) -> Input[str]:
        """The role that owns the database, with which n8n logs in."""

    @property
    def password(self) -> Input[str]:
        """The password of that role."""


@dataclass(frozen=True, kw_only=True)
class N8nArgs:
    """What n8n needs from the rest of the platform."""

    placement: RunsContainers
    image: Image
    database: Connection
    address: WebAddress
    wanted: N8nSettings
    encryption_key: Input[str]
    owner: InstanceOwner
    wires: Wires
    accounts: HandedAccounts
    queue: Queue | None = None


class N8n(ComponentResource):
    """A running n8n, reachable at `url`."""

    url: Output[str]

    def __init__(self, name: str, args: N8nArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:N8n", name, None, opts)
        main = _workload(args)
        if args.queue is None:
            running = args.placement.run(name, main, ResourceOptions(parent=self))
        else:
            running = args.placement.run(name, with_runner(main, args.queue), ResourceOptions(parent=self))
            # After it, for it brings the tables up to date.
            after = ResourceOptions(parent=self, depends_on=[running.resource])
            args.placement.run(f"{name}-worker", with_runner(worker(main, args.queue), args.queue), after)
        self.url = Output.from_input(running.url or args.address.url)
        self.register_outputs({"url": self.url})


def _workload(args: N8nArgs) -> Workload:
    address, url = args.address, f"{args.address.url}/"
    credentials = credential_overwrites(args.accounts)
    environment: dict[str, Input[str]] = {
        "DB_TYPE": "postgresdb",
        "DB_POSTGRESDB_HOST": args.database.host,
        "DB_POSTGRESDB_PORT": str(args.database.port),
        "DB_POSTGRESDB_DATABASE": args.database.database_name,
        "DB_POSTGRESDB_USER": args.database.user,
        "DB_POSTGRESDB_SSL_ENABLED": str(args.database.tls).lower(),
        "N8N_HOST": address.host,
        "N8N_PROTOCOL": address.scheme,
        "N8N_EDITOR_BASE_URL": url,
        "N8N_WEBHOOK_URL": url,
        "N8N_SECURE_COOKIE": str(address.tls).lower(),
        "N8N_PROXY_HOPS": str(address.proxies),
        "N8N_DEFAULT_BINARY_DATA_MODE": "database",
        "N8N_RUNNERS_MODE": "internal",
        # Community nodes are installed again at each start, for the folder they are in is scratch.
        "N8N_REINSTALL_MISSING_PACKAGES": "true",
        # Packages that n8n's vendor has looked at, and no others: what n8n 3 will have by itself.
        "N8N_UNVERIFIED_PACKAGES_ENABLED": "false",
        # Limits that n8n 3 changes, said so that an upgrade of n8n changes nothing here: how long code may run, in
        # seconds, and how much comes out of an archive, which must fit into the container's memory.
        "N8N_RUNNERS_TASK_TIMEOUT": "300",
        "N8N_COMPRESSION_NODE_MAX_DECOMPRESSED_SIZE_BYTES": str(256 * 1024 * 1024),
        "N8N_COMPRESSION_NODE_MAX_ZIP_ENTRIES": "1000",
        "N8N_DIAGNOSTICS_ENABLED": "false",
        # It asks api.n8n.io at each start which servers for MCP there are.
        "N8N_DISABLED_MODULES": "mcp-registry",
        # Nothing reads them, and on n8n's own port they would be everybody's.
        "N8N_METRICS": "false",
        "N8N_GRACEFUL_SHUTDOWN_TIMEOUT": "30",
        "GENERIC_TIMEZONE": args.wanted.timezone,
        "TZ": args.wanted.timezone,
        **args.owner.env,
        **args.wires.env,
        **credentials.env,
        **(args.queue.env if args.queue else {}),
    }
    return Workload(
        image=args.image.reference,
        port=args.wanted.port,
        hostname=address.host,
        # n8n listens before it migrates (packages/cli/src/commands/base-command.ts: server.init, then migrate), and is
        # ready after; a migration of a large database takes minutes (n8n-io/n8n#17190).
        health=Health(http_path="/healthz/readiness", start_s=MIGRATION_S, alive_path="/healthz", alive_s=300),
        cpu=args.wanted.cpu,
        memory_mb=args.wanted.memory_mb,
        env=environment,
        secrets={
            "N8N_ENCRYPTION_KEY": args.encryption_key,
            "DB_POSTGRESDB_PASSWORD": args.database.password,
            **args.owner.secrets,
            **(args.queue.secrets if args.queue else {}),
        },
        secret_files={**args.wires.secret_files, **credentials.secret_files},
        volumes=[Volume("data", "/home/node/.n8n", needs="scratch", size_mb=256)],
        user="1000:1000",
        writable_root_because="the runners and npm write outside of the home folder",
        access=["web", "data"],
        stop_timeout_s=45,
    )


def declare(ctx: ServiceContext, wanted: N8nSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    n8n = N8n(
        "n8n",
        N8nArgs(
            placement=ctx.placement(wanted.placement),
            image=ctx.settings.image("n8n"),
            database=ctx.database("n8n", wanted.database),
            address=ctx.settings.address("n8n"),
            wanted=wanted,
            encryption_key=ctx.secret("n8n_encryption_key"),
            owner=InstanceOwner(
                email=ctx.settings.operators.email,
                password=ctx.secret("n8n_owner_password"),
                salted_with=ctx.secret("n8n_encryption_key"),
            ),
            wires=ctx.wires("n8n"),
            accounts=ctx.accounts("n8n"),
            queue=queue_of(ctx, wanted, ctx.settings.image("n8n_runners")),
        ),
        ctx.inside(wanted.placement),
    )
    return ServiceOutputs(url=n8n.url)
