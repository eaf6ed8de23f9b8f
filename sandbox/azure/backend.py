"""What of Azure runs and answers beside Pulumi: databases, apps' revisions, lists of its Resource Manager, blobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.azure.server import arm
from sandbox.azure.server.apps import Apps
from sandbox.azure.server.blobs import BlobService
from sandbox.azure.server.growth import grow
from sandbox.azure.server.postgres import FlexibleServers
from sandbox.azure.server.revisions import Revisions
from sandbox.core.backend import Answer, Backend, Command, Site
from sandbox.core.origin import Origin
from sandbox.core.records import Record
from sandbox.core.relay import Target

__all__ = ["BACKEND"]


class AzureBackend(Backend):
    """What of Azure answers without Pulumi in one sandbox, behind the protocol of the core."""

    def __init__(self, site: Site) -> None:
        self._cloud = site.cloud
        self._servers = FlexibleServers(site.folder / "clusters", site.cloud)
        self._revisions = Revisions(site.cloud)
        self._blobs = BlobService(site.folder / "blobs", site.cloud)
        self._apps = Apps(site.cloud, self._revisions, site.ask)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        self._servers.happened(what, record, before)
        self._revisions.happened(what, record, before)
        self._blobs.happened(what, record)

    def route(self, address: str, host: str, port: int) -> Target | None:
        return self._servers.route(address, host, port)

    def inside(self, host: str, port: int) -> Target | None:
        return self._servers.inside(host, port)

    def origin(self, target: str, name: str) -> Origin | None:
        return self._apps.origin(target, name)

    def status(self) -> Mapping[str, Any]:
        return {"databases": self._servers.status()}

    def commands(self) -> Mapping[str, Command]:
        return {"grow": lambda args: grow(self._cloud, str(args["server"]))}

    def apis(self) -> Mapping[str, Answer]:
        return {f"{arm.PREFIX}/": self._resource_manager}

    def close(self) -> None:
        self._blobs.close()
        self._servers.close()

    def _resource_manager(self, path: str, authorization: str, address: str) -> tuple[int, Any]:
        return arm.answer(self._cloud, path, authorization, f"{address}{arm.PREFIX}")


BACKEND = AzureBackend
