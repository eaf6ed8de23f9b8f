"""Managed identities, and the function that tells who the provider itself is. Role assignments are beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    NAMES,
    arm_id,
    arm_outputs,
    guid_of,
    placed,
    placed_again,
    random_suffix,
    text,
)
from sandbox.azure.rules import IDENTITY, in_group, located, tagged
from sandbox.core.kinds import Function, ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Pattern
from sandbox.core.values import Props

__all__ = ["FUNCTIONS", "TYPES", "own_principal"]


USER_ASSIGNED_IDENTITY = ResourceType(
    token=IDENTITY,
    about="An identity that apps can be given, to be let in elsewhere without a password.",
    sources=(
        "Azure/azure-rest-api-specs "
        "specification/msi/resource-manager/Microsoft.ManagedIdentity/ManagedIdentity/stable/"
        "2023-01-31/ManagedIdentity.json",
    ),
    id=arm_id("Microsoft.ManagedIdentity", "userAssignedIdentities", "{resourceName}"),
    named_by="resourceName",
    autoname=random_suffix,
    properties=("resourceGroupName", "resourceName", "location", "tags"),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="resourceName",
            regex=r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
            says="must have 3 to 128 letters, digits, '-' and '_', starting with a letter or digit",
            source=NAMES,
        ),
    ),
    computed=arm_outputs(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "2023-01-31",
        principalId=lambda one: guid_of(f"{one.id}/principal"),
        clientId=lambda one: guid_of(f"{one.id}/client"),
        tenantId=lambda one: text(one.config, "tenantId"),
    ),
    replaces=("resourceGroupName", "resourceName", "location"),
    on_create=placed,
    on_update=placed_again,
)


def own_principal(config: Props) -> str:
    """The object id of whoever the provider itself is."""
    return guid_of(f"{text(config, 'tenantId')}/{text(config, 'clientId') or 'operator'}/object")


def _client_config(arguments: Props, cloud: Cloud, config: Props) -> Mapping[str, Any]:
    return {
        "clientId": text(config, "clientId"),
        "objectId": own_principal(config),
        "subscriptionId": text(config, "subscriptionId"),
        "tenantId": text(config, "tenantId"),
    }


FUNCTIONS = (
    Function(
        token="azure-native:authorization:getClientConfig",
        about="Who the provider is and which subscription it works on.",
        sources=("https://www.pulumi.com/registry/packages/azure-native/api-docs/authorization/getclientconfig/",),
        answer=_client_config,
    ),
)

TYPES = (USER_ASSIGNED_IDENTITY,)
