"""What everything else in Azure stands on: resource groups and Log Analytics workspaces."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    NAMES,
    arm_id,
    arm_outputs,
    guid_of,
    known,
    placed,
    placed_again,
    provider_id,
    random_suffix,
    text,
)
from sandbox.azure.rules import in_group, located, tagged
from sandbox.azure.types.environment.environment import WORKSPACE
from sandbox.core.kinds import Function, ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Between, Must, NeedsInCloud, OneOf, Pattern, Required
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["FUNCTIONS", "TYPES", "shared_key"]

GROUP = "azure-native:resources:ResourceGroup"
_LOGS = "https://learn.microsoft.com/azure/azure-monitor/logs/"


def _somewhere(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    return None if is_set(lookup(inputs, "location")) or text(config, "location") else "no location is given"


def _in_its_place(one: Computing) -> Mapping[str, Any]:
    return {} if text(one.inputs, "location") else {"location": text(one.config, "location")}


RESOURCE_GROUP = ResourceType(
    token=GROUP,
    about="A resource group: what lies in it is deleted with it.",
    sources=("https://learn.microsoft.com/azure/azure-resource-manager/management/manage-resource-groups-portal",),
    id="/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
    named_by="resourceGroupName",
    autoname=random_suffix,
    properties=("resourceGroupName", "location", "tags"),
    rules=(
        Pattern(
            path="resourceGroupName",
            regex=r"[\w.()-]{0,89}[\w()-]",
            code="InvalidResourceGroup",
            says="must have 1 to 90 letters, digits, '_', '-', '.' and parentheses, without a dot at the end",
            source=NAMES,
        ),
        located(),
        tagged(),
        NeedsInCloud(
            path="location",
            name="given:location",
            code="LocationRequired",
            test=_somewhere,
            says="set location, here or on the provider (azure-native:location)",
            source="https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-invalid-template",
        ),
    ),
    computed=arm_outputs("Microsoft.Resources/resourceGroups", "2024-03-01"),
    replaces=("resourceGroupName", "location"),
    on_create=_in_its_place,
    on_update=lambda one, old: _in_its_place(one),
)


def shared_key(identity: str, which: str) -> str:
    """A key in the form of Azure's, always the same for the same resource."""
    return base64.b64encode(hashlib.sha512(f"{identity.lower()}/{which}".encode()).digest()).decode()


def _quota(value: Value, _: Props) -> bool:
    return bool(value == -1 or value >= 0.023)


def _level(value: Value, _: Props) -> bool | str:
    if UNKNOWN in (lookup(value, "capacityReservationLevel"), lookup(value, "name")):
        return True
    level, reserved = known(value, "capacityReservationLevel"), known(value, "name") == "CapacityReservation"
    if level is None:
        return not reserved or "CapacityReservation without capacityReservationLevel"
    return reserved or "capacityReservationLevel is for CapacityReservation only"


WORKSPACE_TYPE = ResourceType(
    token=WORKSPACE,
    about="A Log Analytics workspace.",
    sources=(
        "Azure/azure-rest-api-specs specification/operationalinsights/resource-manager/"
        "Microsoft.OperationalInsights/stable/2023-09-01/Workspaces.json",
    ),
    id=arm_id("Microsoft.OperationalInsights", "workspaces", "{workspaceName}"),
    named_by="workspaceName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "workspaceName",
        "location",
        "tags",
        "features.disableLocalAuth",
        "features.enableDataExport",
        "features.enableLogAccessUsingOnlyResourcePermissions",
        "features.immediatePurgeDataOn30Days",
        "publicNetworkAccessForIngestion",
        "publicNetworkAccessForQuery",
        "retentionInDays",
        "sku.name",
        "sku.capacityReservationLevel",
        "workspaceCapping.dailyQuotaGb",
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="workspaceName",
            regex=r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
            says="must have 4 to 63 letters, digits and '-', not at the ends",
            source=NAMES,
        ),
        OneOf(
            path="sku.name",
            values=("PerGB2018", "CapacityReservation"),
            says="new workspaces are PerGB2018 or CapacityReservation; the others are of the past",
            source=_LOGS + "cost-logs",
        ),
        Must(
            path="sku",
            name="level:sku",
            partial=True,
            test=_level,
            says="give both or neither",
            source=_LOGS + "cost-logs",
        ),
        OneOf(
            path="sku.capacityReservationLevel",
            values=(100, 200, 300, 400, 500, 1000, 2000, 5000, 10000, 25000, 50000),
            source=_LOGS + "cost-logs",
        ),
        Between(path="retentionInDays", least=30, most=730, source=_LOGS + "data-retention-configure"),
        Must(
            path="workspaceCapping.dailyQuotaGb",
            test=_quota,
            says="must be -1 (no cap) or at least 0.023",
            source=_LOGS + "daily-cap",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.OperationalInsights/workspaces",
        "2023-09-01",
        customerId=lambda one: guid_of(f"{one.id}/customer"),
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "workspaceName", "location"),
    on_create=placed,
    on_update=placed_again,
    not_checked=("A deleted workspace can be recovered for 14 days; here it is gone.",),
)


def _shared_keys(arguments: Props, cloud: Cloud, config: Props) -> Mapping[str, Any]:
    name = text(arguments, "workspaceName")
    identity = provider_id(arguments, config, "Microsoft.OperationalInsights", "workspaces", name)
    if cloud.get(identity) is None:
        raise ValueError(f"ResourceNotFound: The Resource {identity!r} was not found")
    return {
        "primarySharedKey": shared_key(identity, "primary"),
        "secondarySharedKey": shared_key(identity, "secondary"),
    }


FUNCTIONS = (
    Function(
        token="azure-native:operationalinsights:getSharedKeys",
        about="The keys with which a workspace takes logs.",
        sources=("https://www.pulumi.com/registry/packages/azure-native/api-docs/operationalinsights/getsharedkeys/",),
        answer=_shared_keys,
        rules=(
            Required(path="resourceGroupName", source=NAMES),
            Required(path="workspaceName", source=NAMES),
        ),
        secret_outputs=("primarySharedKey", "secondarySharedKey"),
    ),
)

TYPES = (RESOURCE_GROUP, WORKSPACE_TYPE)
