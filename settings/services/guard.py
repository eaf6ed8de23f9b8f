"""What the guard of tenants' databases may be told: it ends what goes over a tenant's limits."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings.parts import Name
from settings.places import Accepts, ContainerPlace
from settings.services.service import Container, Service

__all__ = ["Guard"]


class Guard(Service):
    """A client of PostgreSQL that looks at tenants' sessions and databases."""

    placement: Annotated[ContainerPlace, Accepts(ContainerPlace, ("probes_by_command",))] = Field(
        description="Where it runs"
    )
    database: Name = Field(
        description="Which one of smarteros:databaseServers it guards: the one with tenants' databases"
    )

    port: ClassVar[int | None] = None

    def footprint(self, name: str) -> tuple[Container, ...]:
        """A shell and a psql."""
        return (
            Container(
                name=name,
                cpu=0.1,
                memory_mb=64,
                min_cpu=0.02,
                min_memory_mb=32,
                disk_mb=1,
                source="ours: a psql of some 10 MB, and a shell",
            ),
        )

    def connections(self) -> int:
        """The connection that it keeps open to the server."""
        return 1
