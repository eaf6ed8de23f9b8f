"""A tenant's own Redis as it is reached from here: by an SSH forward for as long as something is read or written.

Its operators' passwords are derived from the keyring: nothing has to be asked of a state or of Vault to get in.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from deploy.guards import NotReady
from deploy.target import RunTarget
from settings import Forward, Settings
from settings.tunnels import redis_address
from tenants.model import Tenant
from tenants.own_host import host_of
from tenants.secrets import derived_key

if TYPE_CHECKING:
    from tenants.archive.keys import KeysLogin, TenantKeys
    from tenants.session import PlatformSession

__all__ = ["SHARED_USER", "forward_of", "health_password", "keeper_password", "keys_of", "reached"]

KEEPER = "keeper"
SHARED_USER = "smarteros-apps:redis:AclUser"
"""The type of what a tenant of an earlier version has instead, on the Redis that was everybody's."""
REDIS_PORT = 6379


def keeper_password(root_key: str, tenant: Tenant) -> str:
    """Of whoever looks after it: archives, and the end of what never ends. Raises NotReady without a root."""
    return derived_key(root_key, "redis keeper", tenant.rut)


def health_password(root_key: str, tenant: Tenant) -> str:
    """Of its health check, which may do nothing else."""
    return derived_key(root_key, "redis health", tenant.rut)


def forward_of(settings: Settings, tenant: Tenant) -> Forward:
    """Where it is. The local port is whichever is free when it is opened."""
    if tenant.redis is None:
        raise RuntimeError(f"unreachable: {tenant.slug} has no Redis of its own")
    host = host_of(settings)
    return Forward(tenant.names.redis, 0, host.name, redis_address(host, tenant.redis.place), REDIS_PORT)


@contextlib.contextmanager
def reached(place: RunTarget, settings: Settings, root_key: str, tenant: Tenant) -> Iterator[KeysLogin]:
    """How the keeper logs in, for the block. Raises NotReady when its host can't be reached."""
    from hosts.ssh import SshProblem
    from hosts.tunnel import TunnelProblem, open_forwards
    from tenants.archive.keys import KeysLogin

    forward = replace(forward_of(settings, tenant), local_port=_free_port())
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(open_forwards([forward], settings.remote_hosts, config=place.ssh_config))
        except (SshProblem, TunnelProblem) as problem:
            raise NotReady(str(problem)) from None
        password = keeper_password(root_key, tenant)
        yield KeysLogin(port=forward.local_port, user=KEEPER, password=password)


@contextlib.contextmanager
def keys_of(session: PlatformSession, tenant: Tenant) -> Iterator[TenantKeys | None]:
    """Its keys; None of a tenant that has no Redis."""
    if tenant.redis is None:
        yield None
        return
    from tenants.archive.keys import TenantKeys

    with reached(session.place, session.settings, session.secrets.root_key, tenant) as login:
        yield TenantKeys(login, tenant.names)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
