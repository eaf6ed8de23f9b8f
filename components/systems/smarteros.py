"""SmarterOS: what declares each of its services, and what others may know of it beside what every platform tells.

Which services it has, their profiles and their calls are in settings.systems.smarteros.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi import ComponentResource, Output, ResourceOptions

from components.platform import PLATFORM_SERVICES, Platform, SystemArgs
from components.services import botpress, chatwoot, guard, knowledge, mcp, metabase, n8n, odoo
from components.services.context import Declare
from settings.systems.smarteros import SmarterOSServices

__all__ = ["SERVICES", "SYSTEM", "SmarterOS"]

SERVICES: Mapping[str, Declare] = {
    **PLATFORM_SERVICES,
    "n8n": n8n.declare,
    "chatwoot": chatwoot.declare,
    "odoo": odoo.declare,
    "metabase": metabase.declare,
    "botpress": botpress.declare,
    "mcp": mcp.declare,
    "knowledge": knowledge.declare,
    "guard": guard.declare,
}
"""Service → what declares it, in any order."""


class SmarterOS(ComponentResource):
    """The platform of one environment."""

    platform: Output[dict[str, Any]]

    def __init__(self, name: str, args: SystemArgs[SmarterOSServices], opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:systems:SmarterOS", name, None, opts)
        services = args.settings.services
        platform = Platform(self, args.settings, SERVICES)
        self.platform = platform.outputs(botpress=services.botpress.announced() if services.botpress else None)
        self.register_outputs({"platform": self.platform})


SYSTEM = SmarterOS
