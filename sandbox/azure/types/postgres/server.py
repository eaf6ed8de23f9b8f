"""Azure Database for PostgreSQL: the flexible server. What lies in it is in azure_postgres_parts.py.

`on_create` and its siblings are unset: the real cluster behind a server is attached where databases are run. The name
by which it is found is `host_of`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    GUID,
    NAMES,
    arm_id,
    arm_outputs,
    digest,
    group_id,
    known,
    location_of,
    provider_id,
    random_suffix,
    text,
)
from sandbox.azure.rules import in_group, located, tagged
from sandbox.azure.types.postgres.network import NETWORK_RULES, host_of
from sandbox.azure.types.postgres.sizes import sku_in_tier, storage_output
from sandbox.azure.types.postgres.storage import STORAGE_RULES
from sandbox.core.kinds import Function, ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Between, Length, Must, OneOf, Pattern, Required, Unchangeable, Unique
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["FUNCTIONS", "SERVER", "TYPES"]

SERVER = "azure-native:dbforpostgresql:Server"
_ZONE = "azure-native:privatedns:PrivateZone"
_PROVIDER = "hashicorp/terraform-provider-azurerm internal/services/postgres/"
_RESOURCE = _PROVIDER + "postgresql_flexible_server_resource.go"
_STORAGE = "https://learn.microsoft.com/azure/postgresql/extensions/concepts-storage"
_NETWORK = "https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private"
_CREATE = "https://learn.microsoft.com/azure/postgresql/configure-maintain/quickstart-create-server"
_RESERVED = ("azure_superuser", "azure_pg_admin", "azuresu", "admin", "administrator", "root", "guest", "public")


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


def _available(value: Value, inputs: Props) -> bool | str:
    tier = known(inputs, "sku.tier")
    return value in (None, "Disabled") or tier != "Burstable" or "tier Burstable"


def _other_zone(value: Value, inputs: Props) -> bool:
    own, mode = known(inputs, "availabilityZone"), known(inputs, "highAvailability.mode")
    if value == "" or own in (None, ""):
        return True
    return bool(value == own if mode == "SameZone" else value != own or mode != "ZoneRedundant")


def _some_login(value: Value, _: Props) -> bool:
    return known(value, "passwordAuth") != "Disabled" or lookup(value, "activeDirectoryAuth") in ("Enabled", UNKNOWN)


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
        Unchangeable(
            path="version",
            test=lambda old, new: not is_set(new) or int(new) >= int(old),
            says="a major version can go up but never down; dump into a new server",
            source=_RESOURCE,
        ),
        *NETWORK_RULES,
        *STORAGE_RULES,
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
