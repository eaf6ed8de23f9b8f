"""What of Cloudflare answers beside Pulumi: its API, and its edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.cloudflare.server import api
from sandbox.cloudflare.server.edge import Edge, write_trust
from sandbox.cloudflare.server.origin import Origins
from sandbox.core.backend import Answer, Backend, Site
from sandbox.core.records import Record
from sandbox.home import Home
from sandbox.scene import ZONE, Scene, Zone

__all__ = ["BACKEND"]


class CloudflareBackend(Backend):
    """What of Cloudflare answers without Pulumi in one sandbox, behind the protocol of the core."""

    def __init__(self, site: Site) -> None:
        self._home = Home(site.folder)
        self._cloud = site.cloud
        self._edge = Edge(site.cloud, Origins(site.cloud, site.ask))

    def sync(self) -> None:
        """Zones that the scene no longer names stay."""
        for zone in Scene.read(self._home).zones:
            self._zone(zone)

    def begin(self) -> None:
        write_trust(self._edge, self._home.trust)

    def status(self) -> Mapping[str, Any]:
        return {"edge": {"port": self._edge.port, "trust": str(self._home.trust)}}

    def apis(self) -> Mapping[str, Answer]:
        return {api.PREFIX: lambda path, authorization, _: api.answer(self._cloud, path, authorization)}

    def close(self) -> None:
        self._edge.close()

    def _zone(self, zone: Zone) -> None:
        inputs = {"zoneId": zone.zone_id, "accountId": zone.account_id, "name": zone.name}
        before = self._cloud.get(zone.zone_id)
        if before is None or before.inputs != inputs:
            self._cloud.put(Record(id=zone.zone_id, token=ZONE, inputs=inputs, outputs=inputs))


BACKEND = CloudflareBackend
