"""Under which ids vendors know things, by type, as far as that follows from their inputs: tables, and nothing is asked.

What has to be asked is in deploy.identities.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["IDS", "LEFT_OUT", "NOWHERE", "PROVES_ITSELF"]

_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_ARM = f"{_GROUP}/providers/Microsoft."
_SERVER = f"{_ARM}DBforPostgreSQL/flexibleServers/{{serverName}}"
_STORE = f"{_ARM}Storage/storageAccounts/{{accountName}}"
_APPS = f"{_ARM}App/managedEnvironments/{{environmentName}}"
_ENDPOINT = f"{_ARM}Network/privateEndpoints/{{privateEndpointName}}"
_NETWORK = f"{_ARM}Network/virtualNetworks/{{virtualNetworkName}}"
_ZONE = f"{_ARM}Network/privateDnsZones/{{privateZoneName}}"

IDS: Mapping[str, str] = {
    "azure-native:resources:ResourceGroup": _GROUP,
    "azure-native:operationalinsights:Workspace": f"{_ARM}OperationalInsights/workspaces/{{workspaceName}}",
    "azure-native:network:VirtualNetwork": _NETWORK,
    "azure-native:network:Subnet": f"{_NETWORK}/subnets/{{subnetName}}",
    "azure-native:network:NetworkSecurityGroup": (f"{_ARM}Network/networkSecurityGroups/{{networkSecurityGroupName}}"),
    "azure-native:network:PrivateEndpoint": _ENDPOINT,
    "azure-native:network:PrivateDnsZoneGroup": f"{_ENDPOINT}/privateDnsZoneGroups/{{privateDnsZoneGroupName}}",
    "azure-native:privatedns:PrivateZone": _ZONE,
    "azure-native:privatedns:VirtualNetworkLink": f"{_ZONE}/virtualNetworkLinks/{{virtualNetworkLinkName}}",
    "azure-native:managedidentity:UserAssignedIdentity": (
        f"{_ARM}ManagedIdentity/userAssignedIdentities/{{resourceName}}"
    ),
    "azure-native:authorization:RoleAssignment": (
        "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"
    ),
    "azure-native:keyvault:Vault": f"{_ARM}KeyVault/vaults/{{vaultName}}",
    "azure-native:keyvault:Secret": f"{_ARM}KeyVault/vaults/{{vaultName}}/secrets/{{secretName}}",
    "azure-native:storage:StorageAccount": _STORE,
    "azure-native:storage:BlobContainer": f"{_STORE}/blobServices/default/containers/{{containerName}}",
    "azure-native:storage:FileShare": f"{_STORE}/fileServices/default/shares/{{shareName}}",
    "azure-native:storage:ManagementPolicy": f"{_STORE}/managementPolicies/{{managementPolicyName}}",
    "azure-native:dbforpostgresql:Server": _SERVER,
    "azure-native:dbforpostgresql:Database": f"{_SERVER}/databases/{{databaseName}}",
    "azure-native:dbforpostgresql:FirewallRule": f"{_SERVER}/firewallRules/{{firewallRuleName}}",
    "azure-native:redisenterprise:RedisEnterprise": f"{_ARM}Cache/redisEnterprise/{{clusterName}}",
    "azure-native:redisenterprise:Database": f"{_ARM}Cache/redisEnterprise/{{clusterName}}/databases/{{databaseName}}",
    "azure-native:app:ManagedEnvironment": _APPS,
    "azure-native:app:ManagedEnvironmentsStorage": f"{_APPS}/storages/{{storageName}}",
    "azure-native:app:Certificate": f"{_APPS}/certificates/{{certificateName}}",
    "azure-native:app:ManagedCertificate": f"{_APPS}/managedCertificates/{{managedCertificateName}}",
    "azure-native:app:ContainerApp": f"{_ARM}App/containerApps/{{containerAppName}}",
    "cloudflare:index/r2Bucket:R2Bucket": "{name}",
    "docker:index/volume:Volume": "{name}",
    "smarteros-apps:redis:AclUser": "{name}",
    "smarteros-apps:postgres:Migrations": "{database}/{set}",
    "postgresql:index/role:Role": "{name}",
    "postgresql:index/database:Database": "{name}",
    "postgresql:index/extension:Extension": "{database}.{name}",
    "postgresql:index/schema:Schema": "{database}.{name}",
    "vault:index/mount:Mount": "{path}",
    "vault:index/policy:Policy": "{name}",
    "vault:index/authBackend:AuthBackend": "{path|type}",
    "vault:index/audit:Audit": "{path|type}",
    "vault:appRole/authBackendRole:AuthBackendRole": "auth/{backend}/role/{roleName}",
    "vault:transit/secretBackendKey:SecretBackendKey": "{backend}/keys/{name}",
    "vault:kv/secretV2:SecretV2": "{mount}/data/{name}",
}
"""Token → id, with names of inputs (or of the provider's configuration) in braces; a|b: b when a is not given."""

LEFT_OUT = {"jurisdiction": "default", "database": "postgres", "backend": "approle"}
"""What a vendor takes an input for that is not given."""

NOWHERE = (
    *("random:", "tls:", "command:", "pulumi:providers:", "vault:appRole/authBackendRoleSecretId:"),
    # What the vendor's API can't delete is always there: the provider takes it as it is (pulumi-azure-native,
    # provider/pkg/azure, CanCreate: isSingletonResource).
    *("azure-native:storage:BlobServiceProperties", "azure-native:dbforpostgresql:Configuration"),
    # Creating it gives the role its comment, password and settings, whatever it has (provider/sessions.py).
    "smarteros-apps:postgres:Sessions",
    # All rules of a bucket are put at once, a setting of a zone is always there: creating sets it.
    *(
        "cloudflare:index/r2BucketLifecycle:",
        "cloudflare:index/zoneSetting:",
        "cloudflare:index/customHostnameFallbackOrigin:",
        "cloudflare:index/r2BucketLock:",
    ),
)
"""Created in Pulumi's state alone, or made again without harm: beginnings of tokens."""

PROVES_ITSELF = ("cloudflare:index/originCaCertificate:OriginCaCertificate",)
"""What is found by something that nobody else has: a request that was signed with a key of this stack."""
