"""Azure Storage: the account, and the function that tells its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    NAMES,
    SUBNET,
    arm_id,
    arm_outputs,
    items,
    location_of,
    placed,
    placed_again,
    provider_id,
    random_suffix,
    region,
    text,
)
from sandbox.azure.rules import (
    EachNeeds,
    apart,
    identity_output,
    identity_rules,
    in_group,
    located,
    public_address,
    tagged,
)
from sandbox.azure.types.groups import shared_key
from sandbox.azure.types.storage import kinds
from sandbox.core.kinds import Function, ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Between, Length, Must, Pattern, Refers, Required, Unchangeable, Unique
from sandbox.core.values import Props, Value, is_set, lookup

__all__ = ["ACCOUNT", "FUNCTIONS", "TYPES", "account_id"]

ACCOUNT = "azure-native:storage:StorageAccount"
_NETWORK = "https://learn.microsoft.com/azure/storage/common/storage-network-security"
_ENCRYPTION = "https://learn.microsoft.com/azure/storage/common/infrastructure-encryption-enable"


def _with_endpoint(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(value, "virtualNetworkResourceId"))
    services = [text(one, "service").lower() for one in items(record.inputs, "serviceEndpoints")] if record else []
    if record is None or {"microsoft.storage", "microsoft.storage.global"} & set(services):
        return None
    return f"{record.id} has no service endpoint Microsoft.Storage"


def _endpoints(one: Computing) -> Mapping[str, str]:
    kinds = {"FileStorage": ("file",), "BlockBlobStorage": ("blob", "dfs", "web"), "BlobStorage": ("blob", "dfs")}
    parts = kinds.get(text(one.inputs, "kind"), ("blob", "dfs", "file", "queue", "table", "web"))
    return {part: f"https://{one.name}.{part}.core.windows.net/" for part in parts}


STORAGE_ACCOUNT = ResourceType(
    token=ACCOUNT,
    about="A storage account: blobs, files, queues and tables under one name.",
    sources=(
        kinds.OVERVIEW,
        (
            "Azure/azure-rest-api-specs "
            "specification/storage/resource-manager/Microsoft.Storage/stable/2024-01-01/storage.json"
        ),
    ),
    id=arm_id("Microsoft.Storage", "storageAccounts", "{accountName}"),
    named_by="accountName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "accountName",
        "location",
        "tags",
        "accessTier",
        "allowBlobPublicAccess",
        "allowCrossTenantReplication",
        "allowSharedKeyAccess",
        "defaultToOAuthAuthentication",
        "enableHttpsTrafficOnly",
        "enableNfsV3",
        "encryption.keySource",
        "encryption.requireInfrastructureEncryption",
        "encryption.services.blob",
        "encryption.services.file",
        "identity",
        "isHnsEnabled",
        "isLocalUserEnabled",
        "isSftpEnabled",
        "keyPolicy.keyExpirationPeriodInDays",
        "kind",
        "largeFileSharesState",
        "minimumTlsVersion",
        "networkRuleSet.bypass",
        "networkRuleSet.defaultAction",
        "networkRuleSet.ipRules[*]",
        "networkRuleSet.virtualNetworkRules[*].virtualNetworkResourceId",
        "networkRuleSet.virtualNetworkRules[*].action",
        "publicNetworkAccess",
        "routingPreference",
        "sasPolicy",
        "sku.name",
    ),
    rules=(
        in_group(),
        located(),
        tagged(longest=128),
        *identity_rules(),
        Pattern(
            path="accountName",
            regex=r"[a-z0-9]{3,24}",
            code="AccountNameInvalid",
            says="must have 3 to 24 lower case letters and digits, nothing else",
            source=NAMES,
        ),
        Unique(
            path="accountName",
            token=ACCOUNT,
            code="StorageAccountAlreadyTaken",
            says="is taken: account names are unique over all of Azure",
            source=NAMES,
        ),
        Must(
            path="sku.name",
            name="pair:sku.name",
            test=kinds.sku_of_kind,
            says="choose a sku that the kind has",
            source=kinds.OVERVIEW,
        ),
        Required(
            path="accessTier", when=kinds.needs_tier, says="is required with kind BlobStorage", source=kinds.OVERVIEW
        ),
        Must(
            path="accessTier",
            name="kind:accessTier",
            test=kinds.tiered,
            says="access tiers are for kinds StorageV2 and BlobStorage",
            source="https://learn.microsoft.com/azure/storage/blobs/access-tiers-overview",
        ),
        Must(
            path="isHnsEnabled",
            test=kinds.namespace_of_kind,
            says="hierarchical namespaces are for StorageV2 with a Standard sku and for BlockBlobStorage",
            source="https://learn.microsoft.com/azure/storage/blobs/create-data-lake-storage-account",
        ),
        Must(
            path="isSftpEnabled",
            test=kinds.needs_namespace,
            says="SFTP needs isHnsEnabled: true",
            source="https://learn.microsoft.com/azure/storage/blobs/secure-file-transfer-protocol-support",
        ),
        Must(
            path="enableNfsV3",
            test=kinds.nfs,
            says="NFS 3.0 needs isHnsEnabled: true and enableHttpsTrafficOnly: false",
            source="https://learn.microsoft.com/azure/storage/blobs/network-file-system-protocol-support-how-to",
        ),
        Must(
            path="largeFileSharesState",
            test=kinds.large_shares,
            says="large file shares are for standard accounts",
            source="https://learn.microsoft.com/azure/storage/files/storage-how-to-create-file-share",
        ),
        Between(
            path="keyPolicy.keyExpirationPeriodInDays",
            least=1,
            source="https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage",
        ),
        Pattern(
            path="sasPolicy.sasExpirationPeriod",
            regex=r"(\d+\.)?([01]\d|2[0-3]):[0-5]\d:[0-5]\d",
            says="must be DD.HH:MM:SS, e.g. 1.15:59:59",
            source="https://learn.microsoft.com/azure/storage/common/sas-expiration-policy",
        ),
        Must(
            path="encryption.keySource",
            test=lambda value, _: value == "Microsoft.Storage",
            says="keys of one's own (Microsoft.Keyvault) are not simulated; use Microsoft.Storage",
            source=_ENCRYPTION,
        ),
        Must(
            path="networkRuleSet.ipRules[*].iPAddressOrRange",
            test=public_address,
            says="must be a public IPv4 address or range in CIDR notation",
            source=_NETWORK,
        ),
        Length(path="networkRuleSet.ipRules", most=400, says="at most 400 addresses and ranges", source=_NETWORK),
        apart("networkRuleSet.ipRules", "iPAddressOrRange", _NETWORK),
        Must(
            path="networkRuleSet.ipRules[*].iPAddressOrRange",
            name="size:ipRules",
            test=lambda value, _: not str(value).endswith(("/31", "/32")),
            says="ranges of /31 and /32 are refused: write the addresses without a prefix length",
            source=_NETWORK,
        ),
        Refers(path="networkRuleSet.virtualNetworkRules[*].virtualNetworkResourceId", to=(SUBNET,), source=_NETWORK),
        EachNeeds(
            path="networkRuleSet.virtualNetworkRules[*]",
            test=_with_endpoint,
            says="add the service endpoint to the subnet first",
            source=_NETWORK,
        ),
        Unchangeable(
            path="encryption.requireInfrastructureEncryption",
            test=lambda old, new: old == new,
            says="infrastructure encryption is chosen at creation; make another account",
            source=_ENCRYPTION,
        ),
        Unchangeable(
            path="enableNfsV3",
            test=lambda old, new: old == new,
            says="NFS 3.0 is chosen at creation; make another account",
            source="https://learn.microsoft.com/azure/storage/blobs/network-file-system-protocol-support-how-to",
        ),
        Unchangeable(
            path="largeFileSharesState",
            test=lambda old, new: old != "Enabled" or new == "Enabled",
            says="large file shares can be turned on but never off",
            source="hashicorp/terraform-provider-azurerm internal/services/storage/storage_account_resource.go",
        ),
        Unchangeable(
            path="kind",
            test=lambda old, new: old == new or (old in ("Storage", "BlobStorage") and new == "StorageV2"),
            says="only Storage and BlobStorage can be upgraded, and only to StorageV2",
            source="https://learn.microsoft.com/azure/storage/common/storage-account-upgrade",
        ),
        Unchangeable(
            path="sku.name",
            test=kinds.convertible,
            says="neither performance (Standard, Premium) nor zones (LRS, GRS to ZRS, GZRS) change by an update: "
            "make another account, or ask for a conversion",
            source="https://learn.microsoft.com/azure/storage/common/redundancy-migration",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Storage/storageAccounts",
        "2024-01-01",
        identity=identity_output,
        primaryEndpoints=_endpoints,
        primaryLocation=lambda one: region(location_of(one)),
        statusOfPrimary=lambda one: "available",
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "accountName", "location", "isHnsEnabled"),
    flags=("networkRuleSet.bypass",),
    on_create=placed,
    on_update=placed_again,
    not_checked=(
        "Which kinds and redundancies a region offers is not known here.",
        (
            "Encryption with keys of one's own, edge zones, Entra for Azure Files and object immutability are not "
            "simulated."
        ),
    ),
)


def account_id(inputs: Props, config: Props) -> str:
    """The id of the storage account that the inputs name."""
    return provider_id(inputs, config, "Microsoft.Storage", "storageAccounts", text(inputs, "accountName"))


def _keys(arguments: Props, cloud: Cloud, config: Props) -> Mapping[str, Any]:
    identity = account_id(arguments, config)
    record = cloud.get(identity)
    if record is None:
        raise ValueError(f"ResourceNotFound: The Resource {identity!r} was not found")
    if is_set(lookup(record.inputs, "allowSharedKeyAccess")) and not lookup(record.inputs, "allowSharedKeyAccess"):
        raise ValueError(
            "KeyBasedAuthenticationNotPermitted: Key based authentication is not permitted on this account"
        )
    names = ("key1", "key2")
    return {"keys": [{"keyName": name, "permissions": "FULL", "value": shared_key(identity, name)} for name in names]}


FUNCTIONS = (
    Function(
        token="azure-native:storage:listStorageAccountKeys",
        about="The keys of a storage account. Secret here; wrap them in pulumi.Output.secret for the real provider.",
        sources=("https://www.pulumi.com/registry/packages/azure-native/api-docs/storage/liststorageaccountkeys/",),
        answer=_keys,
        rules=(Required(path="resourceGroupName", source=NAMES), Required(path="accountName", source=NAMES)),
        secret_outputs=("keys",),
    ),
)

TYPES = (STORAGE_ACCOUNT,)
