"""How a PostgreSQL container divides its memory, and what it needs for the connections that it takes.

Used alike by what declares the container and by what adds up a host.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from settings.containers import Container

__all__ = [
    "AZURE_ADMIN",
    "DOCKER_ADMIN",
    "PARALLEL_MAINTENANCE_WORKERS",
    "PROGRAM_CONNECTIONS",
    "SUPERUSER_CONNECTIONS",
    "TENANT_CONNECTIONS",
    "WAL_CONNECTIONS",
    "WAL_ROLE",
    "WAL_SENDERS",
    "WAL_SLOTS",
    "Memory",
    "memory_of",
    "min_memory_mb",
    "server_container",
]

AZURE_ADMIN, DOCKER_ADMIN = "smarteros_admin", "postgres"
"""The administrator of a server, on Azure and in a container: its first login, which makes all others."""

# Who makes, drops or changes a database or a role waits for its turn on a connection of its own, and whoever has the
# turn needs a second one: with fewer connections than databases and roles, and one, all of them can wait for one
# another, for ever (cyrilgdn/terraform-provider-postgresql: resource_postgresql_database.go, createDatabase).
# The policy `database-turns` counts them.
PROGRAM_CONNECTIONS = 20
"""How many connections the platform's program may hold to a server: each service there has a database and a role."""
TENANT_CONNECTIONS = 6
"""How many the program of one tenant may hold: it has a database and a role, or two of each."""


SUPERUSER_CONNECTIONS = 3
"""superuser_reserved_connections, by default: https://www.postgresql.org/docs/17/runtime-config-connection.html"""

WAL_ROLE = "smarteros_wal"
"""Who streams a server's write-ahead log and copies it whole. It may replicate, which is to read everything, and call
the few functions without which Barman refuses to work (https://docs.pgbarman.org/, "PostgreSQL connection"); it writes
nothing and makes nobody.
"""
WAL_CONNECTIONS = 3
"""How many sessions of it ask (what the log's end is, how far its receiver is)…"""
WAL_SENDERS = 6
"""… and how many stream: a receiver, one that was cut off and is not noticed yet, and two for a base backup, each twice
as a receiver moves from one machine to the next. They are none of max_connections, but as large."""
WAL_SLOTS = 4
"""Replication slots: the receiver's, and that of the one that takes its place."""

# A backend of its own: 2 MB that is its alone and the pages that map the shared buffers
# (https://blog.anarazel.de/2020/10/07/measuring-the-memory-overhead-of-a-postgres-connection/), the catalogue of an
# application with hundreds of tables, and one work_mem of 4 MB, the default. Together what Microsoft counts for one:
# https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-limits
CONNECTION_MB = 10
# The postmaster, the writers of buffers and of the log, the statistics.
SERVER_MB = 64
# autovacuum_max_workers, by default; each may use a maintenance_work_mem.
VACUUM_WORKERS = 3
PARALLEL_MAINTENANCE_WORKERS = 2
"""max_parallel_maintenance_workers, said outright: with one or more an index is built in shared memory. How many makes
no difference to its size: maintenance_work_mem is for the whole command
(https://www.postgresql.org/docs/17/runtime-config-resource.html#GUC-MAX-PARALLEL-MAINTENANCE-WORKERS)."""
# Queries that several processes work on, hash joins above all. Docker's default, which has been enough for those.
QUERIES_MB = 64
# Ours: PostgreSQL states none. A query that waits its turn is slow, not wrong.
MIN_CPU = 0.25
# max_wal_size, by default: between two checkpoints the log grows to about as much.
LOG_MB = 1024
SHARED, CACHE, MAINTENANCE = 4, 2, 16
"""Which part of the memory: a quarter for shared buffers, as the documentation of shared_buffers advises, a half as the
cache that the planner may count on, a sixteenth for the building of an index."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the parameters of a server say, in MB."""

    shared_buffers: int
    effective_cache_size: int
    maintenance_work_mem: int

    @property
    def shared_memory(self) -> int:
        """How large /dev/shm must be, which counts as the container's memory. A parallel build of a vector index takes
        the whole maintenance_work_mem there at once (pgvector/pgvector v0.8.6 src/hnswbuild.c:961, HnswBeginParallel),
        and fails with "No space left on device" when it is not to be had. As many builds as there are vacuums: memory
        for those is kept free already, and more is not.
        """
        return VACUUM_WORKERS * self.maintenance_work_mem + QUERIES_MB


def memory_of(memory_mb: int) -> Memory:
    """How a container of that size divides its memory."""
    return Memory(
        shared_buffers=memory_mb // SHARED,
        effective_cache_size=memory_mb // CACHE,
        maintenance_work_mem=memory_mb // MAINTENANCE,
    )


def min_memory_mb(max_connections: int) -> int:
    """What a container needs so that all of its connections and its senders of the log can work at once, beside its
    buffers and its vacuum.
    """
    rest = 1 - 1 / SHARED - VACUUM_WORKERS / MAINTENANCE
    return math.ceil((SERVER_MB + (max_connections + WAL_SENDERS) * CONNECTION_MB) / rest)


def server_container(
    name: str, *, cpus: float, memory_mb: int, max_connections: int, data_gb: int, wal_kept_gb: int
) -> Container:
    """The container of a server; `name` is what the settings call the server."""
    least = min_memory_mb(max_connections)
    return Container(
        name=f"postgres-{name}",
        cpu=cpus,
        memory_mb=memory_mb,
        min_cpu=MIN_CPU,
        min_memory_mb=least,
        disk_mb=(data_gb + wal_kept_gb) * 1024 + LOG_MB,
        source=(
            f"{SERVER_MB} MB and {max_connections + WAL_SENDERS} connections of {CONNECTION_MB} MB, beside a quarter "
            f"for shared buffers and {VACUUM_WORKERS} vacuums of a sixteenth (settings/postgres.py); CPU: ours"
        ),
    )
