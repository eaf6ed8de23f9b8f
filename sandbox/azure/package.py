"""The simulated Azure provider (azure-native): its types, its functions and what its own configuration must be."""

from __future__ import annotations

from sandbox.azure.names import GUID, located
from sandbox.azure.types import groups as azure_base
from sandbox.azure.types.identity import identities as azure_identity
from sandbox.azure.types.postgres import server as azure_postgres
from sandbox.azure.types.redis import database as azure_redis_database
from sandbox.azure.types.storage import account as azure_storage
from sandbox.core.found import types_in
from sandbox.core.kinds import Package
from sandbox.core.rules import OneOf, Pattern, Required

_CONFIG = "https://www.pulumi.com/registry/packages/azure-native/installation-configuration/"

PACKAGE = Package(
    name="azure-native",
    types=types_in("azure"),
    functions=(
        *azure_base.FUNCTIONS,
        *azure_identity.FUNCTIONS,
        *azure_storage.FUNCTIONS,
        *azure_redis_database.FUNCTIONS,
        *azure_postgres.FUNCTIONS,
    ),
    # provider/pkg/provider/provider.go, Update: inputs, name and location are all that its preview answers.
    foresees_nothing_computed=True,
    config=(
        Required(path="subscriptionId", says="is required: set azure-native:subscriptionId", source=_CONFIG),
        Pattern(path="subscriptionId", regex=GUID, says="must be a subscription's id, a GUID", source=_CONFIG),
        Pattern(path="tenantId", regex=GUID, says="must be a tenant's id, a GUID", source=_CONFIG),
        Pattern(path="clientId", regex=GUID, says="must be an application's client id, a GUID", source=_CONFIG),
        OneOf(path="environment", values=("public",), says="only the public cloud is simulated", source=_CONFIG),
        located(),
    ),
)
