"""Azure Storage: what happens to blobs as they age."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.azure.names import arm_id, arm_outputs, items, known, text
from sandbox.azure.rules import in_group
from sandbox.azure.types.storage.account import account_id
from sandbox.azure.types.storage.parts import IN_ACCOUNT, account_inputs
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Length, Must, NeedsInCloud, OneOf, Pattern, Required, UniqueItems
from sandbox.core.values import Props, Value, is_set, lookup

__all__ = ["TYPES"]

_SPEC = "Azure/azure-rest-api-specs specification/storage/resource-manager/Microsoft.Storage/stable/2024-01-01/"
_BLOBS = "https://learn.microsoft.com/azure/storage/blobs/"
_PARTS = ("baseBlob", "snapshot", "version")
_TIERS = ("tierToCool", "tierToCold", "tierToArchive", "tierToHot")
_CONTAINER = r"(\$root|\$web|\$logs|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)"

_ACTIONS = "policy.rules[*].definition.actions"
_FILTERS = "policy.rules[*].definition.filters"
_LIFECYCLE = _BLOBS + "lifecycle-management-policy-structure"


def _does_something(value: Value, _: Props) -> bool | str:
    parts = {name: known(value, name) for name in _PARTS if is_set(lookup(value, name))}
    empty = next((name for name, part in parts.items() if isinstance(part, Mapping) and not part), "")
    return (bool(parts) and not empty) or (empty and f"{empty} does nothing")


def _one_condition(value: Value, _: Props) -> bool | str:
    names = [name for name in value if str(name).startswith("daysAfter")]
    plain = [name for name in names if "LastTierChange" not in name]
    return len(plain) == 1 or f"{', '.join(plain) or 'none'}"


def _conditions(value: Value, inputs: Props) -> bool | str:
    """Of a base blob's actions, a snapshot's or a version's."""
    for name, action in value.items():
        if isinstance(action, Mapping):
            answer = _one_condition(action, inputs)
            if answer is not True:
                return f"{name}: {answer}"
            if "daysAfterLastTierChangeGreaterThan" in action and name != "tierToArchive":
                return f"{name}: daysAfterLastTierChangeGreaterThan is for tierToArchive"
    hot = known(value, "enableAutoTierToHotFromCool") is True
    by_access = "daysAfterLastAccessTimeGreaterThan" in (known(value, "tierToCool") or {})
    return (
        not hot or by_access or "enableAutoTierToHotFromCool without tierToCool by daysAfterLastAccessTimeGreaterThan"
    )


def _whole_days(value: Value, _: Props) -> bool | str:
    return isinstance(value, bool) or (value >= 0 and float(value).is_integer()) or f"{value:g}"


def _prefix(value: Value, _: Props) -> bool | str:
    container, _slash, rest = str(value).partition("/")
    return (re.fullmatch(_CONTAINER, container) is not None and "*" not in rest) or repr(value)


def _tag(value: Value, _: Props) -> bool | str:
    name, given = known(value, "name"), known(value, "value")
    if isinstance(name, str) and not re.fullmatch(r"[A-Za-z0-9 +./:=_-]{1,128}", name):
        return f"name {name[:40]!r}"
    wrong = isinstance(given, str) and not re.fullmatch(r"[A-Za-z0-9 +./:=_-]{0,256}", given)
    return not wrong or f"value {str(given)[:40]!r}"


def _tracked(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    asked = "daysAfterLastAccessTimeGreaterThan" in repr(known(inputs, "policy"))
    service = cloud.get(f"{account_id(inputs, config)}/blobServices/default")
    on = service is not None and known(service.inputs, "lastAccessTimeTrackingPolicy.enable") is True
    return "the account does not track the last access" if asked and not on else None


def _of_kind(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    account = account_inputs(inputs, cloud, config)
    kind, sku = text(account, "kind"), text(account, "sku.name")
    if kind in ("FileStorage", "Storage"):
        return f"the account is of kind {kind}"
    tiers = [name for name in _TIERS if f"'{name}'" in repr(known(inputs, "policy"))]
    return f"{tiers[0]} with sku {sku}" if tiers and sku.startswith("Premium") else None


def _block_blobs(value: Value, _: Props) -> bool:
    kinds = items(value, "filters.blobTypes")
    tiers = [name for part in _PARTS for name in _TIERS if known(value, f"actions.{part}.{name}")]
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
        *(
            rule
            for part in _PARTS
            for rule in (
                Must(
                    path=f"{_ACTIONS}.{part}",
                    name=f"condition:{part}",
                    partial=True,
                    test=_conditions,
                    says="an action has one condition: daysAfterModification-, Creation- or LastAccessTimeGreaterThan",
                    source=_LIFECYCLE,
                ),
                Must(
                    path=f"{_ACTIONS}.{part}.{{*}}.{{*}}",
                    name=f"days:{part}",
                    test=_whole_days,
                    says="days are whole and not negative",
                    source=_SPEC + "storage.json (multipleOf 1, minimum 0)",
                ),
            )
        ),
        NeedsInCloud(
            path="policy",
            name="tracked:policy",
            test=_tracked,
            says="turn on lastAccessTimeTrackingPolicy of the blob service first",
            source=_BLOBS + "lifecycle-management-overview",
        ),
        NeedsInCloud(
            path="policy",
            name="kind:policy",
            test=_of_kind,
            says="policies are for StorageV2, BlobStorage and BlockBlobStorage, tiers for standard accounts",
            source=_BLOBS + "lifecycle-management-overview",
        ),
        Required(path=_FILTERS, says="are required: blobTypes at least", source=_LIFECYCLE),
        Must(
            path=f"{_FILTERS}.blobTypes",
            test=lambda value, _: bool(value) and set(value) <= {"blockBlob", "appendBlob"},
            says="must be blockBlob and, for deletion only, appendBlob",
            source=_LIFECYCLE,
        ),
        UniqueItems(path=f"{_FILTERS}.blobTypes", source=_LIFECYCLE),
        UniqueItems(path=f"{_FILTERS}.prefixMatch", source=_LIFECYCLE),
        Must(
            path=f"{_FILTERS}.prefixMatch[*]",
            test=_prefix,
            says="begins with a container's name, without '/' before it, and has no wildcards",
            source=_LIFECYCLE,
        ),
        Length(path=f"{_FILTERS}.blobIndexMatch", most=10, says="at most ten tags a rule", source=_LIFECYCLE),
        OneOf(
            path=f"{_FILTERS}.blobIndexMatch[*].op", values=("==",), says="must be ==", source=_SPEC + "storage.json"
        ),
        Must(
            path=f"{_FILTERS}.blobIndexMatch[*]",
            name="tag:blobIndexMatch",
            partial=True,
            test=_tag,
            says="a tag's name has 1 to 128, its value up to 256 letters, digits, spaces and + - . / : = _",
            source=_BLOBS + "storage-manage-find-blobs#setting-blob-index-tags",
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


TYPES = (MANAGEMENT_POLICY,)
