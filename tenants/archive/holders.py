"""Who holds what others wait for in a tenant's database, in words for an operator."""

from __future__ import annotations

import psycopg

from tenants.archive.login import provisioner
from tenants.platform import Server

__all__ = ["holders_of"]

# Locks that keep a reader out; what is locked is known in its own database alone, so it is told by number.
_HELD = """
SELECT a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'a program without a name'),
coalesce(to_char(coalesce(a.xact_start, a.backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
'a moment ago'), count(*)
FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_database d ON d.oid = l.database
WHERE l.granted AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND d.datname = %s
GROUP BY 1, 2, 3, 4 ORDER BY 4 LIMIT 5
"""


def holders_of(server: Server, password: str, database: str) -> list[str]:
    """One line a session; none where it can't be asked."""
    try:
        with provisioner(server, password) as connection:
            found = connection.execute(_HELD, (database,)).fetchall()
    except psycopg.Error:
        return []
    return [
        f"session {pid} of {user} ({program!r}) holds {count} locks since {since}"
        for pid, user, program, since, count in found
    ]
