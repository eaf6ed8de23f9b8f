"""Behind every simulated database host stands a real PostgreSQL: which record has which cluster, and who may reach it.

An Azure Flexible Server is reached over TLS from the addresses that its firewall rules name; a container's server
over its fixed address in a network of its host, from that host. A container's data lives and dies with its volume.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.docker.daemon import keeps_running
from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from sandbox.postgresql.server.entry import run_entry

SERVER = "azure-native:dbforpostgresql:Server"
CONFIGURATION = "azure-native:dbforpostgresql:Configuration"
DATABASE = "azure-native:dbforpostgresql:Database"
FIREWALL_RULE = "azure-native:dbforpostgresql:FirewallRule"
PRIVATE_ENDPOINT = "azure-native:network:PrivateEndpoint"
CONTAINER = "docker:index/container:Container"
IMAGE = "docker:index/remoteImage:RemoteImage"
VOLUME = "docker:index/volume:Volume"
AZURE_SUFFIX = ".postgres.database.azure.com"
DATA_FOLDER = "/var/lib/postgresql"
POSTGRES_IMAGES = ("pgvector/pgvector", "postgres", "library/postgres")

TlsFront = Callable[[str, int], int]
"""(server name, the cluster's port) → the port of a listener that speaks TLS for it."""


class Databases:
    """The real servers behind the inventory's records."""

    def __init__(self, folder: Path, cloud: Inventory, tls_front: TlsFront) -> None:
        self._folder = folder
        self._cloud = cloud
        self._tls_front = tls_front
        self._clusters: dict[Path, Cluster] = {}
        self._lock = threading.RLock()

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        """Does in the real servers what has happened to a record. Raises what PostgreSQL refuses."""
        acts = {
            SERVER: self._server,
            CONFIGURATION: self._configuration,
            CONTAINER: self._container,
            VOLUME: self._volume,
        }
        act = acts.get(record.token)
        if act is not None:
            with self._lock:
                act(what, record, before)

    def route(self, address: str, target_host: str, target_port: int) -> tuple[str, int] | None:
        """Where a connection from the machine at `address` ends on this machine; None when nothing would answer it."""
        with self._lock:
            if target_port != 5432:
                return None
            if target_host.endswith(AZURE_SUFFIX):
                return self._azure_route(address, target_host)
            return self._container_route(address, target_host)

    def behind(self, record: Record, port: int) -> Callable[[], tuple[str, int]] | None:
        """What starts the server of a container, and says where it listens; None when it has none at that port."""
        with self._lock:
            cluster = self._container_cluster(record) if port == 5432 else None
        if cluster is None:
            return None

        def started() -> tuple[str, int]:
            with self._lock:
                cluster.start()
                return ADDRESS, cluster.port

        return started

    def private_route(self, target_host: str, target_port: int) -> tuple[str, int] | None:
        """As `route`, for who is inside the virtual network: through the server's private endpoint, past the
        firewall.
        """
        with self._lock:
            name = target_host.removesuffix(AZURE_SUFFIX)
            server = next((one for one in self._cloud.find(SERVER) if one.inputs.get("serverName") == name), None)
            if server is None or target_port != 5432 or not self._has_private_endpoint(server):
                return None
            cluster = self._cluster("azure", name)
            cluster.start()
            return ADDRESS, self._tls_front(target_host, cluster.port)

    def status(self) -> list[dict[str, Any]]:
        """The clusters that run, for `smos sandbox status`."""
        with self._lock:
            return [{"folder": path.name, "port": one.port} for path, one in self._clusters.items() if one.running]

    def close(self) -> None:
        """Stops every server; their data stays."""
        with self._lock:
            for cluster in self._clusters.values():
                cluster.stop()

    # -- Azure -----------------------------------------------------------------------------------------------------

    def _server(self, what: str, record: Record, before: Record | None) -> None:
        cluster = self._cluster("azure", str(record.inputs["serverName"]))
        if what == "deleted":
            cluster.destroy()
            return
        password = str(record.inputs.get("administratorLoginPassword", ""))
        if not cluster.exists:
            cluster.create(str(record.inputs["administratorLogin"]), password, superuser=False)
        elif before is not None and before.inputs.get("administratorLoginPassword") != password:
            cluster.start()
            cluster.set_admin_password(password)

    def _configuration(self, what: str, record: Record, _before: Record | None) -> None:
        if record.inputs.get("configurationName") != "azure.extensions":
            return
        cluster = self._cluster("azure", str(record.inputs["serverName"]))
        value = "" if what == "deleted" else str(record.inputs.get("value", ""))
        if cluster.exists:
            cluster.allow_extensions(value.split(","))

    def _azure_route(self, address: str, target_host: str) -> tuple[str, int] | None:
        name = target_host.removesuffix(AZURE_SUFFIX)
        server = next((one for one in self._cloud.find(SERVER) if one.inputs.get("serverName") == name), None)
        if server is None or not self._let_in(name, address):
            return None
        cluster = self._cluster("azure", name)
        cluster.start()
        return ADDRESS, self._tls_front(target_host, cluster.port)

    def _let_in(self, server: str, address: str) -> bool:
        wanted = ipaddress.ip_address(address)
        for rule in self._cloud.find(FIREWALL_RULE):
            if rule.inputs.get("serverName") == server:
                first, last = (
                    ipaddress.ip_address(str(rule.inputs[key])) for key in ("startIpAddress", "endIpAddress")
                )
                if int(first) <= int(wanted) <= int(last):
                    return True
        return False

    def _has_private_endpoint(self, server: Record) -> bool:
        for endpoint in self._cloud.find(PRIVATE_ENDPOINT):
            for link in endpoint.inputs.get("privateLinkServiceConnections") or []:
                if str(link.get("privateLinkServiceId", "")).lower() == server.id.lower():
                    return True
        return False

    # -- containers ------------------------------------------------------------------------------------------------

    def _container(self, what: str, record: Record, _before: Record | None) -> None:
        cluster = self._container_cluster(record)
        if cluster is None:
            return
        if what == "deleted":
            cluster.stop()
        elif cluster.exists:
            self._enter(record, cluster)
            cluster.start()
        else:
            settings = _environment(record)
            admin = settings.get("POSTGRES_USER", "postgres")
            databases = [settings["POSTGRES_DB"]] if settings.get("POSTGRES_DB", admin) != admin else []
            password = settings.get("POSTGRES_PASSWORD") or self.file_of(record, settings.get("POSTGRES_PASSWORD_FILE"))
            if not password:
                raise ValueError(
                    "Error: Database is uninitialized and superuser password is not specified. "
                    "You must specify POSTGRES_PASSWORD to a non-empty value for the superuser."
                )
            cluster.create(admin, password, superuser=True, databases=[one for one in databases if one != "postgres"])

    def _enter(self, record: Record, cluster: Cluster) -> None:
        """What the container's own entry does before the server starts: only a server that is off can be so entered."""
        entry = [str(word) for word in record.inputs.get("entrypoints") or []]
        if not entry or cluster.running:
            return
        path = _environment(record).get("POSTGRES_PASSWORD_FILE")
        files = {path: self.file_of(record, path)} if path else {}
        command = [str(word) for word in record.inputs.get("command") or []]
        run_entry(cluster, [*entry, *command], _data_path(record), files)

    def uploaded(self, scope: str, volume: str) -> list[str]:
        """The files that other containers of a host have put into a volume as they were made: paths below it."""
        found: list[str] = []
        for other in self._cloud.find(CONTAINER):
            for mounted in other.inputs.get("volumes") or []:
                if other.scope == scope and mounted.get("volumeName") == volume:
                    prefix = f"{mounted.get('containerPath')}/"
                    uploads = [str(one.get("file")) for one in other.inputs.get("uploads") or []]
                    found += [path.removeprefix(prefix) for path in uploads if path.startswith(prefix)]
        return found

    def file_of(self, record: Record, path: str | None) -> str:
        """The content of a file that the container sees: uploaded into it, or into a volume that it mounts."""
        if not path:
            return ""
        mounts = {
            str(one.get("volumeName")): str(one.get("containerPath")) for one in record.inputs.get("volumes") or []
        }
        for other in self._cloud.find(CONTAINER):
            if other.scope != record.scope:
                continue
            for volume in other.inputs.get("volumes") or []:
                mount = mounts.get(str(volume.get("volumeName")))
                if mount is not None and path.startswith(f"{mount}/"):
                    content = _upload(other, f"{volume.get('containerPath')}{path.removeprefix(mount)}")
                    if content:
                        return content
        return _upload(record, path)

    def _volume(self, what: str, record: Record, _before: Record | None) -> None:
        if what == "deleted":
            self._cluster("docker", record.scope, str(record.inputs.get("name", record.id))).destroy()

    def _container_route(self, address: str, target_host: str) -> tuple[str, int] | None:
        for record in self._cloud.find(CONTAINER):
            networks = record.inputs.get("networksAdvanced") or []
            here = record.scope.rsplit(":", 1)[0] == address
            if here and any(network.get("ipv4Address") == target_host for network in networks):
                cluster = self._container_cluster(record)
                if cluster is not None and cluster.exists:
                    cluster.start()
                    return ADDRESS, cluster.port
        return None

    def _container_cluster(self, record: Record) -> Cluster | None:
        """The cluster of a container that runs PostgreSQL; None for any other container."""
        if not keeps_running(record):
            return None
        image = self.image_name(record)
        if image.split("@")[0].rsplit(":", 1)[0].removeprefix("docker.io/") not in POSTGRES_IMAGES:
            return None
        if not runs_server(record):
            return None
        for volume in record.inputs.get("volumes") or []:
            if str(volume.get("containerPath", "")).startswith(DATA_FOLDER) and volume.get("volumeName"):
                return self._cluster("docker", record.scope, str(volume["volumeName"]))
        return self._cluster("docker", record.scope, f"container-{record.inputs.get('name')}")

    def image_name(self, record: Record) -> str:
        """The image that a container runs, by its name, though the record may hold an id."""
        image = str(record.inputs.get("image", ""))
        for pulled in self._cloud.find(IMAGE):
            names = (
                pulled.outputs.get("imageId"),
                pulled.outputs.get("repoDigest"),
                pulled.inputs.get("name"),
            )
            if pulled.scope == record.scope and image in names:
                return str(pulled.inputs["name"])
        return image

    def _cluster(self, *names: str) -> Cluster:
        mark = hashlib.sha256("\0".join(names).encode()).hexdigest()[:8]
        shown = "".join(letter if letter.isalnum() else "-" for letter in names[-1])[:40]
        folder = self._folder / f"{names[0]}-{shown}-{mark}"
        return self._clusters.setdefault(folder, Cluster(folder))


def runs_server(record: Record) -> bool:
    """Whether a container with PostgreSQL's image runs the server: the image's own entry point does, and whatever
    stands in its place and starts it. Others use a client of the same image (sandbox.postgresql.server.clients).
    """
    entry = " ".join(str(word) for word in record.inputs.get("entrypoints") or [])
    return not entry or "docker-entrypoint.sh" in entry or entry.split()[0].endswith("postgres")


def _data_path(record: Record) -> str:
    volumes = [str(volume.get("containerPath", "")) for volume in record.inputs.get("volumes") or []]
    return next((path for path in volumes if path.startswith(DATA_FOLDER)), f"{DATA_FOLDER}/data")


def _environment(record: Record) -> dict[str, str]:
    pairs = (str(item).partition("=") for item in record.inputs.get("envs") or [])
    return {name: value for name, _, value in pairs}


def _upload(record: Record, path: str) -> str:
    for upload in record.inputs.get("uploads") or []:
        if upload.get("file") == path:
            return str(upload.get("content") or "").strip()
    return ""
