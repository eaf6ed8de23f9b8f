"""Azure: what the platform keeps there. From Microsoft's reference of each type; the apps are in `azure_apps`."""

from __future__ import annotations

from collections.abc import Mapping

from policy.known import azure_apps
from policy.known.kind import ANY, INTENT, MARK, TEXT, Allowed, Fact, Kind, Like, Named, Only, Within
from policy.known.names import BLOBS, IDENTITY, TAG

__all__ = ["KINDS"]

_PLACE: Mapping[str, Allowed] = {"resourceGroupName": ANY, "location": ANY}
_TAGS: Mapping[str, Allowed] = {"tags.*": TEXT}
_OURS: Mapping[str, Allowed] = {**_PLACE, **_TAGS}
_EXTENSIONS = "VECTOR|PG_TRGM|PGCRYPTO|UNACCENT|UUID-OSSP|PG_STAT_STATEMENTS"

KINDS: Mapping[str, Kind] = {
    **azure_apps.KINDS,
    "azure-native:resources:ResourceGroup": Kind(properties=_OURS),
    "azure-native:authorization:RoleAssignment": Kind(
        properties={
            "roleAssignmentName": ANY,
            "principalId": ANY,
            "principalType": Only("ServicePrincipal"),
            "roleDefinitionId": ANY,  # roles-confined
            "scope": ANY,
            "description": Like(r"\[intent [0-9a-f]{24}\]", "the mark of an intent"),
        },
        required=("principalId", "principalType", "roleDefinitionId", "scope"),
        in_tenants=True,
    ),
    "azure-native:managedidentity:UserAssignedIdentity": Kind(
        properties={"resourceName": Named(IDENTITY), **_OURS, "tags.tenant": Named(TAG)}, in_tenants=True
    ),
    "azure-native:operationalinsights:Workspace": Kind(
        properties={
            "workspaceName": ANY,
            "retentionInDays": Within(30, 730),
            "sku.name": Only("PerGB2018"),
            **_OURS,
        }
    ),
    # PostgreSQL
    "azure-native:dbforpostgresql:Server": Kind(
        properties={
            "serverName": ANY,
            "administratorLogin": Like(r"[a-z][a-z0-9_]*_admin", "the name of the system's administrator"),
            "administratorLoginPassword": ANY,  # secrets-not-plain
            "authConfig.activeDirectoryAuth": Only("Disabled"),
            "authConfig.passwordAuth": Only("Enabled"),
            "authConfig.tenantId": Only(""),
            "availabilityZone": ANY,
            "backup.backupRetentionDays": Within(7, 35),
            "backup.geoRedundantBackup": ANY,
            "createMode": Only("Default", "Create"),
            "highAvailability.mode": ANY,
            "highAvailability.standbyAvailabilityZone": ANY,
            "network.publicNetworkAccess": ANY,  # database-private
            "sku.name": ANY,
            "sku.tier": ANY,
            "storage.autoGrow": Only("Enabled"),
            "storage.storageSizeGB": ANY,
            "version": Only("16", "17", "18"),
            **_OURS,
        },
        required=("administratorLogin", "version", "backup.backupRetentionDays", "network.publicNetworkAccess"),
    ),
    "azure-native:dbforpostgresql:Configuration": Kind(
        properties={
            "resourceGroupName": ANY,
            "serverName": ANY,
            "configurationName": Only(
                "azure.extensions",
                "log_connections",
                "require_secure_transport",
                "ssl_min_protocol_version",
                "temp_file_limit",
            ),
            "source": Only("user-override"),
            "value": Like(
                rf"(?i)ON|[1-9]\d{{3,6}}|TLSv1\.[23]|({_EXTENSIONS})(,({_EXTENSIONS}))*",
                "one that keeps the server closed",
            ),
        },
        required=("configurationName", "value"),
    ),
    "azure-native:dbforpostgresql:FirewallRule": Kind(
        properties={
            "resourceGroupName": ANY,
            "serverName": ANY,
            "firewallRuleName": ANY,
            "startIpAddress": ANY,  # database-private
            "endIpAddress": ANY,
        },
        required=("startIpAddress", "endIpAddress"),
    ),
    # Key Vault
    "azure-native:keyvault:Vault": Kind(
        properties={
            "vaultName": ANY,
            "properties.enablePurgeProtection": ANY,  # key-vault-guarded
            "properties.enableRbacAuthorization": ANY,
            "properties.enableSoftDelete": ANY,
            "properties.softDeleteRetentionInDays": ANY,
            # Whoever deploys a template or a machine would read secrets.
            "properties.enabledForDeployment": Only(False),
            "properties.enabledForDiskEncryption": Only(False),
            "properties.enabledForTemplateDeployment": Only(False),
            "properties.publicNetworkAccess": Only("enabled", "disabled"),
            "properties.sku.family": Only("A"),
            "properties.sku.name": Only("standard", "premium"),
            "properties.tenantId": Fact("directory_id"),
            **_OURS,
        }
    ),
    "azure-native:keyvault:Secret": Kind(
        properties={
            "resourceGroupName": ANY,
            "vaultName": Like(r"kv-.*[0-9a-f]{6}", "the vault of the system"),
            "secretName": ANY,
            "properties.value": ANY,  # secrets-not-plain
            **_TAGS,
        },
        required=("vaultName", "secretName"),
    ),
    # Networks
    "azure-native:network:VirtualNetwork": Kind(
        properties={
            "virtualNetworkName": ANY,
            "addressSpace.addressPrefixes[]": ANY,
            "enableDdosProtection": ANY,
            "enableVmProtection": ANY,
            **_OURS,
        }
    ),
    "azure-native:network:Subnet": Kind(
        properties={
            "resourceGroupName": ANY,
            "virtualNetworkName": ANY,
            "subnetName": ANY,
            "addressPrefix": ANY,
            "delegations[].name": ANY,
            "delegations[].serviceName": Only("Microsoft.App/environments"),
            "privateEndpointNetworkPolicies": Only("Disabled"),
            "privateLinkServiceNetworkPolicies": Only("Enabled"),
        }
    ),
    "azure-native:network:PrivateEndpoint": Kind(
        properties={
            "privateEndpointName": ANY,
            "privateLinkServiceConnections[].name": ANY,
            "privateLinkServiceConnections[].groupIds[]": Only("postgresqlServer", "redisEnterprise"),
            "privateLinkServiceConnections[].privateLinkServiceId": ANY,
            "subnet.id": ANY,
            "subnet.privateEndpointNetworkPolicies": Only("Disabled"),
            "subnet.privateLinkServiceNetworkPolicies": Only("Enabled"),
            **_OURS,
        }
    ),
    "azure-native:network:PrivateDnsZoneGroup": Kind(
        properties={
            "resourceGroupName": ANY,
            "privateEndpointName": ANY,
            "privateDnsZoneGroupName": ANY,
            "privateDnsZoneConfigs[].name": ANY,
            "privateDnsZoneConfigs[].privateDnsZoneId": ANY,
        }
    ),
    "azure-native:privatedns:PrivateZone": Kind(
        properties={
            "privateZoneName": Like(r"privatelink\.(postgres\.database\.azure\.com|redis\.azure\.net)", "Azure's"),
            **_OURS,
        }
    ),
    "azure-native:privatedns:VirtualNetworkLink": Kind(
        properties={
            **_PLACE,
            "privateZoneName": ANY,
            "virtualNetworkLinkName": ANY,
            "virtualNetwork.id": ANY,
            "registrationEnabled": Only(False),
            f"tags.{INTENT}": MARK,
        }
    ),
    # Redis
    "azure-native:redisenterprise:RedisEnterprise": Kind(
        properties={
            "clusterName": ANY,
            "highAvailability": ANY,
            "minimumTlsVersion": ANY,  # tls-minimum
            "publicNetworkAccess": ANY,  # database-private
            "sku.name": ANY,
            **_OURS,
        }
    ),
    "azure-native:redisenterprise:Database": Kind(
        properties={
            "resourceGroupName": ANY,
            "clusterName": ANY,
            "databaseName": ANY,
            "port": ANY,
            "accessKeysAuthentication": Only("Enabled", "Disabled"),
            "clientProtocol": ANY,  # tls-minimum
            "clusteringPolicy": Only("NoCluster"),
            "evictionPolicy": Only("NoEviction"),  # a queue forgets nothing
            "persistence.aofEnabled": Only(True),
            "persistence.aofFrequency": Only("1s", "always"),
        }
    ),
    # Blobs
    "azure-native:storage:StorageAccount": Kind(
        properties={
            "accountName": ANY,
            "accessTier": ANY,
            "allowBlobPublicAccess": ANY,  # storage-private
            "allowCrossTenantReplication": ANY,
            "allowSharedKeyAccess": ANY,
            "defaultToOAuthAuthentication": Only(True),
            "enableHttpsTrafficOnly": ANY,  # tls-minimum
            "minimumTlsVersion": ANY,
            "kind": Only("StorageV2"),
            "sku.name": Like(r"Standard_(LRS|ZRS|GRS|GZRS|RAGRS|RAGZRS)", "a kind of storage for blobs"),
            **_OURS,
        }
    ),
    "azure-native:storage:BlobContainer": Kind(
        properties={
            "resourceGroupName": ANY,
            "accountName": ANY,  # names-own
            "containerName": Named(BLOBS),
            "publicAccess": ANY,  # storage-private
            "immutableStorageWithVersioning.enabled": ANY,  # backups-immutable
            "metadata.tenant": Named(TAG),
            f"metadata.{INTENT.replace('-', '_')}": MARK,
        },
        in_tenants=True,
    ),
    "azure-native:storage:BlobServiceProperties": Kind(
        properties={
            "resourceGroupName": ANY,
            "accountName": ANY,
            "blobServicesName": ANY,
            "containerDeleteRetentionPolicy.enabled": Only(True),
            "containerDeleteRetentionPolicy.days": Within(7, 365),
            "deleteRetentionPolicy.enabled": Only(True),
            "deleteRetentionPolicy.days": Within(7, 365),
            "isVersioningEnabled": Only(True),
        }
    ),
    "azure-native:storage:ManagementPolicy": Kind(
        properties={
            "resourceGroupName": ANY,
            "accountName": ANY,
            "managementPolicyName": ANY,
            "policy.rules[].name": ANY,
            "policy.rules[].type": ANY,
            "policy.rules[].enabled": ANY,
            "policy.rules[].definition.filters.blobTypes[]": ANY,
            "policy.rules[].definition.filters.prefixMatch[]": ANY,
            "policy.rules[].definition.actions.baseBlob.tierToCool.daysAfterModificationGreaterThan": ANY,
            # Old versions go after a while; nothing here deletes what is current.
            "policy.rules[].definition.actions.version.delete.daysAfterCreationGreaterThan": Within(7, 3650),
        }
    ),
    "pulumi:providers:azure-native": Kind(
        properties={
            "version": ANY,
            "environment": Only("public"),
            "subscriptionId": Fact("subscription_id"),
            "tenantId": Fact("directory_id"),
        },
        in_tenants=True,
    ),
}
