"""The vendors' providers that several steps of a tenant use, each made when the first asks for it.

Each is a resource of the tenant's stack, with a name that stays. A provider that one step alone uses is that step's.
"""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from pulumi import Input, Output, ProviderResource, ResourceOptions

from settings.postgres import TENANT_CONNECTIONS
from tenants.platform import Platform, Server
from tenants.secrets import TenantSecrets

if TYPE_CHECKING:
    from settings import Settings

__all__ = ["Providers", "cloudflare_provider", "postgres_provider"]


def cloudflare_provider(name: str, api_token: Input[str]) -> ProviderResource:
    """Cloudflare, with the token of the platform. By its name: the vendor's SDK takes a second to import."""
    return ProviderResource(
        "cloudflare",
        name,
        {"apiToken": Output.secret(api_token)},
        ResourceOptions(version=version("pulumi-cloudflare")),
    )


def postgres_provider(name: str, server: Server, password: Input[str]) -> ProviderResource:
    """The server, as its provisioner, by the SSH forward on this machine."""
    import pulumi_postgresql as postgresql

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


class Providers:
    """Those of one tenant's stack."""

    def __init__(self, platform: Platform, secrets: TenantSecrets, settings: Settings | None) -> None:
        self._platform, self._secrets, self._settings = platform, secrets, settings

    @cached_property
    def cloudflare(self) -> ProviderResource:
        """Cloudflare."""
        return cloudflare_provider("cloudflare", self._secrets.cloudflare_token)

    @cached_property
    def postgres(self) -> ProviderResource:
        """The tenants' database server."""
        return postgres_provider("databases", self._platform.server, self._secrets.provisioner_password)

    @cached_property
    def apps(self) -> ProviderResource:
        """What has no vendor's resource: sessions and schemas of PostgreSQL."""
        from provider.sdk import ServerAccess, apps_provider

        server, redis, secrets = self._platform.server, self._platform.redis, self._secrets
        return apps_provider(
            "apps",
            postgres=ServerAccess(
                host="127.0.0.1",
                port=server.local_port,
                user=server.login,
                password=secrets.provisioner_password,
                tls=server.sslmode == "require",
            ),
            redis=ServerAccess(
                host="127.0.0.1", port=redis.local_port, user=redis.login, password=secrets.redis_password
            )
            if redis
            else None,
        )

    @cached_property
    def docker(self) -> ProviderResource:
        """Docker on the host where instances of tenants' own run."""
        from components.placements.docker import docker_provider
        from tenants.own_host import host_of

        if self._settings is None:
            raise RuntimeError("unreachable: whoever runs a tenant with instances of its own knows the settings")
        return docker_provider("docker", host_of(self._settings))
