"""What of Docker answers beside Pulumi: this machine's own engine, published ports, names that Traefik routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.backend import Backend, Site
from sandbox.core.origin import Origin
from sandbox.core.records import Record
from sandbox.docker.server.api import DockerSocket
from sandbox.docker.server.loopback import Loopback
from sandbox.docker.server.traefik import origin
from sandbox.docker.server.volumes import VolumeFolders
from sandbox.home import Home
from sandbox.scene import ENGINE, Scene

__all__ = ["BACKEND"]


class DockerBackend(Backend):
    """One sandbox's Docker. This machine's own engine is there from the beginning, where the scene names it."""

    def __init__(self, site: Site) -> None:
        self._home = Home(site.folder)
        self._cloud = site.cloud
        self._loopback = Loopback(site.run, site.ask.behind)
        self._socket: DockerSocket | None = None
        self._volumes = VolumeFolders(site.folder, site.cloud)

    def sync(self) -> None:
        address = Scene.read(self._home).own_engine
        if address and self._socket is None:
            self._cloud.put(Record(id=address, token=ENGINE, inputs={"address": address}, outputs={}))
            self._socket = DockerSocket(self._home.docker_socket, self._cloud)

    def begin(self) -> None:
        self._loopback.begin(self._cloud)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        self._volumes.happened(what, record)
        self._loopback.happened(what, record, before)

    def origin(self, target: str, name: str) -> Origin | None:
        return origin(self._cloud, target, name)

    def status(self) -> Mapping[str, Any]:
        return {"published": self._loopback.status()}

    def close(self) -> None:
        self._loopback.close()
        if self._socket is not None:
            self._socket.close()


BACKEND = DockerBackend
