"""The simulated Azure provider (azure-native): its types, its functions and what its own configuration must be."""

from __future__ import annotations

from sandbox.azure.names import GUID, located
from sandbox.azure.types import groups as azure_base
from sandbox.azure.types import keyvault as azure_keyvault
from sandbox.azure.types.containerapp import app as azure_containerapp
from sandbox.azure.types.environment import certificate as azure_certificate
from sandbox.azure.types.environment import environment as azure_environment
from sandbox.azure.types.environment import storage as azure_environment_storage
from sandbox.azure.types.identity import identities as azure_identity
from sandbox.azure.types.network import endpoint as azure_private
from sandbox.azure.types.network import endpoint_names as azure_private_names
from sandbox.azure.types.network import networks as azure_network
from sandbox.azure.types.network import private_dns as azure_private_dns
from sandbox.azure.types.network import security as azure_network_security
from sandbox.azure.types.postgres import parts as azure_postgres_parts
from sandbox.azure.types.postgres import server as azure_postgres
from sandbox.azure.types.redis import cluster as azure_redis
from sandbox.azure.types.redis import database as azure_redis_database
from sandbox.azure.types.storage import account as azure_storage
from sandbox.azure.types.storage import blobs as azure_storage_blobs
from sandbox.azure.types.storage import lifecycle as azure_storage_lifecycle
from sandbox.azure.types.storage import parts as azure_storage_parts
from sandbox.core.kinds import Package
from sandbox.core.rules import OneOf, Pattern, Required

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
