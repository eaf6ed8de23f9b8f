"""Azure Storage: how an account keeps its blobs (versions, soft delete, change feed, lifecycle)."""

from __future__ import annotations

from sandbox.catalog.azure_arm import arm_outputs, in_group, items, known
from sandbox.catalog.azure_storage_parts import IN_ACCOUNT, account_inputs
from sandbox.kinds import ResourceType, arm_id
from sandbox.records import Cloud
from sandbox.rules import Between, Length, Must, NeedsInCloud, OneOf, Pattern, Required, UniqueItems
from sandbox.values import UNKNOWN, Props, Value, is_set, lookup

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
    token="azure-native:storage:ManagementPolicy",
    about="What happens to blobs as they age: cheaper tiers, deletion.",
    sources=(_SPEC + "storage.json", _LIFECYCLE),
    id=arm_id("Microsoft.Storage", "storageAccounts", "{accountName}", "managementPolicies", "{managementPolicyName}"),
    named_by="managementPolicyName",
    properties=("resourceGroupName", "accountName", "managementPolicyName", "policy"),
    rules=(
        in_group(),
        IN_ACCOUNT,
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


TYPES = (BLOB_SERVICE_PROPERTIES, MANAGEMENT_POLICY)
