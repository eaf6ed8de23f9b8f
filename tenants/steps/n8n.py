"""The tenant's own n8n: a container on the platform's host, a database and an encryption key that nobody shares.

The same component and the same placement as the platform's n8n, in networks that are there already. It answers under
the tenant's name in the zone, which leads to the host's reverse proxy. It is handed no account and no wire of the
platform's: its workflows share nothing. While the tenant is suspended there is no container; database and key stay.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements.docker import DockerHost, DockerHostArgs, Guest
from components.secrecy import secret
from components.services.n8n import N8n, N8nArgs
from components.services.n8n_owner import InstanceOwner
from components.services.surroundings import HandedAccounts, Wires
from settings import Settings
from settings.services import N8n as N8nSettings
from tenants.model import Tenant
from tenants.platform import Server
from tenants.silos import host_of
from tenants.steps.database import Database, DatabaseArgs
from tenants.tiers import SILO_SIZES, told_limits

__all__ = ["SiloN8n", "SiloN8nArgs"]


@dataclass(frozen=True, kw_only=True)
class SiloN8nArgs:
    """Whose, on which database server, and the platform's settings. The providers come with the options: of the
    server, of `apps` and of Docker.
    """

    tenant: Tenant
    server: Server
    settings: Settings
    encryption_key: str = field(repr=False)
    owner_password: str = field(repr=False)
    """Of the owner of its n8n, operators.email: nobody else may be the first to come."""
    """Another one makes every credential unreadable that is stored in this n8n: it comes of the keyring, not of a
    state that may be lost.
    """


@dataclass(frozen=True, kw_only=True)
class _Connection:
    host: str
    port: int
    tls: bool
    database_name: Input[str]
    user: str
    password: Input[str]


class SiloN8n(ComponentResource):
    """Database and container."""

    url: Output[str]

    def __init__(self, name: str, args: SiloN8nArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:SiloN8n", name, None, opts)
        tenant, names, settings = args.tenant, args.tenant.names, args.settings
        size, is_open = SILO_SIZES[tenant.tier], tenant.state == "active"
        database = Database(
            f"{name}-database",
            DatabaseArgs(
                server=args.server,
                names=names,
                connections=size.connections,
                is_open=is_open,
                limits=told_limits(tenant.tier, size.connections, tenant.granted.database_mb),
                called=names.silo_database,
            ),
            ResourceOptions(parent=self),
        )
        address = settings.named_address(tenant.domain)
        if is_open:
            self._run(args, database)
        self.url = database.database_name.apply(lambda _: address.url)
        self.register_outputs({"url": self.url})

    def _run(self, args: SiloN8nArgs, database: Database) -> None:
        tenant, names, settings = args.tenant, args.tenant.names, args.settings
        size, host = SILO_SIZES[tenant.tier], host_of(settings)
        inside = ResourceOptions(parent=self)
        place = DockerHost(
            f"{names.silo}-host",
            DockerHostArgs(settings=settings, host=host, guest=Guest({"smarteros.tenant": tenant.slug})),
            inside,
        )
        wanted = N8nSettings.model_validate(
            {
                "placement": {"where": "docker", "host": host.name},
                "hostname": tenant.slug,
                "database": args.server.name,
                "cpu": size.cpu,
                "memoryMb": size.memory_mb,
                "timezone": tenant.timezone,
            }
        )
        N8n(
            names.silo,
            N8nArgs(
                placement=place,
                image=settings.image("n8n"),
                database=_Connection(
                    host=args.server.host,
                    port=5432,
                    tls=args.server.sslmode == "require",
                    database_name=database.database_name,
                    user=names.silo_database,
                    password=database.password,
                ),
                address=settings.named_address(tenant.domain),
                wanted=wanted,
                encryption_key=secret(args.encryption_key),
                owner=InstanceOwner(
                    email=settings.operators.email,
                    password=secret(args.owner_password),
                    salted_with=secret(args.encryption_key),
                ),
                wires=Wires(plain={}, keys={}, private_networks=()),
                accounts=HandedAccounts(plain={}, keys={}),
            ),
            inside,
        )
