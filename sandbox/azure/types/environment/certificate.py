"""Container Apps: a certificate of one's own in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    arm_id,
    arm_outputs,
    placed,
    placed_again,
    random_suffix,
    text,
)
from sandbox.azure.rules import in_group, in_parent, located, tagged
from sandbox.azure.types.containerapp.ingress import ENVIRONMENT
from sandbox.azure.types.environment.bundle import certificate_facts, certificate_rules
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Pattern, Required, Rule

__all__ = ["SPEC", "TYPES", "in_environment"]

SPEC = "Azure/azure-rest-api-specs specification/app/resource-manager/Microsoft.App/ContainerApps"
_DOMAINS = "https://learn.microsoft.com/azure/container-apps/custom-domains-certificates"


def _properties(one: Computing) -> Mapping[str, Any]:
    value, password = text(one.inputs, "properties.value"), text(one.inputs, "properties.password")
    return {"provisioningState": "Succeeded", **(certificate_facts(value, password) if value else {})}


_IN_ENVIRONMENT = in_parent(
    *("environmentName", "ManagedEnvironment", "Microsoft.App", "managedEnvironments", "{environmentName}"),
    token=ENVIRONMENT,
)


def in_environment(name: str) -> tuple[Rule, ...]:
    """The rules of every certificate of an environment: where it is, what it may be called."""
    return (
        in_group(),
        _IN_ENVIRONMENT,
        located(),
        tagged(),
        Pattern(
            path=name,
            regex=r"(?!.*--)[a-z0-9][a-z0-9.-]*[a-z0-9]",
            says=("must consist of lower case letters, digits, '.' and single '-', start and end with letter or digit"),
            source="hashicorp/terraform-provider-azurerm internal/services/containerapps/validate/validate.go",
        ),
    )


CERTIFICATE = ResourceType(
    token="azure-native:app:Certificate",
    about="A certificate of one's own in a Container Apps environment, for its apps' custom domains.",
    sources=(f"{SPEC}/stable/2025-07-01/ManagedEnvironments.json", _DOMAINS),
    id=arm_id("Microsoft.App", "managedEnvironments", "{environmentName}", "certificates", "{certificateName}"),
    named_by="certificateName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "environmentName",
        "certificateName",
        "location",
        "tags",
        "properties.value",
        "properties.password",
    ),
    rules=(
        *in_environment("certificateName"),
        Required(path="properties", says="needs value: the certificate", source=_DOMAINS),
        Required(path="properties.value", says="is required: the base64 of the PFX or PEM file", source=_DOMAINS),
        *certificate_rules("properties.value", "properties.password"),
    ),
    computed=arm_outputs(
        "Microsoft.App/managedEnvironments/certificates", "2025-02-02-preview", properties=_properties
    ),
    write_only=("properties.value", "properties.password"),
    replaces=(
        "resourceGroupName",
        "environmentName",
        "certificateName",
        "location",
        "properties.value",
        "properties.password",
    ),
    on_create=placed,
    on_update=placed_again,
    not_checked=(
        "The chain of a certificate is not verified; a self-signed one passes, as it does with Azure.",
        "Certificates kept in Key Vault (certificateKeyVaultProperties) are not simulated.",
    ),
)

TYPES = (CERTIFICATE,)
