"""The simulated Azure provider (azure-native): its types, its functions and what its own configuration must be."""

from __future__ import annotations

from sandbox.azure import types
from sandbox.azure.names import GUID
from sandbox.azure.rules import located
from sandbox.core.kinds import Package, functions_of, types_of
from sandbox.core.rules import OneOf, Pattern, Required

__all__ = ["PACKAGE"]

_CONFIG = "https://www.pulumi.com/registry/packages/azure-native/installation-configuration/"

PACKAGE = Package(
    name="azure-native",
    types=types_of(types),
    functions=functions_of(types),
    # provider/pkg/provider/provider.go, Update: inputs, name and location are all that its preview answers.
    foresees_nothing_computed=True,
    ids_are_paths=True,
    words_in_any_case=True,
    config=(
        Required(path="subscriptionId", says="is required: set azure-native:subscriptionId", source=_CONFIG),
        Pattern(path="subscriptionId", regex=GUID, says="must be a subscription's id, a GUID", source=_CONFIG),
        Pattern(path="tenantId", regex=GUID, says="must be a tenant's id, a GUID", source=_CONFIG),
        Pattern(path="clientId", regex=GUID, says="must be an application's client id, a GUID", source=_CONFIG),
        OneOf(path="environment", values=("public",), says="only the public cloud is simulated", source=_CONFIG),
        located(),
    ),
)
