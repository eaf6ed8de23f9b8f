"""Builds a vector index of 8,000 rows of 384 dimensions on a real server of its own: FOLDER MAINTENANCE_WORK_MEM_MB.

A program, for its caller gives it a /dev/shm of a chosen size. It says "built", or what PostgreSQL said.
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg

from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from settings.postgres import PARALLEL_MAINTENANCE_WORKERS

PASSWORD = "a-passw0rd-of-this-test"


def build(folder: Path, maintenance_mb: int) -> str:
    """What came of it."""
    cluster = Cluster(folder)
    cluster.create("postgres", PASSWORD, superuser=True)
    try:
        access = {"host": ADDRESS, "port": cluster.port, "user": "postgres", "password": PASSWORD}
        with psycopg.connect(**access, dbname="postgres", autocommit=True) as connection:  # type: ignore[arg-type] # mypy takes one value for all parameters
            connection.execute("CREATE EXTENSION vector")
            connection.execute(
                "CREATE TABLE chunks AS SELECT ("
                "SELECT array_agg(random() * axis + row) FROM generate_series(1, 384) AS axis"
                ")::vector(384) AS embedding FROM generate_series(1, 8000) AS row"
            )
            connection.execute("ANALYZE chunks")
            connection.execute(f"SET maintenance_work_mem = '{maintenance_mb}MB'")
            connection.execute(f"SET max_parallel_maintenance_workers = {PARALLEL_MAINTENANCE_WORKERS}")
            try:
                # Few neighbours: the size of the memory is the same, and the build is quicker.
                connection.execute(
                    "CREATE INDEX ON chunks USING hnsw (embedding vector_l2_ops) WITH (m = 2, ef_construction = 4)"
                )
            except psycopg.Error as refused:
                return str(refused)
            return "built"
    finally:
        cluster.destroy()


if __name__ == "__main__":
    sys.stdout.write(build(Path(sys.argv[1]), int(sys.argv[2])))
