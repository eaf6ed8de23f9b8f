"""Behind every simulated Flexible Server stands a real PostgreSQL, reached over TLS: by the addresses that its firewall
rules name, and through its private endpoint past the firewall.
"""

from __future__ import annotations

import ipaddress
import threading
from pathlib import Path
from typing import Any

from sandbox.azure.server import postgres_tls
from sandbox.core.authority import authority, server_certificate
from sandbox.core.inventory import Inventory
from sandbox.core.loop import Loop
from sandbox.core.records import Record
from sandbox.core.relay import ADDRESS, Target
from sandbox.home import write_private
from sandbox.postgresql.server.cluster_folders import ClusterFolders
from sandbox.postgresql.server.clusters import Cluster

__all__ = ["FlexibleServers"]

SERVER = "azure-native:dbforpostgresql:Server"
CONFIGURATION = "azure-native:dbforpostgresql:Configuration"
FIREWALL_RULE = "azure-native:dbforpostgresql:FirewallRule"
PRIVATE_ENDPOINT = "azure-native:network:PrivateEndpoint"
SUFFIX = ".postgres.database.azure.com"
AUTHORITY = "azure-databases"
PORT = 5432


class FlexibleServers:
    """The servers behind the inventory's records, and the TLS in front of them."""

    def __init__(self, folder: Path, cloud: Inventory) -> None:
        self._folder = folder
        self._cloud = cloud
        self._clusters = ClusterFolders(folder)
        self._lock = threading.RLock()
        self._loop = Loop()  # its own: a front is opened while the sandbox's other loop waits for the route
        self._fronts: dict[str, tuple[int, postgres_tls.Listening]] = {}

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        """Does in the real servers what has happened to a record. Raises what PostgreSQL refuses."""
        with self._lock:
            if record.token == SERVER:
                self._server(what, record, before)
            elif record.token == CONFIGURATION and record.inputs.get("configurationName") == "azure.extensions":
                self._allow_extensions(what, record)

    def route(self, address: str, host: str, port: int) -> Target | None:
        """Where a connection from the address ends here; None when the firewall, or nothing, would answer it."""
        with self._lock:
            server = self._named(host) if port == PORT else None
            let_in = server is not None and self._let_in(str(server.inputs["serverName"]), address)
            return self._reached(host) if let_in else None

    def inside(self, host: str, port: int) -> Target | None:
        """As `route`, for who is inside the virtual network: through the server's private endpoint."""
        with self._lock:
            server = self._named(host) if port == PORT else None
            return self._reached(host) if server is not None and self._has_private_endpoint(server) else None

    def status(self) -> list[dict[str, Any]]:
        """The servers that run, for `smos sandbox status`."""
        with self._lock:
            return self._clusters.status()

    def close(self) -> None:
        """Stops every server; their data stays."""
        for _, front in self._fronts.values():
            self._loop.run(front.close())
        self._loop.stop()
        with self._lock:
            self._clusters.stop()

    def _server(self, what: str, record: Record, before: Record | None) -> None:
        cluster = self._cluster(str(record.inputs["serverName"]))
        if what == "deleted":
            cluster.destroy()
            return
        password = str(record.inputs.get("administratorLoginPassword", ""))
        if not cluster.exists:
            cluster.create(str(record.inputs["administratorLogin"]), password, superuser=False)
        elif before is not None and before.inputs.get("administratorLoginPassword") != password:
            cluster.start()
            cluster.set_admin_password(password)

    def _allow_extensions(self, what: str, record: Record) -> None:
        cluster = self._cluster(str(record.inputs["serverName"]))
        value = "" if what == "deleted" else str(record.inputs.get("value", ""))
        if cluster.exists:
            cluster.allow_extensions(value.split(","))

    def _named(self, host: str) -> Record | None:
        if not host.endswith(SUFFIX):
            return None
        name = host.removesuffix(SUFFIX)
        return next((one for one in self._cloud.find(SERVER) if one.inputs.get("serverName") == name), None)

    def _reached(self, host: str) -> Target:
        cluster = self._cluster(host.removesuffix(SUFFIX))
        cluster.start()
        return ADDRESS, self._front(host, cluster.port)

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

    def _cluster(self, name: str) -> Cluster:
        return self._clusters.of("azure", name)

    def _front(self, host: str, upstream: int) -> int:
        """The port of the TLS listener of a server. Called from whichever thread asks for the way."""
        known = self._fronts.get(host)
        if known is not None and known[0] == upstream:
            return known[1].port
        certificate, key = self._files(host)
        context = postgres_tls.server_context(certificate, key)
        front = postgres_tls.TlsFront(context=context, upstream=(ADDRESS, upstream))
        self._fronts[host] = (upstream, self._loop.run(postgres_tls.serve(front)))
        return self._fronts[host][1].port

    def _files(self, host: str) -> tuple[Path, Path]:
        files = self._folder / f"{host}.crt", self._folder / f"{host}.key"
        pems = server_certificate(authority(self._cloud, AUTHORITY), [host])
        for file, pem in zip(files, pems, strict=True):
            write_private(file, pem)
        return files
