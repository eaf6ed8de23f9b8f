"""What each service may be told: one file a service. A service without a key does not run."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, field_validator

from settings.parts import Setting
from settings.services.botpress import BotpressCloud, BotpressV12, chosen
from settings.services.chatwoot import Chatwoot
from settings.services.data import Knowledge, Tenants
from settings.services.guard import Guard
from settings.services.holding import Holding
from settings.services.mcp import Mcp
from settings.services.metabase import Metabase
from settings.services.n8n import N8n, QueueMode
from settings.services.odoo import Odoo
from settings.services.redis import Redis
from settings.services.service import Container, Service
from settings.services.storage import Storage
from settings.services.traefik import Traefik
from settings.services.vault import Vault

__all__ = [
    "BotpressCloud",
    "BotpressV12",
    "Chatwoot",
    "Container",
    "Guard",
    "Holding",
    "Knowledge",
    "Mcp",
    "Metabase",
    "N8n",
    "Odoo",
    "QueueMode",
    "Redis",
    "Service",
    "Services",
    "Storage",
    "Tenants",
    "Traefik",
    "Vault",
]


class Services(Setting):
    """What runs."""

    n8n: N8n | None = Field(None, description="The workflow engine")
    chatwoot: Chatwoot | None = Field(None, description="The customers' inbox")
    metabase: Metabase | None = Field(None, description="Questions and dashboards")
    botpress: BotpressV12 | BotpressCloud | None = Field(
        None, discriminator="kind", description="The assistants: none, v12 or cloud"
    )
    mcp: Mcp | None = Field(None, description="The one door through which agents reach tools")
    odoo: Odoo | None = Field(None, description="The ERP: sales, stock, accounting")
    redis: Redis | None = Field(None, description="Queues and caches")
    traefik: Traefik | None = Field(None, description="The reverse proxy of a host")
    holding: Holding | None = Field(None, description="The page where a tenant is suspended, or nobody answers")
    knowledge: Knowledge | None = Field(None, description="The assistants' knowledge base")
    storage: Storage | None = Field(None, description="Files and backups")
    guard: Guard | None = Field(None, description="Who ends what goes over a tenant's limits in PostgreSQL")
    tenants: Tenants | None = Field(None, description="A place for tenants")
    vault: Vault | None = Field(None, description="Secrets of tenants and applications")

    _which_botpress = field_validator("botpress", mode="before")(chosen)

    def running(self) -> Iterator[tuple[str, Service]]:
        """Each service that runs, by its key in the settings."""
        for key in type(self).model_fields:
            service = getattr(self, key)
            if service is not None:
                yield key, service
