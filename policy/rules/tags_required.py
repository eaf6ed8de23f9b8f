"""Azure resources say whose they are: what has no tags is found by nobody when it costs money."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, part

REQUIRED = ("environment", "managed-by", "system")
TAGGED = (
    "azure-native:app:ContainerApp",
    "azure-native:app:ManagedEnvironment",
    "azure-native:dbforpostgresql:Server",
    "azure-native:keyvault:Vault",
    "azure-native:managedidentity:UserAssignedIdentity",
    "azure-native:network:PrivateEndpoint",
    "azure-native:network:VirtualNetwork",
    "azure-native:operationalinsights:Workspace",
    "azure-native:resources:ResourceGroup",
    "azure-native:storage:StorageAccount",
)


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    absent = [name for name in REQUIRED if not part(resource.inputs.get("tags")).get(name)]
    if absent:
        yield f"tags are missing: {', '.join(absent)}; components take them from the namer"


RULE = Rule(
    name="tags-required",
    says="Azure resources have the tags that say whose they are.",
    types=TAGGED,
    check=_check,
)
