"""Behind every simulated container that runs PostgreSQL's server stands a real one: which record has which cluster, and
who may reach it.

It is reached over its fixed address in a network of its machine, from that machine. Its data lives and dies with the
container's volume.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.core.relay import ADDRESS, Target
from sandbox.docker.containers import CONTAINER, VOLUME, at, command, environment, files_below, runs_image, upload
from sandbox.docker.containers import volumes as volumes_of
from sandbox.postgresql.server.cluster_folders import ClusterFolders
from sandbox.postgresql.server.clusters import TUNABLE, Cluster
from sandbox.postgresql.server.entry import run_entry

__all__ = ["IMAGES", "PORT", "PostgresContainers", "runs_server", "told"]

DATA_FOLDER = "/var/lib/postgresql"
IMAGES = ("pgvector/pgvector", "postgres", "library/postgres")
PORT = 5432


class PostgresContainers:
    """The servers behind the inventory's records."""

    def __init__(self, folder: Path, cloud: Inventory) -> None:
        self._cloud = cloud
        self._clusters = ClusterFolders(folder)
        self._lock = threading.RLock()

    def happened(self, what: str, record: Record, _before: Record | None) -> None:
        """Starts, restarts or stops what has happened to a record. Raises what PostgreSQL refuses."""
        with self._lock:
            if record.token == VOLUME and what == "deleted":
                self._clusters.of("docker", record.scope, str(record.inputs.get("name", record.id))).destroy()
            elif record.token == CONTAINER:
                self._container(what, record)

    def route(self, address: str, host: str, port: int) -> Target | None:
        """Where a connection from the machine at `address` ends here; None when no server would answer it."""
        if port != PORT:
            return None
        with self._lock:
            for record in at(self._cloud, address, host):
                cluster = self._cluster(record)
                if cluster is not None and cluster.exists:
                    cluster.start()
                    return ADDRESS, cluster.port
        return None

    def behind(self, record: Record, port: int) -> Callable[[], Target] | None:
        """What starts the server of a container, and says where it listens; None when it has none at that port."""
        with self._lock:
            cluster = self._cluster(record) if port == PORT else None
        if cluster is None:
            return None

        def started() -> Target:
            with self._lock:
                cluster.start()
                return ADDRESS, cluster.port

        return started

    def status(self) -> list[dict[str, Any]]:
        """The servers that run, for `smos sandbox status`."""
        with self._lock:
            return self._clusters.status()

    def close(self) -> None:
        """Stops every server; their data stays."""
        with self._lock:
            self._clusters.stop()

    def _container(self, what: str, record: Record) -> None:
        cluster = self._cluster(record)
        if cluster is None:
            return
        if what == "deleted":
            cluster.stop()
        elif cluster.exists:
            if not cluster.running:
                cluster.tune(told(command(record)))
                self._enter(record, cluster)
            cluster.start()
        else:
            self._create(record, cluster)

    def _create(self, record: Record, cluster: Cluster) -> None:
        settings = environment(record)
        admin = settings.get("POSTGRES_USER", "postgres")
        databases = [settings["POSTGRES_DB"]] if settings.get("POSTGRES_DB", admin) != admin else []
        password = settings.get("POSTGRES_PASSWORD") or self._secret(record, settings.get("POSTGRES_PASSWORD_FILE"))
        if not password:
            raise ValueError(
                "Error: Database is uninitialized and superuser password is not specified. "
                "You must specify POSTGRES_PASSWORD to a non-empty value for the superuser."
            )
        cluster.create(
            admin,
            password,
            superuser=True,
            databases=[one for one in databases if one != "postgres"],
            parameters=told(command(record)),
            before_start=lambda: self._enter(record, cluster),
        )

    def _enter(self, record: Record, cluster: Cluster) -> None:
        """What the container's own entry does before the server starts: only a server that is off can be so entered."""
        if not record.inputs.get("entrypoints"):
            return
        path = environment(record).get("POSTGRES_PASSWORD_FILE")
        files = {**files_below(self._cloud, record), **({path: self._secret(record, path)} if path else {})}
        run_entry(cluster, command(record), _data_path(record), files)

    def _secret(self, record: Record, path: str | None) -> str:
        """The content of a file that the container sees: uploaded into it, or into a volume that it mounts."""
        if not path:
            return ""
        return (files_below(self._cloud, record).get(path) or upload(record, path)).strip()

    def _cluster(self, record: Record) -> Cluster | None:
        """The cluster of a container that runs the server; None for any other container."""
        if not runs_image(self._cloud, record, IMAGES) or not runs_server(record):
            return None
        data = (name for name, path in volumes_of(record).items() if path.startswith(DATA_FOLDER))
        return self._clusters.of("docker", record.scope, next(data, f"container-{record.inputs.get('name')}"))


def runs_server(record: Record) -> bool:
    """Whether a container with PostgreSQL's image runs the server: the image's own entry point does, and whatever
    stands in its place and starts it. Others use a client of the same image (clients.py).
    """
    entry = " ".join(str(word) for word in record.inputs.get("entrypoints") or [])
    return not entry or "docker-entrypoint.sh" in entry or entry.split()[0].endswith("postgres")


def told(words: Sequence[str]) -> dict[str, str]:
    """Which of the parameters that a server here can be told a container's command says: `-c name=value`."""
    pairs = (word.partition("=") for word in words)
    return {name: value for name, _, value in pairs if name in TUNABLE}


def _data_path(record: Record) -> str:
    mounted = [str(volume.get("containerPath", "")) for volume in record.inputs.get("volumes") or []]
    return next((path for path in mounted if path.startswith(DATA_FOLDER)), f"{DATA_FOLDER}/data")
