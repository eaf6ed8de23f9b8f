"""Azure Storage: how an account keeps its blobs (versions, soft delete, change feed)."""

from __future__ import annotations

from datetime import date

from sandbox.azure.names import arm_id, arm_outputs, known
from sandbox.azure.rules import in_group
from sandbox.azure.types.storage.account import account_id
from sandbox.azure.types.storage.parts import CONTAINER, IN_ACCOUNT, account_inputs, without_part
from sandbox.azure.types.storage.values import cors_rules
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Between, Length, Must, NeedsInCloud, OneOf, Required
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["TYPES"]

_SPEC = "Azure/azure-rest-api-specs specification/storage/resource-manager/Microsoft.Storage/stable/2024-01-01/"
_BLOBS = "https://learn.microsoft.com/azure/storage/blobs/"
_SDK = "pulumi_azure_native 3.29.0 storage."


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
    hierarchical = known(account_inputs(inputs, cloud, config), "isHnsEnabled") is True
    wanted = known(inputs, "isVersioningEnabled") is True
    return "the account has isHnsEnabled: true" if hierarchical and wanted else None


def _flat_restore(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    hierarchical = known(account_inputs(inputs, cloud, config), "isHnsEnabled") is True
    wanted = known(inputs, "restorePolicy.enabled") is True
    return "the account has isHnsEnabled: true" if hierarchical and wanted else None


def _needed_versions(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    if lookup(inputs, "isVersioningEnabled") in (True, UNKNOWN):
        return None
    below = f"{account_id(inputs, config).lower()}/"
    for record in cloud.find(CONTAINER):
        if (
            record.id.lower().startswith(below)
            and known(record.inputs, "immutableStorageWithVersioning.enabled") is True
        ):
            return f"{record.id} is immutable by its versions"
    return None


def _version(value: Value, _: Props) -> bool:
    try:
        return date.fromisoformat(str(value)).year >= 2008 and len(str(value)) == len("2017-07-29")
    except ValueError:
        return False


BLOB_SERVICE_PROPERTIES = ResourceType(
    token="azure-native:storage:BlobServiceProperties",
    about="The settings of an account's blobs: versions, soft delete, change feed.",
    sources=(_SPEC + "blob.json", _BLOBS + "point-in-time-restore-overview"),
    id=arm_id("Microsoft.Storage", "storageAccounts", "{accountName}", "blobServices", "{blobServicesName}"),
    # Always there, for the API can't delete it: the provider takes it as it is (pulumi-azure-native,
    # provider/pkg/azure, CanCreate: isSingletonResource).
    overwrites=True,
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
        IN_ACCOUNT,
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
        *cors_rules("cors.corsRules"),
        Must(
            path="defaultServiceVersion",
            test=_version,
            says="must be a version of the Storage API: 2017-07-29",
            source=_SPEC + "blob.json",
        ),
        Between(path="restorePolicy.days", least=1, most=365, source=_SPEC + "blob.json"),
        NeedsInCloud(
            path="accountName",
            name="blobs:accountName",
            test=without_part("blob"),
            says="blobs are for StorageV2, Storage, BlobStorage and BlockBlobStorage",
            source="https://learn.microsoft.com/azure/storage/common/storage-account-overview",
        ),
        NeedsInCloud(
            path="restorePolicy",
            name="flat:restorePolicy",
            test=_flat_restore,
            says="point-in-time restore is not for accounts with a hierarchical namespace",
            source=_BLOBS + "point-in-time-restore-overview",
        ),
        NeedsInCloud(
            path="isVersioningEnabled",
            name="immutable:isVersioningEnabled",
            test=_needed_versions,
            says="versions stay on while a container keeps them immutable",
            source=_BLOBS + "immutable-version-level-worm-policies#version-dependency",
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

TYPES = (BLOB_SERVICE_PROPERTIES,)
