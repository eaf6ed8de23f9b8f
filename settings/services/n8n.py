"""What n8n may be told."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from settings.parts import Name
from settings.secrets import Secret
from settings.services.service import Anywhere, Container, Hostname, Service

__all__ = ["N8n"]


class N8n(Service):
    """The workflow engine, as one process."""

    placement: Anywhere = Field(description="Where it runs")
    hostname: Hostname = Field(description="Its name in the zone")
    database: Name = Field(description="Which one of smarteros:databaseServers holds its database")
    cpu: float = Field(0.5, ge=0.25, description="How many CPUs it may use")
    memory_mb: int = Field(1024, ge=512, description="How much memory it may use, in MB")
    timezone: str = Field("America/Santiago", description="The zone in which schedules are meant")

    port: ClassVar[int | None] = 5678
    takes_accounts: ClassVar[bool] = True
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("n8n_encryption_key", "shared", "password", "n8n's key; losing it loses every credential stored in n8n"),
    )

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One process."""
        return (
            Container(
                name=name,
                cpu=self.cpu,
                memory_mb=self.memory_mb,
                least_cpu=0.2,
                least_memory_mb=512,
                source="n8n-io/n8n-hosting charts/n8n values.yaml: main requests 200m and 512Mi",
            ),
        )

    def connections(self) -> int:
        """DB_POSTGRESDB_POOL_SIZE, 2 by default."""
        return 2
