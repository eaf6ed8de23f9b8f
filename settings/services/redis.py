"""What Redis may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from settings.images import Image
from settings.places import Accepts, ContainerPlace
from settings.services.service import Container, Operated, Service

__all__ = ["Redis"]


class Redis(Service):
    """Queues and caches of the services on the same host."""

    placement: Annotated[
        ContainerPlace, Accepts(ContainerPlace, ("persists_files", "shares_redis", "fixed_addresses"))
    ] = Field(description="Where it runs")
    memory_mb: int = Field(512, ge=64, description="How much memory the container may use, in MB")

    port: ClassVar[int | None] = 6379
    # The last line of Redis under the BSD licence.
    images: ClassVar[Mapping[str, Image]] = {"redis": Image(name="redis", tag="7.2.16")}
    operated: ClassVar[Operated | None] = Operated(address=101, port=6379, local_port=41)

    def footprint(self, name: str) -> tuple[Container, ...]:
        """The one container that Redis is."""
        return (
            Container(
                name=name,
                cpu=0.5,
                memory_mb=self.memory_mb,
                min_cpu=0.1,
                min_memory_mb=64,
                disk_mb=2 * self.memory_mb,
                source="ours: the append-only file is at most written anew beside itself",
            ),
        )
