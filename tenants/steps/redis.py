"""The tenant's user in the Redis that everybody shares: its own keys and channels, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_random as random
from pulumi import ComponentResource, Output, ResourceOptions

from apps.sdk import AclUser
from tenants.names import TenantNames

__all__ = ["RedisUser", "RedisUserArgs"]


@dataclass(frozen=True, kw_only=True)
class RedisUserArgs:
    """The tenant's names, and whether its door is open. The provider of `apps` comes with the options."""

    names: TenantNames
    is_open: bool


class RedisUser(ComponentResource):
    """The user and its password. While it is closed, keys and password stay as they are."""

    user: Output[str]
    password: Output[str]

    def __init__(self, name: str, args: RedisUserArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:RedisUser", name, None, opts)
        password = random.RandomPassword(
            f"{name}-password", length=40, special=False, opts=ResourceOptions(parent=self)
        )
        # Its keys go with it, so it is protected as what holds data is.
        user = AclUser(
            f"{name}-user",
            user=args.names.redis_user,
            password=password.result,
            prefix=args.names.redis_prefix,
            enabled=args.is_open,
            opts=ResourceOptions(parent=self, protect=True),
        )
        self.user = user.id.apply(lambda _: args.names.redis_user)
        self.password = password.result
        self.register_outputs({"user": self.user})
