"""The tenant's own n8n: a container on the platform's host, a database and an encryption key that nobody shares.

The same component and the same placement as the platform's n8n, in networks that are there already. It answers under
the tenant's name in the zone, which leads to the host's reverse proxy. It is handed no account and no wire of the
platform's: its workflows share nothing. While the tenant is suspended there is no container; database and key stay.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi import ComponentResource, Input, Output, ResourceOptions

from settings import Settings
from tenants.documented import Documented, Has, Isolated, Kept
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.own_host import host_of, refuse_no_silo
from tenants.platform import Server
from tenants.residue.databases import databases_left
from tenants.residue.hosts import LABELLED
from tenants.secrets import derived_key
from tenants.steps.database import Database, DatabaseArgs, StoredDatabase, tenant_database
from tenants.steps.step import (
    ArchivedPart,
    ClosedDirectly,
    DirectDoor,
    PartStore,
    Search,
    Step,
    StepContext,
    StepOutputs,
)
from tenants.tiers import SILO_SIZES, limits_comment

if TYPE_CHECKING:
    from components.placements.docker import DockerHost
    from settings.services.n8n import N8n as N8nSettings
    from tenants.session import PlatformSession

__all__ = ["FILE", "STEP", "SiloN8n", "SiloN8nArgs"]

FILE = "n8n.sql"
CONTAINER = "docker:index/container:Container"


@dataclass(frozen=True, kw_only=True)
class SiloN8nArgs:
    """Whose, on which database server, and the platform's settings. The providers come with the options: of the
    server, of `apps` and of Docker.
    """

    tenant: Tenant
    server: Server
    settings: Settings
    encryption_key: str = field(repr=False)
    """Another one makes every credential unreadable that is stored in this n8n: it comes of the keyring, not of a
    state that may be lost.
    """
    owner_password: str = field(repr=False)
    """Of the owner of its n8n, operators.email: nobody else may be the first to come."""


@dataclass(frozen=True, kw_only=True)
class _Connection:
    host: str
    port: int
    tls: bool
    database_name: Input[str]
    user: str
    password: Input[str]


class SiloN8n(ComponentResource):
    """An n8n of the tenant's own: its database, its container, its owner."""

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
                limits=limits_comment(tenant.tier, size.connections, tenant.granted.database_mb),
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
        # Those who have one pay for the import.
        from components.secrecy import secret
        from components.services.handed import HandedAccounts, Wires
        from components.services.n8n import N8n, N8nArgs
        from components.services.n8n_owner import InstanceOwner

        names, settings = args.tenant.names, args.settings
        N8n(
            names.silo,
            N8nArgs(
                placement=self._placement(args),
                image=settings.image("n8n"),
                database=_Connection(
                    host=args.server.host,
                    port=5432,
                    tls=args.server.sslmode == "require",
                    database_name=database.database_name,
                    user=names.silo_database,
                    password=database.password,
                ),
                address=settings.named_address(args.tenant.domain),
                wanted=_wanted(args),
                encryption_key=secret(args.encryption_key),
                owner=InstanceOwner(
                    email=settings.operators.email,
                    password=secret(args.owner_password),
                    salted_with=secret(args.encryption_key),
                ),
                wires=Wires(plain={}, keys={}, private_networks=()),
                accounts=HandedAccounts(plain={}, keys={}),
            ),
            ResourceOptions(parent=self),
        )

    def _placement(self, args: SiloN8nArgs) -> DockerHost:
        from components.placements.docker import DockerHost, DockerHostArgs, Guest

        guest = Guest({"smarteros.tenant": args.tenant.slug})
        host = DockerHostArgs(settings=args.settings, host=host_of(args.settings), guest=guest)
        return DockerHost(f"{args.tenant.names.silo}-host", host, ResourceOptions(parent=self))


def _wanted(args: SiloN8nArgs) -> N8nSettings:
    """As the platform's n8n is set, with the size of the tenant's tier."""
    from settings.services.n8n import N8n as N8nSettings

    tenant, size = args.tenant, SILO_SIZES[args.tenant.tier]
    return N8nSettings.model_validate(
        {
            "placement": {"where": "docker", "host": host_of(args.settings).name},
            "hostname": tenant.slug,
            "database": args.server.name,
            "cpu": size.cpu,
            "memoryMb": size.memory_mb,
            "timezone": tenant.timezone,
        }
    )


