"""SmarterOS: workflows, the customers' inbox, assistants and their tools, the ERP and the reports of many tenants.

What of it an environment runs, its stack's file says. What makes the resources is components.systems.smarteros.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, field_validator

from settings.findings import Finding
from settings.services import PlatformServices
from settings.services.botpress import BotpressCloud, BotpressV12, chosen
from settings.services.chatwoot import Chatwoot
from settings.services.data import Knowledge
from settings.services.guard import Guard
from settings.services.mcp import Mcp
from settings.services.metabase import Metabase
from settings.services.n8n import N8n
from settings.services.odoo import Odoo
from settings.system import Call, System

__all__ = ["CALLS", "SYSTEM", "SmarterOSServices"]


class SmarterOSServices(PlatformServices):
    """What SmarterOS can run, beside what every platform can."""

    n8n: N8n | None = Field(None, description="The workflow engine")
    chatwoot: Chatwoot | None = Field(None, description="The customers' inbox")
    metabase: Metabase | None = Field(None, description="Questions and dashboards")
    botpress: BotpressV12 | BotpressCloud | None = Field(
        None, discriminator="kind", description="The assistants: none, v12 or cloud"
    )
    mcp: Mcp | None = Field(None, description="The one door through which agents reach tools")
    odoo: Odoo | None = Field(None, description="The ERP: sales, stock, accounting")
    knowledge: Knowledge | None = Field(None, description="The assistants' knowledge base")
    guard: Guard | None = Field(None, description="Who ends what goes over a tenant's limits in PostgreSQL")

    _which_botpress = field_validator("botpress", mode="before")(chosen)


_CORE = ("n8n", "redis", "traefik", "holding", "vault", "knowledge", "storage", "tenants", "guard")

CALLS = (
    # The way of a message: Chatwoot → n8n (classify) → Botpress (converse) → MCP gateway (secure) → n8n (execute) →
    # Chatwoot (answer).
    # n8n-io/n8n-docs integrations/builtin/core-nodes/n8n-nodes-base.webhook: /webhook/<path> of a published workflow.
    # chatwoot/chatwoot from v4.14 on, lib/safe_fetch: "has no public ip addresses" (issues 14489 and 15270). What would
    # allow it, SAFE_FETCH_ALLOW_PRIVATE_NETWORK, allows it to every tenant's webhook.
    Call("classify", "chatwoot", "n8n", "/webhook/chatwoot-message", refuses_private=True),
    # botpress/v12 packages/bp/src/core/converse/converse-router.ts. The path without /secured asks nobody who he is.
    Call("converse", "n8n", "botpress", "/api/v1/bots/{bot}/converse/{user}/secured"),
    # IBM/mcp-context-forge README.md: MCP over streamable HTTP at one virtual server, which holds a tenant's tools.
    Call("secure", "botpress", "mcp", "/servers/{server}/mcp"),
    Call("execute", "mcp", "n8n", "/webhook/mcp-execute"),
    # chatwoot/chatwoot swagger/paths/index.yml, Messages.
    Call("answer", "n8n", "chatwoot", "/api/v1/accounts/{account}/conversations/{conversation}/messages"),
)


def guard_where_tenants_are(services: SmarterOSServices) -> Iterator[Finding]:
    """Tenants' databases are guarded where they are."""
    guard, tenants = services.guard, services.tenants
    if guard is not None and (tenants is None or tenants.database != guard.database):
        where = f"tenants' databases are on {tenants.database}" if tenants else "there are no tenants"
        mend = f"{tenants.database}" if tenants else "services.tenants, or no guard"
        yield ("services", "guard", "database"), guard.database, where, mend


SYSTEM = System(
    name="smarteros",
    services=SmarterOSServices,
    profiles={"core": _CORE, "full": (*_CORE, "chatwoot", "odoo", "metabase", "botpress", "mcp")},
    calls=CALLS,
    checks=(guard_where_tenants_are,),
)
