"""The program of one tenant's stack: its steps, in order, and what others may know of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Input, ProviderResource, ResourceOptions

from apps.sdk import ServerAccess, apps_provider
from tenants.model import Tenant
from tenants.platform import Platform, Server
from tenants.secrets import TenantSecrets, derived_key
from tenants.silos import host_of
from tenants.steps.blobs import BlobContainer, BlobContainerArgs, azure_provider
from tenants.steps.database import Database, DatabaseArgs, postgres_provider
from tenants.steps.dns import Dns, DnsArgs, cloudflare_provider
from tenants.steps.domains import Domains, DomainsArgs, refused
from tenants.steps.knowledge import Knowledge, KnowledgeArgs
from tenants.tiers import told_limits

if TYPE_CHECKING:
    from settings import Settings

__all__ = ["program"]

_NAMESPACE = uuid.UUID("b6f2c0de-51c5-4a56-a5ab-6d1c9f0b7e11")


def program(
    tenant: Tenant, platform: Platform, secrets: TenantSecrets, settings: Settings | None = None
) -> Callable[[], None]:
    """What the engine runs. It exports `tenant`, in which no secret is. `settings`: the platform's, of which a tenant
    with instances of its own needs the host.
    """
    return _Declaration(tenant, platform, secrets, settings).declare


class _Declaration:
    """A tenant's steps. A suspended one has the same, with every door closed."""

    def __init__(self, tenant: Tenant, platform: Platform, secrets: TenantSecrets, settings: Settings | None) -> None:
        self._tenant, self._platform, self._secrets, self._settings = tenant, platform, secrets, settings
        self._is_open = tenant.state == "active"
        self._docker_provider: ProviderResource | None = None
        self._logins: dict[str, Mapping[str, Input[str]]] = {}
        """What the tenant's applications log in with, as it is put into its part of Vault."""

    def declare(self) -> None:
        """All of it."""
        platform, tenant = self._platform, self._tenant
        cloudflare = cloudflare_provider("cloudflare", self._secrets.cloudflare_token)
        apps = self._apps()
        known: dict[str, Any] = {
            "slug": tenant.slug,
            "rut": tenant.rut,
            "environment": platform.environment,
            "state": tenant.state,
            "database": self._database(apps),
        }
        if tenant.redis is not None:
            known["redis"] = self._redis()
        if tenant.isolation.n8n == "silo":
            known["n8n"] = self._n8n(apps)
        if platform.blobs is not None:
            known["blobs"] = self._blobs(cloudflare)
        if platform.vault is not None and self._secrets.vault is not None:
            known["vault"] = {"mount": self._vault(), "role": tenant.names.policy}
        known["domain"] = self._dns(cloudflare, known)
        known |= self._domains(cloudflare)
        pulumi.export("tenant", known)

    def _apps(self) -> ProviderResource:
        server, redis = self._platform.server, self._platform.redis
        return apps_provider(
            "apps",
            postgres=ServerAccess(
                host="127.0.0.1",
                port=server.local_port,
                user=server.login,
                password=self._secrets.provisioner_password,
                tls=server.sslmode == "require",
            ),
            redis=ServerAccess(
                host="127.0.0.1",
                port=redis.local_port,
                user=redis.login,
                password=self._secrets.redis_password,
            )
            if redis
            else None,
        )

    def _database(self, apps: ProviderResource) -> dict[str, Any]:
        server, names = self._platform.server, self._tenant.names
        self._postgres = postgres = postgres_provider("databases", server, self._secrets.provisioner_password)
        quotas = self._tenant.granted
        limits = told_limits(self._tenant.tier, quotas.database_connections, quotas.database_mb)
        database = Database(
            "database",
            DatabaseArgs(
                server=server,
                names=names,
                connections=quotas.database_connections,
                is_open=self._is_open,
                limits=limits,
            ),
            ResourceOptions(providers=[postgres, apps]),
        )
        knowledge = Knowledge(
            "knowledge",
            KnowledgeArgs(names=names, database=database.database_name),
            ResourceOptions(providers=[apps]),
        )
        self._logins["database"] = {
            "host": server.host,
            "database": database.database_name,
            "user": names.database,
            "password": database.password,
        }
        return {**_where(server), "name": database.database_name, "owner": names.database, "schema": knowledge.version}

    def _n8n(self, apps: ProviderResource) -> dict[str, Any]:
        """An n8n of its own. The SDKs that it needs are imported for those alone that have one."""
        from tenants.steps.n8n import SiloN8n, SiloN8nArgs

        owner_password = derived_key(self._secrets.root_key, "n8n owner password", self._tenant.rut)
        made = SiloN8n(
            "n8n",
            SiloN8nArgs(
                tenant=self._tenant,
                server=self._platform.server,
                settings=self._known_settings(),
                encryption_key=derived_key(self._secrets.root_key, "n8n encryption key", self._tenant.rut),
                owner_password=owner_password,
            ),
            ResourceOptions(providers=[self._postgres, apps, self._docker()]),
        )
        self._logins["n8n"] = {
            "url": made.url,
            "user": self._known_settings().operators.email,
            "password": pulumi.Output.secret(owner_password),
        }
        return {"url": made.url, "database": self._tenant.names.silo_database, "running": self._is_open}

    def _redis(self) -> dict[str, Any]:
        """A Redis of its own; its SDK is imported as n8n's is."""
        from tenants.steps.redis import TenantRedis, TenantRedisArgs

        names = self._tenant.names
        made = TenantRedis(
            "redis",
            TenantRedisArgs(tenant=self._tenant, settings=self._known_settings(), root_key=self._secrets.root_key),
            ResourceOptions(providers=[self._docker()]),
        )
        self._logins["redis"] = {
            "host": made.host,
            "port": str(made.port),
            "user": names.redis_user,
            "password": made.password,
            "prefix": names.redis_prefix,
        }
        return {"host": made.host, "user": names.redis_user, "prefix": names.redis_prefix}

    def _docker(self) -> ProviderResource:
        """Docker on the host where instances of tenants' own run: one provider for all of them."""
        from components.placements.docker import docker_provider

        if self._docker_provider is None:
            self._docker_provider = docker_provider("docker", host_of(self._known_settings()))
        return self._docker_provider

    def _known_settings(self) -> Settings:
        if self._settings is None:
            raise RuntimeError("unreachable: whoever runs a tenant with instances of its own knows the settings")
        return self._settings

    def _blobs(self, cloudflare: ProviderResource) -> dict[str, Any]:
        blobs = self._platform.blobs
        if blobs is None:
            raise RuntimeError("unreachable: asked for only where the platform has storage")
        provider = azure_provider("azure", blobs) if blobs.kind == "azure" else cloudflare
        name = f"{blobs.subscription_id}/{blobs.account}/{self._tenant.slug}"
        made = BlobContainer(
            "blobs",
            BlobContainerArgs(
                blobs=blobs,
                names=self._tenant.names,
                tags=self._tags(),
                role_assignment=str(uuid.uuid5(_NAMESPACE, name)),
                is_open=self._is_open,
            ),
            ResourceOptions(providers=[provider]),
        )
        return {"where": blobs.kind, "container": made.container}

    def _tags(self) -> dict[str, str]:
        """Whose a thing is, where the vendor has tags."""
        whose = {"system": self._platform.system, "environment": self._platform.environment}
        return {**whose, "tenant": self._tenant.slug, "managed-by": "pulumi"}

    def _vault(self) -> pulumi.Output[str]:
        from tenants.steps.vault import TenantVault, TenantVaultArgs, vault_provider

        reached, login = self._platform.vault, self._secrets.vault
        if reached is None or login is None:
            raise RuntimeError("unreachable: asked for only where the platform has Vault")
        return TenantVault(
            "vault",
            TenantVaultArgs(names=self._tenant.names, logins=self._logins, is_open=self._is_open),
            ResourceOptions(providers=[vault_provider("vault", reached, login)]),
        ).mount_path

    def _dns(self, cloudflare: ProviderResource, made: Mapping[str, Any]) -> pulumi.Output[str]:
        """Last, and waiting for all that was made: a name leads to what is there, and goes before what it leads to. A
        closed tenant's waits for nothing: it leads to the page that is always there, whatever else can't be reached.
        """
        platform, tenant = self._platform, self._tenant
        target = platform.edge_name if self._is_open else platform.holding_name
        waits_for = dict(made) if self._is_open else {}
        return Dns(
            "dns",
            DnsArgs(
                zone_id=platform.zone_id,
                domain=tenant.domain,
                target=pulumi.Output.from_input(waits_for).apply(lambda _: target),
                slug=tenant.slug,
            ),
            ResourceOptions(providers=[cloudflare]),
        ).domain

    def _domains(self, cloudflare: ProviderResource) -> dict[str, Any]:
        """Its own domains, and what waits for a human."""
        tenant, platform = self._tenant, self._platform
        if not tenant.domains:
            return {"pending": []}
        if not platform.custom_domains:
            return {"pending": refused(tenant.domains)}
        made = Domains(
            "domains",
            DomainsArgs(zone_id=platform.zone_id, domains=tenant.domains, target=tenant.domain),
            ResourceOptions(providers=[cloudflare]),
        )
        return {"domains": made.known, "pending": made.pending}


def _where(server: Server) -> dict[str, str]:
    return {"server": server.name, "host": server.host}
