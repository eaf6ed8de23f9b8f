"""What the databases of the assistants and of the tenants may be told: they run in a database server."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from settings.parts import Name
from settings.secrets import Secret
from settings.services.recovery import NoneWrong, NothingKept, Recovery
from settings.services.service import Service

__all__ = ["Knowledge", "Tenants"]


class Knowledge(Service):
    """The assistants' knowledge base: a database with vectors."""

    database: Name = Field(description="Which one of smarteros:databaseServers holds it")
    expected_connections: int = Field(10, ge=1, description="How many connections assistants may hold to it at once")

    extensions: ClassVar[tuple[str, ...]] = ("vector",)
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="", checks=(), unasked="whether an assistant finds what it looks for: its schema is the assistants' own"
    )

    def connections(self) -> int:
        """As expected: whoever reads it is told its limit by PostgreSQL."""
        return self.expected_connections


class Tenants(Service):
    """A place for tenants: each has a database there, and a name that leads to the reverse proxy."""

    database: Name = Field(description="Which one of smarteros:databaseServers holds their databases")
    expected_connections: int = Field(
        40, ge=1, description="How many connections all of them together are given room for; each is limited on its own"
    )

    archive_retention_days: int = Field(
        30, ge=0, le=3650, description="How long the archive of a deleted tenant is kept (docs/tenants.md, Ley 21.719)"
    )
    custom_domains: bool = Field(
        False, description="Whether tenants may have domains of their own: Cloudflare for SaaS is enabled for the zone"
    )

    extensions: ClassVar[tuple[str, ...]] = ("vector",)
    # provider/migrations/knowledge: the part of a tenant's database that is ours.
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="chunks",
        checks=(
            NoneWrong(
                name="chunks-are-in-order",
                asks="no document has a gap among its chunks",
                sql="SELECT document_id::text FROM chunks GROUP BY document_id HAVING count(*) <> max(position) + 1",
                source="provider/migrations/knowledge/0001.documents-and-chunks.sql",
            ),
        ),
        unasked="what the tenant's own programs do with their tables",
    )
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("tenants_root_key", "shared", "hex_256", "Of it are tenants' own n8n keys; losing it loses credentials"),
    )

    def connections(self) -> int:
        """As expected: their roles' limits together would be many times what is ever used."""
        return self.expected_connections
