"""Azure Database for PostgreSQL: the flexible server. What lies in it is in azure_postgres_parts.py.

`on_create` and its siblings are unset: the real cluster behind a server is attached where databases are run. The name
by which it is found is `host_of`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.catalog.azure_arm import (
    GUID,
    NAMES,
    SUBNET,
    arm_outputs,
    digest,
    group_id,
    in_group,
    items,
    known,
    located,
    location_of,
    network_of,
    provider_id,
    random_suffix,
    region,
    subnet_prefixes,
    tagged,
    text,
)
from sandbox.catalog.azure_postgres_sizes import TIERS_BY_SIZE, sku_in_tier, storage_output, tier_for_size
from sandbox.kinds import Function, ResourceType, arm_id
from sandbox.records import Cloud
from sandbox.rules import (
    Between,
    Forbidden,
    Length,
    Must,
    NeedsInCloud,
    OneOf,
    Pattern,
    Refers,
    Required,
    Unchangeable,
    Unique,
)
from sandbox.values import UNKNOWN, Props, Value, is_set, lookup

SERVER = "azure-native:dbforpostgresql:Server"
_ZONE = "azure-native:privatedns:PrivateZone"
_PROVIDER = "hashicorp/terraform-provider-azurerm internal/services/postgres/"
_RESOURCE = _PROVIDER + "postgresql_flexible_server_resource.go"
_STORAGE = "https://learn.microsoft.com/azure/postgresql/extensions/concepts-storage"
_NETWORK = "https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private"
_CREATE = "https://learn.microsoft.com/azure/postgresql/configure-maintain/quickstart-create-server"
_RESERVED = ("azure_superuser", "azure_pg_admin", "azuresu", "admin", "administrator", "root", "guest", "public")


def host_of(server_name: str) -> str:
    """The host name of a flexible server: by it the real database behind a simulated server is found."""
    return f"{server_name}.postgres.database.azure.com"


def _new(inputs: Props) -> bool:
    return known(inputs, "createMode") in (None, "Default", "Create") and lookup(inputs, "createMode") is not UNKNOWN


def _with_password(inputs: Props) -> bool:
    return _new(inputs) and known(inputs, "authConfig.passwordAuth") != "Disabled"


def _complex(value: Value, inputs: Props) -> bool | str:
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
    login = text(inputs, "administratorLogin")
    if sum(re.search(kind, str(value)) is not None for kind in kinds) < 3:
        return "fewer than three kinds of characters"
    return not login or login.lower() not in str(value).lower() or "it contains the login"


def _premium(inputs: Props) -> bool:
    return known(inputs, "storage.type") in (None, "Premium_LRS") and lookup(inputs, "storage.type") is not UNKNOWN


def _second(inputs: Props) -> bool:
    return known(inputs, "storage.type") in ("PremiumV2_LRS", "UltraSSD_LRS")


def _available(value: Value, inputs: Props) -> bool | str:
    tier = known(inputs, "sku.tier")
    return value in (None, "Disabled") or tier != "Burstable" or "tier Burstable"


def _other_zone(value: Value, inputs: Props) -> bool:
    own, mode = known(inputs, "availabilityZone"), known(inputs, "highAvailability.mode")
    if value == "" or own in (None, ""):
        return True
    return bool(value == own if mode == "SameZone" else value != own or mode != "ZoneRedundant")


def _beside_network(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "network.delegatedSubnetResourceId").rsplit("/subnets/", 1)[0])
    there, here = text(record.inputs, "location") if record else "", text(inputs, "location")
    if not there or not here or region(there) == region(here):
        return None
    return f"the virtual network is in {there!r}, the server in {here!r}"


def _large_enough(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "network.delegatedSubnetResourceId"))
    networks = [network_of(one) for one in subnet_prefixes(record.inputs)] if record else []
    small = [one for one in networks if one is not None and one.version == 4 and one.prefixlen > 28]
    return f"the subnet is {small[0]}" if small else None


def _together(value: Value, _: Props) -> bool:
    subnet, zone = (lookup(value, name) for name in ("delegatedSubnetResourceId", "privateDnsZoneArmResourceId"))
    return is_set(subnet) == is_set(zone)


def _private(inputs: Props) -> bool:
    return is_set(lookup(inputs, "network.delegatedSubnetResourceId"))


def _some_login(value: Value, _: Props) -> bool:
    return known(value, "passwordAuth") != "Disabled" or lookup(value, "activeDirectoryAuth") in ("Enabled", UNKNOWN)


def _delegated(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "network.delegatedSubnetResourceId"))
    services = [text(one, "serviceName") for one in items(record.inputs, "delegations")] if record else []
    wanted = "Microsoft.DBforPostgreSQL/flexibleServers"
    if record is None or wanted.lower() in [service.lower() for service in services]:
        return None
    return f"the subnet is delegated to {', '.join(services) or 'nothing'}"


def _smaller_than_it_is(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = text(inputs, "serverName")
    record = cloud.get(provider_id(inputs, config, "Microsoft.DBforPostgreSQL", "flexibleServers", name))
    has = known(record.outputs, "storage.storageSizeGB") if record else None
    wanted = known(inputs, "storage.storageSizeGB")
    if not has or not wanted or wanted >= has:
        return None
    return f"Requested data Disk size '{wanted * 1024}' cannot be less than current size '{has * 1024}'"


def _server(args: Props, cloud: Cloud, config: Props) -> Mapping[str, Any]:
    name, group = text(args, "serverName"), text(args, "resourceGroupName")
    if cloud.get(group_id(args, config)) is None:
        raise ValueError(
            f'Status=404 Code="ResourceGroupNotFound" Message="Resource group \'{group}\' could not be found."'
        )
    record = cloud.get(provider_id(args, config, "Microsoft.DBforPostgreSQL", "flexibleServers", name))
    if record is None:
        kind = f"Microsoft.DBforPostgreSQL/flexibleServers/{name}"
        where = f"The Resource '{kind}' under resource group '{group}' was not found."
        raise ValueError(f'Status=404 Code="ResourceNotFound" Message="{where}"')
    hidden = {"administratorLoginPassword", "createMode", "resourceGroupName", "serverName"}
    return {key: value for key, value in record.outputs.items() if key not in hidden}


def _zone_name(value: Value, _: Props) -> bool:
    return str(value).lower().endswith(".postgres.database.azure.com")


SERVER_TYPE = ResourceType(
    token=SERVER,
    about="A PostgreSQL flexible server.",
    sources=(
        ("Azure/azure-rest-api-specs specification/postgresql/resource-manager/Microsoft.DBforPostgreSQL (2025-08-01)"),
        _CREATE,
    ),
    id=arm_id("Microsoft.DBforPostgreSQL", "flexibleServers", "{serverName}"),
    named_by="serverName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "serverName",
        "location",
        "tags",
        "administratorLogin",
        "administratorLoginPassword",
        "authConfig",
        "availabilityZone",
        "backup.backupRetentionDays",
        "backup.geoRedundantBackup",
        "createMode",
        "highAvailability.mode",
        "highAvailability.standbyAvailabilityZone",
        "maintenanceWindow",
        "network.delegatedSubnetResourceId",
        "network.privateDnsZoneArmResourceId",
        "network.publicNetworkAccess",
        "sku",
        "storage",
        "version",
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="serverName",
            regex=r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            says="must have 3 to 63 lower case letters, digits and '-', not at the ends",
            source=_PROVIDER + "validate/flexible_server_name.go",
        ),
        Unique(
            path="serverName",
            token=SERVER,
            code="ServerNameAlreadyExists",
            says="is taken: server names are unique over all of Azure",
            source=NAMES,
        ),
        OneOf(
            path="createMode",
            values=("Default", "Create"),
            says="restores and replicas are not simulated; only Default and Create are",
            source="https://learn.microsoft.com/rest/api/postgresql/servers/create-or-update",
        ),
        Required(path="sku", says="is required to create a server: name and tier", when=_new, source=_CREATE),
        Must(
            path="sku",
            name="pair:sku",
            test=sku_in_tier,
            says=("is no compute size of that tier, e.g. Standard_B2s/Burstable, Standard_D2ds_v5/GeneralPurpose"),
            source=_PROVIDER + "validate/flexible_server_sku_name.go",
        ),
        Required(path="version", says="is required to create a server", when=_new, source=_RESOURCE),
        OneOf(
            path="version",
            values=("13", "14", "15", "16", "17", "18"),
            says="11 and 12 can no longer be created; 13 to 18 can",
            source="https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-supported-versions",
        ),
        Required(
            path="administratorLogin",
            when=_with_password,
            says="is required to create a server with password authentication",
            source="azure-mgmt-postgresqlflexibleservers 1.1.0 models.Server",
        ),
        Pattern(
            path="administratorLogin",
            regex=r"[A-Za-z_][A-Za-z0-9_]{0,62}",
            says="must have 1 to 63 letters, digits and '_', not starting with a digit",
            source=_CREATE,
        ),
        Must(
            path="administratorLogin",
            name="reserved:administratorLogin",
            test=lambda value, _: str(value).lower() not in _RESERVED and not str(value).lower().startswith("pg_"),
            says=f"is reserved; not allowed are {', '.join(_RESERVED)} and names that start with pg_",
            source=_PROVIDER + "validate/admin_usernames.go",
        ),
        Required(
            path="administratorLoginPassword",
            when=_with_password,
            says="is required to create a server with password authentication",
            source="azure-mgmt-postgresqlflexibleservers 1.1.0 models.Server",
        ),
        Length(
            path="administratorLoginPassword",
            least=8,
            most=128,
            says="a password has 8 to 128 characters",
            source=_CREATE,
        ),
        Must(
            path="administratorLoginPassword",
            name="complexity:administratorLoginPassword",
            test=_complex,
            says="three of: upper case, lower case, digits, other characters; and not the login in it",
            source=_CREATE,
        ),
        Must(
            path="authConfig",
            name="some:authConfig",
            partial=True,
            test=_some_login,
            says="passwordAuth or activeDirectoryAuth must be Enabled",
            source="https://learn.microsoft.com/azure/postgresql/security/security-entra-concepts",
        ),
        Required(
            path="authConfig.tenantId",
            when=lambda inputs: known(inputs, "authConfig.activeDirectoryAuth") == "Enabled",
            says="is required with activeDirectoryAuth Enabled",
            source="https://learn.microsoft.com/azure/postgresql/security/security-entra-concepts",
        ),
        # The SDK fills in an empty text where nothing is given, and Azure takes it as nothing.
        Pattern(path="authConfig.tenantId", regex=f"({GUID})?", says="must be a tenant's id, a GUID", source=_RESOURCE),
        OneOf(path="availabilityZone", values=("1", "2", "3", ""), says="must be 1, 2 or 3", source=_RESOURCE),
        Between(path="backup.backupRetentionDays", least=7, most=35, source=_RESOURCE),
        Must(
            path="highAvailability.mode",
            name="tier:highAvailability",
            test=_available,
            says="high availability needs tier GeneralPurpose or MemoryOptimized",
            source="https://learn.microsoft.com/azure/reliability/reliability-azure-database-postgresql",
        ),
        Must(
            path="highAvailability.standbyAvailabilityZone",
            test=_other_zone,
            says="must be another zone than availabilityZone with mode ZoneRedundant, and the same with SameZone",
            source="https://learn.microsoft.com/azure/reliability/reliability-azure-database-postgresql",
        ),
        OneOf(path="maintenanceWindow.customWindow", values=("Enabled", "Disabled"), source=_RESOURCE),
        Between(path="maintenanceWindow.dayOfWeek", least=0, most=6, source=_RESOURCE),
        Between(path="maintenanceWindow.startHour", least=0, most=23, source=_RESOURCE),
        Between(path="maintenanceWindow.startMinute", least=0, most=59, source=_RESOURCE),
        Must(
            path="network",
            name="together:network",
            partial=True,
            test=_together,
            says=(
                "a server in a virtual network takes delegatedSubnetResourceId and privateDnsZoneArmResourceId, both"
            ),
            source=_NETWORK,
        ),
        Must(
            path="network.publicNetworkAccess",
            when=_private,
            test=lambda value, _: value != "Enabled",
            says="a server in a virtual network has no public access; leave it out",
            source=_NETWORK,
        ),
        Must(
            path="network.privateDnsZoneArmResourceId",
            name="zone:network",
            test=_zone_name,
            says="the zone's name must end with .postgres.database.azure.com",
            source=_NETWORK,
        ),
        NeedsInCloud(
            path="network.delegatedSubnetResourceId",
            name="same-region:network",
            test=_beside_network,
            says="a server and its virtual network are in one region",
            source=_NETWORK,
        ),
        NeedsInCloud(
            path="network.delegatedSubnetResourceId",
            name="size:network",
            test=_large_enough,
            says="the subnet is a /28 at least",
            source=_NETWORK,
        ),
        Must(
            path="network.privateDnsZoneArmResourceId",
            name="other-name:network",
            test=lambda value, inputs: (
                str(value).rsplit("/", 1)[-1].lower() != host_of(text(inputs, "serverName")).lower()
            ),
            says="the zone may not have the server's own name",
            source=_NETWORK,
        ),
        Refers(path="network.delegatedSubnetResourceId", to=(SUBNET,), source=_NETWORK),
        Refers(path="network.privateDnsZoneArmResourceId", to=(_ZONE,), source=_NETWORK),
        NeedsInCloud(
            path="network.delegatedSubnetResourceId",
            name="delegation:network",
            test=_delegated,
            says="delegate the subnet to Microsoft.DBforPostgreSQL/flexibleServers",
            source=_NETWORK,
        ),
        OneOf(path="storage.storageSizeGB", when=_premium, values=tuple(TIERS_BY_SIZE), source=_RESOURCE),
        Between(
            path="storage.storageSizeGB", name="size-v2:storage", when=_second, least=32, most=65536, source=_STORAGE
        ),
        Must(
            path="storage",
            name="tier:storage",
            when=_premium,
            partial=True,
            test=tier_for_size,
            says="the performance tier must be one that the size allows",
            source=_PROVIDER + "validate/flexible_server_storage_tier.go",
        ),
        Required(
            path="storage.iops",
            when=_second,
            says="is required with storage type PremiumV2_LRS",
            source="azure-mgmt-postgresqlflexibleservers 1.1.0 models.Storage",
        ),
        Required(
            path="storage.throughput",
            when=_second,
            says="is required with storage type PremiumV2_LRS",
            source="azure-mgmt-postgresqlflexibleservers 1.1.0 models.Storage",
        ),
        Between(path="storage.iops", when=_second, least=3000, most=80000, source=_STORAGE),
        Between(path="storage.throughput", when=_second, least=125, most=1200, source=_STORAGE),
        Must(
            path="storage.autoGrow",
            name="kind:storage.autoGrow",
            when=_second,
            test=lambda value, _: value != "Enabled",
            says="a Premium SSD v2 does not grow by itself",
            source=_STORAGE,
        ),
        Forbidden(
            path="storage.tier",
            name="kind:storage.tier",
            when=_second,
            says="is for Premium_LRS: a Premium SSD v2 has iops and throughput",
            source=_STORAGE,
        ),
        Unchangeable(
            path="storage.type",
            absent="Premium_LRS",
            test=lambda old, new: (old or "Premium_LRS") == (new or "Premium_LRS"),
            says="the kind of disk is chosen at creation; restore into a new server",
            source=_STORAGE,
        ),
        Forbidden(
            path="storage.throughput",
            name="premium:storage.throughput",
            when=_premium,
            says="is for storage type PremiumV2_LRS; Premium_LRS has the throughput of its tier",
            source=_STORAGE,
        ),
        Unchangeable(
            path="storage.storageSizeGB",
            test=lambda old, new: not is_set(new) or new >= old,
            says="storage can grow but never shrink",
            source=_STORAGE,
        ),
        NeedsInCloud(
            path="storage.storageSizeGB",
            name="grown:storage",
            code="UpsertServerManagementOperationDowngradeDiskSizeUnsupported",
            test=_smaller_than_it_is,
            says="a disk that has grown by itself (autoGrow) does not shrink either: ask for no less than it has",
            source="https://github.com/Altinn/dialogporten/pull/4127",
        ),
        Unchangeable(
            path="version",
            test=lambda old, new: not is_set(new) or int(new) >= int(old),
            says="a major version can go up but never down; dump into a new server",
            source=_RESOURCE,
        ),
        Unchangeable(
            path="network.delegatedSubnetResourceId",
            absent="",
            test=lambda old, new: str(new).lower() == str(old).lower(),
            says="a server stays in its subnet; make another server",
            source=_RESOURCE,
        ),
    ),
    computed=arm_outputs(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "2025-08-01",
        location=location_of,
        fullyQualifiedDomainName=lambda one: host_of(one.name),
        state=lambda one: "Ready",
        storage=storage_output,
        minorVersion=lambda one: "4",
        replicaCapacity=lambda one: 5,
        replicationRole=lambda one: "Primary",
        privateEndpointConnections=lambda one: [],
        systemData=lambda one: {"createdBy": digest(one.id)},
    ),
    write_only=("administratorLoginPassword", "createMode"),
    replaces=(
        "resourceGroupName",
        "serverName",
        "location",
        "administratorLogin",
        "availabilityZone",
        "backup.geoRedundantBackup",
    ),
    not_checked=(
        "Which sizes, zones and versions a region and subscription offer is not known here.",
        ("That the private DNS zone is linked to the network is not required, and free addresses are not counted."),
        "Restores, replicas, customer-managed keys and identities are not simulated.",
    ),
)

GET_SERVER = Function(
    token="azure-native:dbforpostgresql:getServer",
    about="A flexible server as it is now.",
    sources=("https://learn.microsoft.com/rest/api/postgresql/servers/get",),
    answer=_server,
    rules=(Required(path="resourceGroupName"), Required(path="serverName")),
)

TYPES = (SERVER_TYPE,)
FUNCTIONS = (GET_SERVER,)
