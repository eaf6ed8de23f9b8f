"""Which account, and what it may cost: read from the environment, refused when anything is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Account", "NotAllowed", "account_from"]

_NEEDS = {
    "azure": {
        "SMOS_LIVE_AZURE_SUBSCRIPTION": "the subscription's id; of a subscription that holds nothing else",
        "SMOS_LIVE_AZURE_TENANT": "the directory's id",
        "SMOS_LIVE_AZURE_LOCATION": "as in brazilsouth",
    },
    "cloudflare": {
        "SMOS_LIVE_CLOUDFLARE_ZONE": "the name of a zone that nobody uses",
        "SMOS_LIVE_CLOUDFLARE_ZONE_ID": "its id",
        "SMOS_LIVE_CLOUDFLARE_ACCOUNT_ID": "the account's id",
    },
}
_LIMITS = {
    "SMOS_LIVE_BUDGET_USD": "how much the run may cost at most, as in 2",
    "SMOS_LIVE_MINUTES": "after how many minutes no new case is begun, as in 60",
}
PACKAGES = {"azure": "azure-native", "cloudflare": "cloudflare"}


class NotAllowed(Exception):
    """The environment does not say everything that a run on a real account needs."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the cases are replayed, and how far."""

    packages: tuple[str, ...]
    budget_usd: float
    minutes: float
    types: str = ".*"
    """Only types that match, as a regular expression."""
    subscription: str = ""
    tenant: str = ""
    location: str = ""
    zone: str = ""
    zone_id: str = ""
    account_id: str = ""

    def wants(self, token: str) -> bool:
        """Whether a type is replayed here."""
        return token.partition(":")[0] in self.packages and bool(re.fullmatch(self.types, token))

    def config(self) -> dict[str, str]:
        """The providers' configuration; credentials they take from the environment themselves."""
        azure = {"subscriptionId": self.subscription, "tenantId": self.tenant}
        return {f"azure-native:{key}": value for key, value in azure.items() if value}


def account_from(environ: Mapping[str, str]) -> Account:
    """The account that the environment names. Raises NotAllowed with everything that is missing."""
    vendors = [one for one in environ.get("SMOS_LIVE", "").split(",") if one]
    missing = [] if vendors else ["SMOS_LIVE: azure, cloudflare or azure,cloudflare"]
    missing += [f"SMOS_LIVE: {one} is neither azure nor cloudflare" for one in vendors if one not in _NEEDS]
    wanted: dict[str, str] = dict(_LIMITS)
    for vendor in vendors:
        wanted |= _NEEDS.get(vendor, {})
    missing += [f"{name}: {what}" for name, what in wanted.items() if not environ.get(name)]
    limits: dict[str, Any] = {}
    for name, field in (("SMOS_LIVE_BUDGET_USD", "budget_usd"), ("SMOS_LIVE_MINUTES", "minutes")):
        try:
            limits[field] = float(environ.get(name) or 0)
        except ValueError:
            missing.append(f"{name}: not a number: {environ[name]}")
    if missing:
        raise NotAllowed("nothing was started; the environment lacks\n" + "\n".join(f"  {one}" for one in missing))
    return Account(
        packages=tuple(PACKAGES[one] for one in vendors),
        types=environ.get("SMOS_LIVE_TYPES") or ".*",
        subscription=environ.get("SMOS_LIVE_AZURE_SUBSCRIPTION", ""),
        tenant=environ.get("SMOS_LIVE_AZURE_TENANT", ""),
        location=environ.get("SMOS_LIVE_AZURE_LOCATION", ""),
        zone=environ.get("SMOS_LIVE_CLOUDFLARE_ZONE", ""),
        zone_id=environ.get("SMOS_LIVE_CLOUDFLARE_ZONE_ID", ""),
        account_id=environ.get("SMOS_LIVE_CLOUDFLARE_ACCOUNT_ID", ""),
        **limits,
    )
