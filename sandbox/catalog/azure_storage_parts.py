"""Azure Storage: what belongs to an account (containers, file shares, blob service settings, lifecycle)."""

from __future__ import annotations

from sandbox.catalog.azure_arm import NAMES, arm_outputs, in_group, in_parent, items, known, random_suffix, text
from sandbox.catalog.azure_storage import ACCOUNT, account_id
from sandbox.rules import (
    Between,
    Cloud,
    Forbidden,
    Length,
    Must,
    NeedsInCloud,
    OneOf,
    Pattern,
    Required,
    ResourceType,
    UniqueItems,
    arm_id,
)
from sandbox.values import UNKNOWN, Props, Value, is_set, lookup

SHARE = "azure-native:storage:FileShare"
_CONTAINER = "azure-native:storage:BlobContainer"
_SPEC = "Azure/azure-rest-api-specs specification/storage/resource-manager/Microsoft.Storage/stable/2024-01-01/"
_SDK = "pulumi_azure_native 3.29.0 storage."
_BLOBS = "https://learn.microsoft.com/azure/storage/blobs/"
_FILES = "https://learn.microsoft.com/azure/storage/files/"

_IN_ACCOUNT = in_parent(
    "accountName",
    "StorageAccount",
    "Microsoft.Storage",
    "storageAccounts",
    "{accountName}",
    token=ACCOUNT,
)


def _account(inputs: Props, cloud: Cloud, config: Props) -> Props:
    record = cloud.get(account_id(inputs, config))
    return record.inputs if record else {}


