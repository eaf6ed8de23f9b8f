"""What the databases of the assistants and of the tenants may be told: they run in a database server."""

from __future__ import annotations

from pydantic import Field

from settings.parts import Name
from settings.services.service import Service

__all__ = ["Knowledge", "Tenants"]


class Knowledge(Service):
    """The assistants' knowledge base: a database with vectors."""

    database: Name = Field(description="Which one of smarteros:databaseServers holds it")


class Tenants(Service):
    """A place for tenants: each has a database there, and a name that leads to the reverse proxy."""

    database: Name = Field(description="Which one of smarteros:databaseServers holds their databases")
