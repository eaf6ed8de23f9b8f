"""The simulated Cloudflare: DNS, zone settings, Origin CA, R2 and Cloudflare for SaaS, in the zones and accounts that
the sandbox is told of.
"""

from __future__ import annotations

import re

from sandbox.cloudflare import types
from sandbox.core.kinds import Package, functions_of, types_of
from sandbox.core.rules import Forbidden, Must, Required
from sandbox.core.values import Props, Value

__all__ = ["PACKAGE"]

PROVIDER_GO = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main/internal/provider.go"


def _token(value: Value, _: Props) -> bool:
    return re.fullmatch(r"[0-9A-Za-z_-]{40,80}", value) is not None


PACKAGE = Package(
    name="cloudflare",
    types=types_of(types),
    functions=functions_of(types),
    config=(
        Required(
            path="apiToken",
            says="is required: an API token with DNS, zone settings and SSL permissions",
            source=PROVIDER_GO,
        ),
        Must(
            path="apiToken",
            test=_token,
            says="API tokens must be 40 to 80 letters, digits, - and _ (6003: Invalid request headers)",
            source=PROVIDER_GO,
        ),
        *(
            Forbidden(path=name, says="is not simulated: use apiToken alone", source=PROVIDER_GO)
            for name in ("apiKey", "email", "apiUserServiceKey", "baseUrl")
        ),
    ),
)
