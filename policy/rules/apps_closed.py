"""An app of Azure is reached from the internet by a name of the zone or not at all, and its secrets come from a Key
Vault by reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, each, part

_SECRET = re.compile(r"https://kv[a-z0-9-]*\.vault\.azure\.net/secrets/[A-Za-z0-9-]+(/[A-Za-z0-9]+)?")


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    configuration = part(resource.inputs.get("configuration"))
    ingress = part(configuration.get("ingress"))
    named = ingress.get("customDomains")
    if ingress.get("external") is True and named is not UNKNOWN and not each(named):
        yield "configuration.ingress.external opens it to the internet without a name: false, or a hostname"
    for secret in each(configuration.get("secrets")):
        url = part(secret).get("keyVaultUrl")
        if isinstance(url, str) and not _SECRET.fullmatch(url):
            yield f"the app's secret {part(secret).get('name')} does not come from the system's Key Vault"


RULE = Rule(
    name="apps-closed",
    says="Apps are open by a name of the zone alone.",
    types=("azure-native:app:ContainerApp",),
    check=_check,
)
