"""What a tenant uses of what its tier grants: disk and connections, as its database server counts them.

The same figures that the guard of the server judges by (provider/migrations/guard). Asked as the provisioner, whom the
server shows everybody's sessions by name; where it can't be asked in time, nothing is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

from deploy import guards
from deploy.bounded import within
from deploy.guards import NotReady
from deploy.target import RunTarget
from tenants.model import Tenant
from tenants.platform import Platform, platform_of
from tenants.tiers import SILO_SIZES

__all__ = ["ASKED_S", "Used", "usage_of"]

ASKED_S = 10.0
_USED: LiteralString = """
SELECT d.datname, pg_database_size(d.oid) / 1048576, (SELECT count(*) FROM pg_stat_activity WHERE usesysid = d.datdba)
FROM pg_database d WHERE d.datname = ANY(%s)
"""
"""Sizes are told to whoever has a database's owner's rights, which the provisioner has."""


@dataclass(frozen=True, kw_only=True)
class Used:
    """Of one database."""

    database: str
    mb: int
    quota_mb: int
    connections: int
    quota_connections: int

    @property
    def facts(self) -> dict[str, object]:
        """For machines."""
        filled = {"databaseMb": self.mb, "databaseMbQuota": self.quota_mb}
        return {**filled, "connections": self.connections, "connectionsQuota": self.quota_connections}

    def __str__(self) -> str:
        return (
            f"{self.database}: {self.mb} of {self.quota_mb} MB, "
            f"{self.connections} of {self.quota_connections} connections"
        )


def usage_of(
    place: RunTarget, stack: str, tenant: Tenant, say: Callable[[str], None], seconds: float = ASKED_S
) -> list[Used]:
    """Of each of its databases; nothing where the server can't be asked within that time."""
    try:
        return within(seconds, lambda: _asked(place, stack, tenant, say)) or []
    except NotReady:
        return []


def _asked(place: RunTarget, stack: str, tenant: Tenant, say: Callable[[str], None]) -> list[Used]:
    from age_keyring import Keyring, KeyringError, identity_from_environment
    from settings import keyring_file

    platform = platform_of(place, stack)
    try:
        keyring = Keyring.open(keyring_file(place.environ), identity_from_environment(place.environ))
        password = keyring.get(f"{stack}/databaseProvisionerPasswords/{platform.server.name}")
    except KeyringError as error:
        raise NotReady(str(error)) from None
    with guards.tunnel_open(place, guards.settings_of(place, stack), say):
        rows = _rows(platform, password, list(_granted(tenant)))
    granted = _granted(tenant)
    return [
        Used(
            database=name, mb=mb, quota_mb=granted[name][0], connections=connections, quota_connections=granted[name][1]
        )
        for name, mb, connections in rows
    ]


def _granted(tenant: Tenant) -> dict[str, tuple[int, int]]:
    """Database → MB and connections, as its role's comment says them."""
    names, quotas = tenant.names, tenant.granted
    found = {names.database: (quotas.database_mb, quotas.database_connections)}
    if tenant.isolation.n8n == "silo":
        found[names.silo_database] = (quotas.database_mb, SILO_SIZES[tenant.tier].connections)
    return found


def _rows(platform: Platform, password: str, names: list[str]) -> list[tuple[str, int, int]]:
    import psycopg

    from provider.time_limits import connected

    server = platform.server
    where = {"host": "127.0.0.1", "port": server.local_port, "user": server.login, "password": password}
    try:
        with connected({**where, "dbname": "postgres", "sslmode": server.sslmode}) as connection:
            found = connection.execute(_USED, (names,)).fetchall()
    except psycopg.Error as error:
        raise NotReady(f"{server.name} can't be asked: {type(error).__name__}") from None
    return sorted((str(name), int(mb), int(connections)) for name, mb, connections in found)
