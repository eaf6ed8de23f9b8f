"""The simulated Azure provider (azure-native): its types, its functions and what its own configuration must be."""

from __future__ import annotations

from sandbox.catalog import (
    azure_base,
    azure_certificate,
    azure_containerapp,
    azure_environment,
    azure_environment_storage,
    azure_identity,
    azure_keyvault,
    azure_network,
    azure_network_security,
    azure_postgres,
    azure_postgres_parts,
    azure_private,
    azure_private_dns,
    azure_private_names,
    azure_redis,
    azure_redis_database,
    azure_storage,
    azure_storage_blobs,
    azure_storage_lifecycle,
    azure_storage_parts,
)
from sandbox.catalog.azure_arm import GUID, located
from sandbox.kinds import Package
from sandbox.rules import OneOf, Pattern, Required

_CONFIG = "https://www.pulumi.com/registry/packages/azure-native/installation-configuration/"

PACKAGE = Package(
    name="azure-native",
    types=(
        *azure_base.TYPES,
        *azure_network.TYPES,
        *azure_network_security.TYPES,
        *azure_private.TYPES,
        *azure_private_names.TYPES,
        *azure_private_dns.TYPES,
        *azure_identity.TYPES,
        *azure_keyvault.TYPES,
        *azure_storage.TYPES,
        *azure_storage_parts.TYPES,
        *azure_storage_blobs.TYPES,
        *azure_storage_lifecycle.TYPES,
        *azure_postgres.TYPES,
        *azure_postgres_parts.TYPES,
        *azure_redis.TYPES,
        *azure_redis_database.TYPES,
        *azure_environment.TYPES,
        *azure_environment_storage.TYPES,
        *azure_certificate.TYPES,
        *azure_containerapp.TYPES,
    ),
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
