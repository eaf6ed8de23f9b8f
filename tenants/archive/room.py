"""Whether what an archive holds has room where it is to go, asked before anything of it is made.

A server tells nobody but its host how much of its disk is free. So what can be known is compared: the disk of the
server as the settings have it, without what its databases fill, as far as the provisioner may weigh them. Against the
tenant's quota it is only warned of: its guard warns and closes by what is filled then, which may be less, since numbers
are longer as text and long texts are kept packed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, LiteralString

from kept.say import Say
from tenants.archive.manifest import ArchiveBroken, Part

if TYPE_CHECKING:
    from settings import Settings
    from tenants.model import Tenant
    from tenants.session import PlatformSession

__all__ = ["least_mb", "refuse_no_room_on_disk"]

_MB = 1024 * 1024
_DUMP = ".sql"
"""How the file of a step ends that goes into a database."""
_TEXT_AS_BINARY = 4
"""How many times as long as in the database a row of numbers is in an archive, at most."""
_FILLED: LiteralString = """
SELECT COALESCE(sum(pg_database_size(oid)), 0) / 1048576 FROM pg_database
WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
"""


def least_mb(parts: Mapping[str, Part]) -> int:
    """How much of it will be in databases, at the very least."""
    return sum(one.size for name, one in parts.items() if name.endswith(_DUMP)) // _TEXT_AS_BINARY // _MB


def refuse_no_room_on_disk(session: PlatformSession, tenant: Tenant, parts: Mapping[str, Part], say: Say) -> None:
    """Raises ArchiveBroken. Of a server that can't be asked, the import itself says so."""
    needed, quota = least_mb(parts), tenant.granted.database_mb
    if needed > quota:
        say(
            f"warning: its databases will fill {needed} MB at least, and the quota of {tenant.slug} is {quota} MB "
            "(quotas/databaseMb): the guard closes it then"
        )
    name = session.platform.server.name
    disk, filled = disk_mb(session.settings, name), _filled(session)
    if filled is not None and filled + needed > disk:
        raise ArchiveBroken(
            f"its databases will fill {needed} MB at least, and of the {disk} MB of the server {name} the databases "
            f"that are there fill {filled} MB. Nothing was made. Fix: more disk (storageGb, or the host's diskGb)"
        )


def disk_mb(settings: Settings, server: str) -> int:
    """Its own; of one that has none, its machine's."""
    place = settings.database_server(server).placement
    own = place.own_disk_gb
    return (own if own is not None else next(one.disk_gb for one in settings.hosts if one.name == place.machine)) * 1024


def _filled(session: PlatformSession) -> int | None:
    import psycopg

    from provider.time_limits import connected

    server = session.platform.server
    where = {"host": "127.0.0.1", "port": server.local_port, "dbname": "postgres", "sslmode": server.sslmode}
    login = {"user": server.login, "password": session.secrets.provisioner_password}
    try:
        with connected({**where, **login}) as connection:
            row = connection.execute(_FILLED).fetchone()
    except psycopg.Error:
        return None
    return int(row[0]) if row else None
