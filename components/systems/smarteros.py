"""SmarterOS as a component, and what others may know of it beside what every platform tells.

Which services it has, their profiles and their calls are in settings.systems.smarteros; what declares each of them, in
the module of components.services that is called as it is.
"""

from __future__ import annotations

from typing import Any

from pulumi import ComponentResource, Output, ResourceOptions

from components.platform import Platform, SystemArgs
from settings.systems.smarteros import SmarterOSServices

__all__ = ["SYSTEM", "SmarterOS"]


class SmarterOS(ComponentResource):
    """The platform of one environment."""

    platform: Output[dict[str, Any]]

    def __init__(self, name: str, args: SystemArgs[SmarterOSServices], opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:systems:SmarterOS", name, None, opts)
        services = args.settings.services
        platform = Platform(self, args.settings)
        self.platform = platform.outputs(botpress=services.botpress.announced() if services.botpress else None)
        self.register_outputs({"platform": self.platform})


SYSTEM = SmarterOS