def _public(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    if known(inputs, "publicAccess") in (None, "None"):
        return None
    open_account = known(_account(inputs, cloud, config), "allowBlobPublicAccess") is True
    return None if open_account else "Public access is not permitted on this storage account"


BLOB_CONTAINER = ResourceType(
    token=_CONTAINER,
    about="A container of blobs.",
    sources=(_SPEC + "blob.json", _BLOBS + "storage-blob-container-create"),
    id=arm_id(
        "Microsoft.Storage", "storageAccounts", "{accountName}", "blobServices/default/containers", "{containerName}"
    ),
    named_by="containerName",
    autoname=random_suffix,
    properties=("resourceGroupName", "accountName", "containerName", "metadata", "publicAccess"),
    rules=(
        in_group(),
        _IN_ACCOUNT,
        Pattern(
            path="containerName",
            regex=r"\$root|\$web|\$logs|(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            code="InvalidResourceName",
            says="must have 3 to 63 lower case letters, digits and single '-', not at the ends",
            source=NAMES,
        ),
        Must(
            path="metadata",
            test=lambda value, _: all(str(key).isidentifier() for key in value) or ", ".join(value),
            partial=True,
            says="names must be letters, digits and '_', not starting with a digit",
            source="https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata",
        ),
        NeedsInCloud(
            path="publicAccess",
            name="open:publicAccess",
            code="PublicAccessNotPermitted",
            test=_public,
            says="set allowBlobPublicAccess on the account first, or better leave publicAccess None",
            source=_BLOBS + "anonymous-read-access-configure",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "2024-01-01",
        hasImmutabilityPolicy=lambda one: False,
        hasLegalHold=lambda one: False,
        leaseState=lambda one: "Available",
        leaseStatus=lambda one: "Unlocked",
    ),
    replaces=("resourceGroupName", "accountName", "containerName"),
    not_checked=("A container with an immutability policy or a legal hold cannot be deleted in the real one.",),
)


def _restore_needs(value: Value, inputs: Props) -> bool | str:
    if known(value, "enabled") is not True:
        return True
    for name in ("isVersioningEnabled", "changeFeed.enabled", "deleteRetentionPolicy.enabled"):
        if lookup(inputs, name) not in (True, UNKNOWN):
            return f"without {name}"
    days, kept = known(value, "days"), known(inputs, "deleteRetentionPolicy.days")
    return days is None or kept is None or 0 < days < kept or f"days {days} with deleteRetentionPolicy.days {kept}"


def _days_when_on(value: Value, _: Props) -> bool:
    return known(value, "enabled") is not True or is_set(lookup(value, "days"))


def _permanent(value: Value, inputs: Props) -> bool:
    return value is not True or known(inputs, "restorePolicy.enabled") is not True


def _flat(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    hierarchical = known(_account(inputs, cloud, config), "isHnsEnabled") is True
    wanted = known(inputs, "isVersioningEnabled") is True
    return "the account has isHnsEnabled: true" if hierarchical and wanted else None


BLOB_SERVICE_PROPERTIES = ResourceType(
    token="azure-native:storage:BlobServiceProperties",  # noqa: S106 - a type's token
    about="The settings of an account's blobs: versions, soft delete, change feed.",
    sources=(_SPEC + "blob.json", _BLOBS + "point-in-time-restore-overview"),
    id=arm_id("Microsoft.Storage", "storageAccounts", "{accountName}", "blobServices", "{blobServicesName}"),
    named_by="blobServicesName",
    properties=(
        "resourceGroupName",
        "accountName",
        "blobServicesName",
        "changeFeed",
        "containerDeleteRetentionPolicy",
        "cors.corsRules",
        "defaultServiceVersion",
        "deleteRetentionPolicy",
        "isVersioningEnabled",
        "restorePolicy",
    ),
    rules=(
        in_group(),
        _IN_ACCOUNT,
        Required(path="blobServicesName", says="is required: default", source=_SPEC + "blob.json"),
        OneOf(
            path="blobServicesName",
            values=("default",),
            says="must be default: an account has one blob service",
            source=_SPEC + "blob.json",
        ),
        Between(path="changeFeed.retentionInDays", least=1, most=146000, source=_SDK + "ChangeFeedArgs"),
        *(
            rule
            for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")
            for rule in (
                Between(path=f"{policy}.days", least=1, most=365, source=_SDK + "DeleteRetentionPolicyArgs"),
                Must(
                    path=policy,
                    name=f"days:{policy}",
                    partial=True,
                    test=_days_when_on,
                    says="needs days when it is enabled",
                    source=_SDK + "DeleteRetentionPolicyArgs",
                ),
            )
        ),
        Must(
            path="deleteRetentionPolicy.allowPermanentDelete",
            test=_permanent,
            says="cannot be used with a restore policy",
            source=_SDK + "DeleteRetentionPolicyArgs",
        ),
        Must(
            path="restorePolicy",
            name="needs:restorePolicy",
            partial=True,
            test=_restore_needs,
            says="needs versioning, change feed and soft delete, and fewer days than soft delete keeps",
            source=_BLOBS + "point-in-time-restore-overview",
        ),
        Length(path="cors.corsRules", most=5, says="at most five CORS rules", source=_SPEC + "blob.json"),
        Pattern(
            path="defaultServiceVersion",
            regex=r"20\d\d-\d\d-\d\d",
            says="must be a version of the Storage API: 2017-07-29",
            source=_SPEC + "blob.json",
        ),
        NeedsInCloud(
            path="isVersioningEnabled",
            name="flat:isVersioningEnabled",
            test=_flat,
            says="versions are not for accounts with a hierarchical namespace",
            source="hashicorp/terraform-provider-azurerm internal/services/storage/storage_account_resource.go",
        ),
    ),
    computed=arm_outputs("Microsoft.Storage/storageAccounts/blobServices", "2024-01-01"),
    replaces=("resourceGroupName", "accountName", "blobServicesName"),
    not_checked=("Deleting these settings leaves them on the account.",),
)

_ACTIONS = "policy.rules[*].definition.actions"
_FILTERS = "policy.rules[*].definition.filters"
_LIFECYCLE = _BLOBS + "lifecycle-management-policy-structure"


def _does_something(value: Value, _: Props) -> bool:
    return any(is_set(lookup(value, name)) for name in ("baseBlob", "snapshot", "version"))


def _one_condition(value: Value, _: Props) -> bool | str:
    names = [name for name in value if str(name).startswith("daysAfter")]
    plain = [name for name in names if "LastTierChange" not in name]
    return len(plain) == 1 or f"{', '.join(plain) or 'none'}"


def _block_blobs(value: Value, _: Props) -> bool:
    kinds = items(value, "filters.blobTypes")
    tiers = [
        name
        for name in ("tierToCool", "tierToCold", "tierToArchive", "tierToHot")
        if known(value, f"actions.baseBlob.{name}")
    ]
    return "appendBlob" not in kinds or not tiers


MANAGEMENT_POLICY = ResourceType(
    token="azure-native:storage:ManagementPolicy",  # noqa: S106 - a type's token
    about="What happens to blobs as they age: cheaper tiers, deletion.",
    sources=(_SPEC + "storage.json", _LIFECYCLE),
    id=arm_id("Microsoft.Storage", "storageAccounts", "{accountName}", "managementPolicies", "{managementPolicyName}"),
    named_by="managementPolicyName",
    properties=("resourceGroupName", "accountName", "managementPolicyName", "policy"),
    rules=(
        in_group(),
        _IN_ACCOUNT,
        Required(path="managementPolicyName", says="is required: default", source=_SPEC + "storage.json"),
        OneOf(
            path="managementPolicyName",
            values=("default",),
            says="must be default: an account has one policy",
            source=_SPEC + "storage.json",
        ),
        Length(path="policy.rules", least=1, most=100, says="1 to 100 rules", source=_LIFECYCLE),
        UniqueItems(path="policy.rules", key="name", source=_LIFECYCLE),
        Pattern(
            path="policy.rules[*].name",
            regex=r"[A-Za-z0-9-]{1,256}",
            says="must have 1 to 256 letters, digits and '-'",
            source=_LIFECYCLE,
        ),
        Must(
            path=_ACTIONS,
            partial=True,
            test=_does_something,
            says="needs an action on baseBlob, snapshot or version",
            source=_LIFECYCLE,
        ),
        Must(
            path=f"{_ACTIONS}.baseBlob.{{*}}",
            name="condition:baseBlob",
            test=lambda value, inputs: not isinstance(value, dict) or _one_condition(value, inputs),
            says="an action has one condition: daysAfterModification-, Creation- or LastAccessTimeGreaterThan",
            source=_LIFECYCLE,
        ),
        Must(
            path=f"{_ACTIONS}.baseBlob.{{*}}.{{*}}",
            name="days:baseBlob",
            test=lambda value, _: isinstance(value, bool) or value >= 0,
            says="days may not be negative",
            source=_LIFECYCLE,
        ),
        Required(path=_FILTERS, says="are required: blobTypes at least", source=_LIFECYCLE),
        Must(
            path=f"{_FILTERS}.blobTypes",
            test=lambda value, _: bool(value) and set(value) <= {"blockBlob", "appendBlob"},
            says="must be blockBlob and, for deletion only, appendBlob",
            source=_LIFECYCLE,
        ),
        Length(path=f"{_FILTERS}.prefixMatch", most=10, says="at most ten prefixes a rule", source=_LIFECYCLE),
        Must(
            path="policy.rules[*].definition",
            name="append:definition",
            partial=True,
            test=_block_blobs,
            says="append blobs have no tiers: delete is the only action for them",
            source=_LIFECYCLE,
        ),
    ),
    computed=arm_outputs("Microsoft.Storage/storageAccounts/managementPolicies", "2024-01-01"),
    replaces=("resourceGroupName", "accountName", "managementPolicyName"),
)


def _premium(inputs: Props, cloud: Cloud, config: Props) -> bool:
    return text(_account(inputs, cloud, config), "kind") == "FileStorage"


def _nfs(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    wanted = known(inputs, "enabledProtocols") == "NFS" and bool(_account(inputs, cloud, config))
    return "the account is not of kind FileStorage" if wanted and not _premium(inputs, cloud, config) else None


def _quota(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    quota, premium = known(inputs, "shareQuota"), _premium(inputs, cloud, config)
    if quota is None or not text(_account(inputs, cloud, config), "kind"):
        return None
    least = 100 if premium else 1
    return f"{quota} GiB (a premium share has at least 100)" if quota < least else None


def _tier(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    tier = text(inputs, "accessTier")
    if not tier or not text(_account(inputs, cloud, config), "kind"):
        return None
    fits = (tier == "Premium") == _premium(inputs, cloud, config)
    return None if fits else f"{tier} with an account of kind {text(_account(inputs, cloud, config), 'kind')}"


FILE_SHARE = ResourceType(
    token=SHARE,
    about="A file share.",
    sources=(_SPEC + "file.json", _FILES + "storage-how-to-create-file-share"),
    id=arm_id("Microsoft.Storage", "storageAccounts", "{accountName}", "fileServices/default/shares", "{shareName}"),
    named_by="shareName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "accountName",
        "shareName",
        "accessTier",
        "enabledProtocols",
        "metadata",
        "rootSquash",
        "shareQuota",
    ),
    rules=(
        in_group(),
        _IN_ACCOUNT,
        Pattern(
            path="shareName",
            regex=r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            code="InvalidResourceName",
            says="must have 3 to 63 lower case letters, digits and single '-', not at the ends",
            source=NAMES,
        ),
        Between(path="shareQuota", least=1, most=102400, says="must be 1 to 102400 GiB", source=_SPEC + "file.json"),
        Forbidden(
            path="rootSquash",
            when=lambda inputs: lookup(inputs, "enabledProtocols") not in ("NFS", UNKNOWN),
            says="is for enabledProtocols NFS",
            source=_FILES + "files-nfs-protocol",
        ),
        NeedsInCloud(
            path="enabledProtocols",
            name="kind:enabledProtocols",
            test=_nfs,
            says="NFS shares need a premium account (kind FileStorage)",
            source=_FILES + "files-nfs-protocol",
        ),
        NeedsInCloud(
            path="shareQuota",
            name="kind:shareQuota",
            test=_quota,
            says="ask for 100 GiB or more",
            source=_FILES + "understanding-billing",
        ),
        NeedsInCloud(
            path="accessTier",
            name="kind:accessTier",
            test=_tier,
            says="Premium is the tier of FileStorage accounts; the others have Hot, Cool or TransactionOptimized",
            source=_FILES + "storage-how-to-create-file-share",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Storage/storageAccounts/fileServices/shares",
        "2024-01-01",
        leaseState=lambda one: "Available",
        leaseStatus=lambda one: "Unlocked",
    ),
    replaces=("resourceGroupName", "accountName", "shareName", "enabledProtocols"),
)

TYPES = (BLOB_CONTAINER, BLOB_SERVICE_PROPERTIES, MANAGEMENT_POLICY, FILE_SHARE)
