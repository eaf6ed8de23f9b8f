"""Resource groups and Log Analytics workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.catalog.azure_arm import (
    NAMES,
    arm_outputs,
    digest,
    guid_of,
    in_group,
    known,
    located,
    placed,
    placed_again,
    random_suffix,
    tagged,
    text,
)
from sandbox.rules import (
    Between,
    Cloud,
    Function,
    Must,
    Pattern,
    Required,
    ResourceType,
    Unchangeable,
    arm_id,
)
from sandbox.values import Props, Value

GROUP = "azure-native:resources:ResourceGroup"
WORKSPACE = "azure-native:operationalinsights:Workspace"
_GROUPS = "https://learn.microsoft.com/rest/api/resources/resource-groups/create-or-update"
_WORKSPACES = "https://learn.microsoft.com/azure/templates/microsoft.operationalinsights/workspaces"
_RETENTION = "https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure"
_COST = "https://learn.microsoft.com/azure/azure-monitor/logs/cost-logs"


def _retention(value: Value, inputs: Props) -> bool:
    sku = known(inputs, "sku.name") or "PerGB2018"
    return 7 <= int(value) <= 730 if sku == "Free" else 30 <= int(value) <= 730


def _shared_keys(args: Props, cloud: Cloud, config: Props) -> Mapping[str, Any]:
    identity = (
        f"/subscriptions/{text(config, 'subscriptionId')}/resourceGroups/{text(args, 'resourceGroupName')}"
        f"/providers/Microsoft.OperationalInsights/workspaces/{text(args, 'workspaceName')}"
    )
    if cloud.get(identity) is None:
        raise ValueError(f"ResourceNotFound: {identity} was not found")
    return {name: digest(f"{identity}/{name}", 64) for name in ("primarySharedKey", "secondarySharedKey")}


TYPES = (
    ResourceType(
        token=GROUP,
        about="A resource group: what is in it lives and dies with it.",
        sources=(_GROUPS, NAMES),
        properties=("resourceGroupName", "location", "tags", "managedBy"),
        rules=(
            Pattern(
                path="resourceGroupName",
                regex=r"[-\w._()]{0,89}[-\w_()]",
                says="must have 1 to 90 letters, digits, underscores, hyphens, periods and parentheses, "
                "not ending in a period",
                source=NAMES,
            ),
            Required(path="location", says="is required: the region of the group's metadata", source=_GROUPS),
            located(),
            tagged(),
        ),
        id="/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
        named_by="resourceGroupName",
        autoname=random_suffix,
        computed=arm_outputs(
            "Microsoft.Resources/resourceGroups",
            "2024-03-01",
            name=lambda one: one.name,
            properties=lambda one: {"provisioningState": "Succeeded"},
        ),
        replaces=("resourceGroupName", "location", "managedBy"),
        not_checked=("Locks and policies of the subscription.",),
    ),
    ResourceType(
        token=WORKSPACE,
        about="A Log Analytics workspace: where logs go.",
        sources=(_WORKSPACES, NAMES),
        properties=(
            "resourceGroupName",
            "workspaceName",
            "location",
            "tags",
            "sku.name",
            "retentionInDays",
            "workspaceCapping.dailyQuotaGb",
            "features.disableLocalAuth",
            "publicNetworkAccessForIngestion",
            "publicNetworkAccessForQuery",
        ),
        rules=(
            Pattern(
                path="workspaceName",
                regex=r"[A-Za-z0-9](?:[A-Za-z0-9-]{2,61})[A-Za-z0-9]",
                says="must have 4 to 63 letters, digits and hyphens, not beginning or ending with a hyphen",
                source=NAMES,
            ),
            in_group(),
            located(),
            tagged(),
            Must(
                path="retentionInDays",
                name="sku:retentionInDays",
                test=_retention,
                says="must be 30 to 730 days (7 to 730 in the Free tier)",
                source=_RETENTION,
            ),
            Between(
                path="workspaceCapping.dailyQuotaGb",
                least=-1,
                says="must be -1 (no cap) or a number of GB",
                source=_COST,
            ),
            Unchangeable(
                path="sku.name",
                test=lambda old, new: old == new or new != "Free",
                says="a workspace can't go back to the Free tier, which takes no new ones",
                source=_COST,
            ),
        ),
        id=arm_id("Microsoft.OperationalInsights", "workspaces", "{workspaceName}"),
        named_by="workspaceName",
        autoname=random_suffix,
        computed=arm_outputs(
            "Microsoft.OperationalInsights/workspaces",
            "2025-02-01",
            name=lambda one: one.name,
            customerId=lambda one: guid_of(f"{one.id}/customer"),
            provisioningState=lambda one: "Succeeded",
        ),
        replaces=("resourceGroupName", "workspaceName", "location"),
        on_create=placed,
        on_update=placed_again,
        not_checked=("Capacity reservations, clusters and replication are refused as not simulated.",),
    ),
)

FUNCTIONS = (
    Function(
        token="azure-native:operationalinsights:getSharedKeys",  # noqa: S106 - a function's token
        about="The keys with which agents write to a workspace.",
        sources=("https://learn.microsoft.com/rest/api/loganalytics/shared-keys/get-shared-keys",),
        answer=_shared_keys,
        rules=(Required(path="resourceGroupName"), Required(path="workspaceName")),
        secret_outputs=("primarySharedKey", "secondarySharedKey"),
    ),
)
