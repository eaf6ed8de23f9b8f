"""Azure Storage: what holds things in an account (containers of blobs, file shares)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.azure.names import NAMES, arm_id, arm_outputs, known, random_suffix, text
from sandbox.azure.rules import in_group, in_parent
from sandbox.azure.types.storage.account import ACCOUNT, account_id
from sandbox.azure.types.storage.values import metadata_rule
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Between, Forbidden, NeedsInCloud, Pattern, Unchangeable
from sandbox.core.values import UNKNOWN, Props, lookup

__all__ = ["CONTAINER", "IN_ACCOUNT", "PARTS_BY_KIND", "TYPES", "account_inputs", "without_part"]

SHARE = "azure-native:storage:FileShare"
CONTAINER = "azure-native:storage:BlobContainer"
_BLOB_SERVICE = "azure-native:storage:BlobServiceProperties"
_SPEC = "Azure/azure-rest-api-specs specification/storage/resource-manager/Microsoft.Storage/stable/2024-01-01/"
_BLOBS = "https://learn.microsoft.com/azure/storage/blobs/"
_VERSION_LEVEL = _BLOBS + "immutable-version-level-worm-policies"
_OVERVIEW = "https://learn.microsoft.com/azure/storage/common/storage-account-overview"
PARTS_BY_KIND = {"FileStorage": ("file",), "BlockBlobStorage": ("blob", "dfs", "web"), "BlobStorage": ("blob", "dfs")}
"""Kind of account → the parts that it has, where it has not all of them."""
_FILES = "https://learn.microsoft.com/azure/storage/files/"

IN_ACCOUNT = in_parent(
    "accountName",
    "StorageAccount",
    "Microsoft.Storage",
    "storageAccounts",
    "{accountName}",
    token=ACCOUNT,
)


def account_inputs(inputs: Props, cloud: Cloud, config: Props) -> Props:
    """The inputs of the storage account that the inputs name; {} when there is none."""
    record = cloud.get(account_id(inputs, config))
    return record.inputs if record else {}


def without_part(part: str) -> Callable[[Props, Cloud, Props], str | None]:
    """For `NeedsInCloud`: an account whose kind has no such part (blob, file)."""

    def test(inputs: Props, cloud: Cloud, config: Props) -> str | None:
        kind = text(account_inputs(inputs, cloud, config), "kind")
        parts = PARTS_BY_KIND.get(kind)
        return None if parts is None or part in parts else f"the account is of kind {kind}"

    return test


def _public(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    if known(inputs, "publicAccess") in (None, "None"):
        return None
    open_account = known(account_inputs(inputs, cloud, config), "allowBlobPublicAccess") is True
    return None if open_account else "Public access is not permitted on this storage account"


def _wants_versions_kept(inputs: Props) -> bool:
    return known(inputs, "immutableStorageWithVersioning.enabled") is True


def _without_versions(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    if not _wants_versions_kept(inputs):
        return None
    account = account_id(inputs, config).lower()
    for record in cloud.find(_BLOB_SERVICE):
        of_it = record.id.lower().startswith(f"{account}/")
        if of_it and known(record.inputs, "isVersioningEnabled") is True:
            return None
    return "the account keeps no versions"


def _without_support(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    account = account_inputs(inputs, cloud, config)
    kind, hierarchical = text(account, "kind"), known(account, "isHnsEnabled") is True
    if not _wants_versions_kept(inputs) or not kind:
        return None
    if hierarchical:
        return "the account has isHnsEnabled: true"
    return None if kind in ("StorageV2", "BlockBlobStorage") else f"the account is of kind {kind}"


BLOBCONTAINER = ResourceType(
    token=CONTAINER,
    about="A container of blobs.",
    sources=(_SPEC + "blob.json", _BLOBS + "storage-blob-container-create"),
    id=arm_id(
        "Microsoft.Storage", "storageAccounts", "{accountName}", "blobServices/default/containers", "{containerName}"
    ),
    named_by="containerName",
    autoname=random_suffix,
    properties=(
        *("resourceGroupName", "accountName", "containerName", "metadata", "publicAccess"),
        "immutableStorageWithVersioning.enabled",
    ),
    rules=(
        in_group(),
        IN_ACCOUNT,
        Pattern(
            path="containerName",
            regex=r"\$root|\$web|\$logs|(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            code="InvalidResourceName",
            says="must have 3 to 63 lower case letters, digits and single '-', not at the ends",
            source=NAMES,
        ),
        metadata_rule(),
        NeedsInCloud(
            path="accountName",
            name="blobs:accountName",
            test=without_part("blob"),
            says="containers of blobs are for StorageV2, Storage, BlobStorage and BlockBlobStorage",
            source=_OVERVIEW,
        ),
        NeedsInCloud(
            path="publicAccess",
            name="open:publicAccess",
            code="PublicAccessNotPermitted",
            test=_public,
            says="set allowBlobPublicAccess on the account first, or better leave publicAccess None",
            source=_BLOBS + "anonymous-read-access-configure",
        ),
        Unchangeable(
            path="immutableStorageWithVersioning.enabled",
            absent=False,
            test=lambda old, new: old == new,
            says="can only be set as the container is made: an existing one is migrated (az storage container-rm "
            "migrate-vlw), and it is never off again",
            source=_SPEC + "blob.json",
        ),
        NeedsInCloud(
            path="immutableStorageWithVersioning",
            name="versions:immutableStorageWithVersioning",
            test=_without_versions,
            says="turn on isVersioningEnabled of the account's blob service first",
            source=_VERSION_LEVEL + "#version-dependency",
        ),
        NeedsInCloud(
            path="immutableStorageWithVersioning",
            name="kind:immutableStorageWithVersioning",
            test=_without_support,
            says="is for accounts of kind StorageV2 or BlockBlobStorage without a hierarchical namespace",
            source=_VERSION_LEVEL + "#availability",
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
    not_checked=(
        "a container with an immutability policy, a legal hold or immutableStorageWithVersioning can't be deleted "
        "before it is empty: no blob is kept here",
        "policies of single blobs: they are set over the blob's own API, which nothing answers here",
    ),
)


def _premium(inputs: Props, cloud: Cloud, config: Props) -> bool:
    return text(account_inputs(inputs, cloud, config), "kind") == "FileStorage"


def _nfs(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    wanted = known(inputs, "enabledProtocols") == "NFS" and bool(account_inputs(inputs, cloud, config))
    return "the account is not of kind FileStorage" if wanted and not _premium(inputs, cloud, config) else None


def _quota(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    quota, premium = known(inputs, "shareQuota"), _premium(inputs, cloud, config)
    if quota is None or not text(account_inputs(inputs, cloud, config), "kind"):
        return None
    least = 100 if premium else 1
    return f"{quota} GiB (a premium share has at least 100)" if quota < least else None


def _tier(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    tier = text(inputs, "accessTier")
    if not tier or not text(account_inputs(inputs, cloud, config), "kind"):
        return None
    fits = (tier == "Premium") == _premium(inputs, cloud, config)
    return None if fits else f"{tier} with an account of kind {text(account_inputs(inputs, cloud, config), 'kind')}"


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
        IN_ACCOUNT,
        Pattern(
            path="shareName",
            regex=r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            code="InvalidResourceName",
            says="must have 3 to 63 lower case letters, digits and single '-', not at the ends",
            source=NAMES,
        ),
        metadata_rule(),
        NeedsInCloud(
            path="accountName",
            name="files:accountName",
            test=without_part("file"),
            says="file shares are for StorageV2, Storage and FileStorage",
            source=_OVERVIEW,
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

TYPES = (BLOBCONTAINER, FILE_SHARE)
