"""Noticeboard: one page of its own, beside what every platform can run. It exists in tests alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from settings.images import Image
from settings.places import OnDocker
from settings.services import PlatformServices
from settings.services.owner import NoOwner, Owner
from settings.services.service import Container, Hostname, Service
from settings.system import System

__all__ = ["SYSTEM", "Board", "NoticeboardServices"]


class Board(Service):
    """A page with what is new."""

    placement: OnDocker = Field(description="Where it runs: on the host of the reverse proxy")
    hostname: Hostname = Field(description="Its name in the zone")
    text: str = Field(min_length=1, description="What it says")

    port: ClassVar[int | None] = 8080
    images: ClassVar[Mapping[str, Image]] = {
        "board": Image(
            name="nginxinc/nginx-unprivileged",
            tag="1.29.5-alpine",
            digest=None,
        ),
    }
    owner: ClassVar[Owner | NoOwner | None] = NoOwner(because="one page of text: nobody logs in")

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One nginx."""
        return (
            Container(
                name=name,
                cpu=0.1,
                memory_mb=32,
                min_cpu=0.02,
                min_memory_mb=16,
                source="ours: the vendor states none",
            ),
        )


class NoticeboardServices(PlatformServices):
    """What Noticeboard can run."""

    board: Board | None = Field(None, description="A page with what is new")


SYSTEM = System(
    name="noticeboard",
    services=NoticeboardServices,
    profiles={"core": ("redis", "traefik", "holding", "tenants", "board")},
)
