"""What Redis may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from settings.images import Image
from settings.places import Accepts, ContainerPlace
from settings.services.service import Container, Operated, Service
from settings.services.upgrades import Hurdle, UpgradeRules

__all__ = ["Redis"]


_UPGRADES = UpgradeRules(
    tags=r"(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)",
    example="7.2.16",
    restored_running=True,
    hurdles=(
        Hurdle(
            name="redis-7.4-licence",
            version=(7, 4, 0),
            why="from 7.4 on it is no longer under the BSD licence, but under RSALv2 or SSPLv1",
            way="whoever answers for licences agrees (docs/licences.md), or Valkey",
            source="redis/redis LICENSE.txt (7.2 and prior remain BSD)",
        ),
        Hurdle(
            name="redis-8-licence",
            version=(8, 0, 0),
            why="from 8 on it is under RSALv2, SSPLv1 or AGPLv3, as one chooses",
            way="whoever answers for licences agrees, and to which (docs/licences.md)",
            source="redis/redis LICENSE.txt",
        ),
    ),
    one_way="an older one does not load what a newer one has written (Can't handle RDB format version)",
    one_way_source="redis/redis src/rdb.c (rdbLoadRio)",
)


class Redis(Service):
    """Queues and caches of the services on the same host."""

    placement: Annotated[
        ContainerPlace, Accepts(ContainerPlace, ("persists_files", "shares_redis", "fixed_addresses"))
    ] = Field(description="Where it runs")
    memory_mb: int = Field(512, ge=64, description="How much memory the container may use, in MB")

    port: ClassVar[int | None] = 6379
    # The last line of Redis under the BSD licence.
    images: ClassVar[Mapping[str, Image]] = {
        "redis": Image(
            name="redis",
            tag="7.2.16",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"redis": _UPGRADES}
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
