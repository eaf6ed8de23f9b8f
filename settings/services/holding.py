"""What the holding page may be told: what visitors see where a tenant is suspended, or nobody answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from settings.images import Image
from settings.places import OnDocker
from settings.services.owner import NoOwner, Owner
from settings.services.service import Container, Hostname, Service
from settings.services.upgrades import UpgradeRules

__all__ = ["Holding"]


class Holding(Service):
    """A page, on every name of the zone that leads to the host and to nothing else, so it runs beside its proxy."""

    placement: OnDocker = Field(description="Where it runs: on the host of the reverse proxy")
    hostname: Hostname = Field("pausa", description="Its own name in the zone")
    text: str = Field(
        "Este servicio está en pausa. Por favor, contacte a la empresa.",
        min_length=1,
        max_length=500,
        description="What it says, in plain words",
    )

    port: ClassVar[int | None] = 8080
    images: ClassVar[Mapping[str, Image]] = {
        "holding": Image(
            name="nginxinc/nginx-unprivileged",
            tag="1.29.5-alpine",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {
        "holding": UpgradeRules(
            tags=r"(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)-alpine", example="1.29.5-alpine", keeps_data=False
        )
    }
    owner: ClassVar[Owner | NoOwner | None] = NoOwner(because="one page of text: nobody logs in")

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One nginx with one page."""
        return (
            Container(
                name=name,
                cpu=0.1,
                memory_mb=32,
                min_cpu=0.02,
                min_memory_mb=16,
                disk_mb=1,
                source="ours: the vendor states none",
            ),
        )
