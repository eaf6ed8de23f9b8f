"""The resources as a program declares them. Their inputs are those of the types; see each type's own module."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pulumi import CustomResource, Input, Output, ProviderResource, ResourceOptions

__all__ = ["Migrations", "ServerAccess", "Sessions", "apps_provider"]

_VERSION = "1.0.0"


@dataclass(frozen=True, kw_only=True)
class ServerAccess:
    """Where a server is, and who logs in there."""

    host: str
    port: int
    user: str
    password: Input[str]
    tls: bool = False

    def as_secret(self) -> Output[str]:
        """As the provider takes it."""
        facts = {"host": self.host, "port": self.port, "user": self.user, "tls": self.tls}
        return Output.secret(self.password).apply(lambda password: json.dumps({**facts, "password": password}))


def apps_provider(
    name: str,
    *,
    postgres: ServerAccess | None = None,
    redis: ServerAccess | None = None,
    opts: ResourceOptions | None = None,
) -> ProviderResource:
    """The provider, with the servers that it may reach."""
    access = {"postgres": postgres, "redis": redis}
    inputs = {key: one.as_secret() for key, one in access.items() if one is not None}
    return ProviderResource(
        "smarteros-apps", name, inputs, ResourceOptions.merge(opts, ResourceOptions(version=_VERSION))
    )


class Migrations(CustomResource):
    """The schema of a database, up to the newest of a set of files (provider.migrations)."""

    def __init__(
        self, name: str, *, database: Input[str], role: Input[str], set_name: str, version: str, opts: ResourceOptions
    ) -> None:
        inputs = {"database": database, "role": role, "set": set_name, "version": version}
        super().__init__("smarteros-apps:postgres:Migrations", name, inputs, opts)


class Sessions(CustomResource):
    """The open sessions of a role, ended while it may have none; that its password is this one; and what it may use
    (provider.sessions).
    """

    def __init__(
        self,
        name: str,
        *,
        role: Input[str],
        allowed: bool,
        opts: ResourceOptions,
        password: Input[str] = "",
        limits: str = "",
    ) -> None:
        inputs = {"role": role, "allowed": allowed, "password": Output.secret(password), "limits": limits}
        super().__init__("smarteros-apps:postgres:Sessions", name, inputs, opts)