def _declare(ctx: StepContext) -> StepOutputs:
    tenant, root_key, providers = ctx.tenant, ctx.secrets.root_key, ctx.providers
    if not _has_one(tenant):
        return StepOutputs()
    owner_password = derived_key(root_key, "n8n owner password", tenant.rut)
    made = SiloN8n(
        "n8n",
        SiloN8nArgs(
            tenant=tenant,
            server=ctx.platform.server,
            settings=ctx.settings,
            encryption_key=derived_key(root_key, "n8n encryption key", tenant.rut),
            owner_password=owner_password,
        ),
        ResourceOptions(providers=[providers.postgres, providers.apps, providers.docker]),
    )
    login: dict[str, Input[str]] = {
        "url": made.url,
        "user": ctx.settings.operators.email,
        "password": Output.secret(owner_password),
    }
    known = {"url": made.url, "database": tenant.names.silo_database, "running": ctx.is_open}
    return StepOutputs(known={"n8n": known}, logins={"n8n": login})


def _has_one(tenant: Tenant) -> bool:
    return tenant.isolation.n8n == "silo"


def _silo_database(names: TenantNames) -> str:
    return names.silo_database


def _silo(names: TenantNames) -> str:
    return names.silo


@contextlib.contextmanager
def _reached(session: PlatformSession, tenant: Tenant) -> Iterator[PartStore | None]:
    """What is encrypted in it opens under any slug: its key follows from the company's RUT."""

    if not _has_one(tenant):
        yield None
        return
    yield StoredDatabase(tenant_database(session, tenant.names.silo_database), lambda found: {"n8n": found.digest})


def _refuse(settings: Settings, tenant: Tenant) -> None:
    if _has_one(tenant):
        refuse_no_silo(settings)


def _left_running(_session: PlatformSession, tenant: Tenant, types: frozenset[str]) -> Iterator[DirectDoor]:
    if _has_one(tenant) and CONTAINER in types:
        why = "the container of its n8n runs on; without its name and, where that is closed, its database"
        yield DirectDoor(name="n8n-container", why=why)


_DOCUMENTED = Documented(
    has=(
        Has(
            where="The host, for those with an n8n of their own",
            what="a container, and a database with its role",
            called="`t-<slug>-n8n`; `n8n_<slug>`, hyphens as `_`",
            made_with="SSH; the provisioner's login",
        ),
    ),
    kept=(
        Kept(
            what="n8n of its own: workflows, credentials, executions",
            isolated_by="own instance, database and key",
            export="exactly, at one moment; the key is derived, and in no archive",
            restore="exactly, compared by checksums",
            erase="at once",
        ),
    ),
    isolated=(
        Isolated(
            what="n8n",
            pool="not at all (Community has no projects)",
            silo="instance, database, key",
            isolated="exactly, in a silo",
            exported="exactly, in a silo",
            restored="exactly, in a silo",
            erased="exactly, in a silo",
        ),
    ),
)

STEP = Step(
    name="n8n",
    declare=_declare,
    names={"PostgreSQL": _silo_database, "Docker": _silo},
    doors={"n8n": "its n8n", "t-.*-n8n": "its n8n"},
    open_while_there={CONTAINER: ".*-n8n"},
    closed_directly=ClosedDirectly(types=("docker:", "pulumi:providers:docker"), doors=_left_running),
    owners=lambda names: (names.silo_database,),
    # No entry: in archives its login is among what applications wrote, and it is made as wanted after an import.
    searches=(Search("PostgreSQL, its n8n's", databases_left(_silo_database)), LABELLED),
    archived=ArchivedPart(file=FILE, reached=_reached, field="n8n"),
    instance_of="n8n",
    memory_mb=lambda tenant: SILO_SIZES[tenant.tier].memory_mb if _has_one(tenant) else 0,
    refuse=_refuse,
    documented=_DOCUMENTED,
)
