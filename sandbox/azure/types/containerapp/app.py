"""Container Apps: the app itself. Its rules, part by part, are in the modules azure_containerapp_*.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    NAMES,
    arm_id,
    arm_outputs,
    digest,
    guid_of,
    items,
    known,
    placed,
    placed_again,
    random_suffix,
    text,
)
from sandbox.azure.rules import identity_output, identity_rules, in_group, located, tagged
from sandbox.azure.types.containerapp.domains import INGRESS_CLOUD_RULES, same_region
from sandbox.azure.types.containerapp.ingress import APP, ENVIRONMENT, INGRESS_RULES, environment_id
from sandbox.azure.types.containerapp.secrets import SECRET_CLOUD_RULES, SECRET_RULES
from sandbox.azure.types.containerapp.template import TEMPLATE_CLOUD_RULES, TEMPLATE_RULES
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, ExactlyOne, NeedsInCloud, Pattern, Refers

__all__ = ["CONTAINER_APP", "TYPES"]

_SPEC = "Azure/azure-rest-api-specs specification/app/resource-manager/Microsoft.App/ContainerApps"


def _domain(one: Computing) -> str:
    record = one.cloud.get(environment_id(one.inputs))
    return text(record.outputs, "defaultDomain") if record else ""


def _host(one: Computing, name: str) -> str:
    internal = known(one.inputs, "configuration.ingress.external") is not True
    return f"{name}.internal.{_domain(one)}" if internal else f"{name}.{_domain(one)}"


def _revision(one: Computing) -> str:
    suffix = text(one.inputs, "template.revisionSuffix") or digest(repr(known(one.inputs, "template")), 7)
    return f"{one.name}--{suffix}"


def _configuration(one: Computing) -> Mapping[str, Any]:
    """As given, with the address that the app got; without the secrets' values (ARM never returns them)."""
    given = dict(known(one.inputs, "configuration") or {})
    if items(one.inputs, "configuration.secrets"):
        given["secrets"] = [{key: secret[key] for key in secret if key != "value"} for secret in given["secrets"]]
    if known(one.inputs, "configuration.ingress") is not None:
        given["ingress"] = {
            "transport": "auto",
            "external": False,
            **given["ingress"],
            "fqdn": _host(one, one.name),
        }
    return given


def _verification(one: Computing) -> str:
    record = one.cloud.get(environment_id(one.inputs))
    return text(record.outputs, "customDomainConfiguration.customDomainVerificationId") if record else ""


CONTAINER_APP = ResourceType(
    token=APP,
    about="A container app: one or more containers that scale together behind one address.",
    sources=(
        f"{_SPEC}/stable/2025-07-01/ContainerApps.json",
        "https://learn.microsoft.com/azure/container-apps/azure-resource-manager-api-spec",
    ),
    id=arm_id("Microsoft.App", "containerApps", "{containerAppName}"),
    named_by="containerAppName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "containerAppName",
        "location",
        "tags",
        "identity",
        "environmentId",
        "managedEnvironmentId",
        "workloadProfileName",
        "configuration.activeRevisionsMode",
        "configuration.maxInactiveRevisions",
        "configuration.identitySettings",
        "configuration.ingress",
        "configuration.registries",
        "configuration.secrets",
        "template.containers[*].args",
        "template.containers[*].command",
        "template.containers[*].env",
        "template.containers[*].image",
        "template.containers[*].name",
        "template.containers[*].probes",
        "template.containers[*].resources.cpu",
        "template.containers[*].resources.memory",
        "template.containers[*].volumeMounts",
        "template.initContainers[*].args",
        "template.initContainers[*].command",
        "template.initContainers[*].env",
        "template.initContainers[*].image",
        "template.initContainers[*].name",
        "template.initContainers[*].resources.cpu",
        "template.initContainers[*].resources.memory",
        "template.initContainers[*].volumeMounts",
        "template.revisionSuffix",
        "template.scale",
        "template.terminationGracePeriodSeconds",
        "template.volumes",
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        *identity_rules(),
        Pattern(
            path="containerAppName",
            regex=r"(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]",
            code="ContainerAppInvalidName",
            says=(
                "must consist of lower case letters, digits and '-', start with a letter, end with a "
                "letter or digit, have no '--' and 2 to 32 characters"
            ),
            source="https://github.com/MicrosoftDocs/azure-docs/issues/95762",
        ),
        ExactlyOne(
            path="",
            fields=("environmentId", "managedEnvironmentId"),
            source=f"{_SPEC}/stable/2025-07-01/ContainerApps.json",
        ),
        Refers(path="environmentId", to=(ENVIRONMENT,), source=NAMES),
        Refers(path="managedEnvironmentId", to=(ENVIRONMENT,), source=NAMES),
        NeedsInCloud(
            path="location",
            name="same-region:location",
            test=same_region,
            says="an app runs where its environment is; leave location out or use the environment's",
            source="https://learn.microsoft.com/azure/container-apps/environment",
        ),
        Between(
            path="configuration.maxInactiveRevisions",
            least=0,
            most=100,
            source="https://learn.microsoft.com/azure/container-apps/revisions",
        ),
        *INGRESS_RULES,
        *SECRET_RULES,
        *TEMPLATE_RULES,
        *INGRESS_CLOUD_RULES,
        *SECRET_CLOUD_RULES,
        *TEMPLATE_CLOUD_RULES,
    ),
    computed=arm_outputs(
        "Microsoft.App/containerApps",
        "2025-02-02-preview",
        configuration=_configuration,
        identity=identity_output,
        customDomainVerificationId=_verification,
        latestRevisionName=_revision,
        latestReadyRevisionName=_revision,
        latestRevisionFqdn=lambda one: _host(one, _revision(one)) if known(one.inputs, "configuration.ingress") else "",
        outboundIpAddresses=lambda one: [
            f"20.{int(digest(environment_id(one.inputs), 2), 16)}.0.{int(guid_of(one.id)[:2], 16)}"
        ],
        eventStreamEndpoint=lambda one: f"https://azurecontainerapps.dev{one.id}/eventstream",
        provisioningState=lambda one: "Succeeded",
        runningStatus=lambda one: "Running",
    ),
    write_only=("configuration.secrets[*].value",),
    replaces=("resourceGroupName", "containerAppName", "location", "environmentId", "managedEnvironmentId"),
    on_create=placed,
    on_update=placed_again,
    not_checked=(
        (
            "Images are not pulled: a tag that does not exist and a registry without permission are found "
            "by the real one only."
        ),
        "Probes are not run: an app whose containers never become ready fails in the real one.",
        "A revision suffix that an older revision has is refused by the real one.",
        "Quotas (cores an environment, environments a region) are not counted.",
        "Environment variables may be repeated here; the last one wins in the real one.",
    ),
)

TYPES = (CONTAINER_APP,)
