"""What the reverse proxy of a host may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from settings.images import Image
from settings.places import OnDocker
from settings.services.owner import NoOwner, Owner
from settings.services.service import Container, Hostname, Service
from settings.services.upgrades import Hurdle, Majors, UpgradeRules

__all__ = ["SOCKET_PROXY_MB", "Traefik"]

SOCKET_PROXY_MB = 64


_UPGRADES = UpgradeRules(
    tags=r"v(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)",
    example="v3.7.11",
    majors=Majors(
        at_most=1,
        why="its vendor describes the way from one major to the next alone",
        way="one major after the other",
        source="traefik/traefik docs/content/migrate/",
    ),
    hurdles=(
        Hurdle(
            name="traefik-3",
            version=(3, 0, 0),
            why="rules are matched by another syntax, and options of the installation are gone",
            way="core.defaultRuleSyntax: v2 first, then the labels, as its vendor's guide says",
            source="traefik/traefik docs/content/migrate/v2-to-v3.md",
        ),
    ),
    keeps_data=False,
)
_SOCKET_PROXY = UpgradeRules(tags=r"v(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)", example="v0.4.2", keeps_data=False)


class Traefik(Service):
    """The reverse proxy of a host: the only one there that publishes ports. It reads Docker's API, so a host it is."""

    placement: OnDocker = Field(description="Where it runs")
    hostname: Hostname = Field("*", description="The name that leads to it; * is every name without a record")
    memory_mb: int = Field(256, ge=128, description="How much memory the proxy may use, in MB")

    images: ClassVar[Mapping[str, Image]] = {
        "traefik": Image(
            name="traefik",
            tag="v3.7.11",
            digest=None,
        ),
        "socket_proxy": Image(
            name="tecnativa/docker-socket-proxy",
            tag="v0.4.2",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"traefik": _UPGRADES, "socket_proxy": _SOCKET_PROXY}
    owner: ClassVar[Owner | NoOwner | None] = NoOwner(because="its API and its dashboard are off (--api=false)")

    def footprint(self, name: str) -> tuple[Container, ...]:
        """The proxy, and its reader of Docker's API."""
        return (
            Container(
                name=name,
                cpu=0.5,
                memory_mb=self.memory_mb,
                min_cpu=0.1,
                min_memory_mb=128,
                disk_mb=1,
                source="ours: the vendor states none",
            ),
            Container(
                name=f"{name}-docker-api",
                cpu=0.2,
                memory_mb=SOCKET_PROXY_MB,
                min_cpu=0.05,
                min_memory_mb=32,
                source="ours: an HAProxy of 20 MB",
            ),
        )
