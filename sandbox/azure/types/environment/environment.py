"""Container Apps: the environment that apps share (network, logs, workload profiles)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    GUID,
    arm_id,
    arm_outputs,
    digest,
    known,
    location_of,
    placed,
    placed_again,
    random_suffix,
    region,
    text,
)
from sandbox.azure.rules import identity_output, identity_rules, in_group, located, network_of, subnet_prefixes, tagged
from sandbox.azure.types.containerapp.ingress import APP, ENVIRONMENT, HOST, environment_id
from sandbox.azure.types.containerapp.template import PROFILE_SIZES
from sandbox.azure.types.environment.bundle import certificate_facts, certificate_rules
from sandbox.azure.types.environment.network import NETWORK_RULES, SUBNET_PATH
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Forbidden, Must, NeedsInCloud, OneOf, Pattern, Required, Unchangeable, UniqueItems
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["TYPES", "WORKSPACE"]

WORKSPACE = "azure-native:operationalinsights:Workspace"
_NETWORK = "https://learn.microsoft.com/azure/container-apps/custom-virtual-networks"
_PROFILES = "https://learn.microsoft.com/azure/container-apps/workload-profiles-overview"
_LOGS = "https://learn.microsoft.com/azure/container-apps/log-options"
_SUFFIX = "https://learn.microsoft.com/azure/container-apps/environment-custom-dns-suffix"
_ANALYTICS = "appLogsConfiguration.logAnalyticsConfiguration"


def _analytics_wanted(inputs: Props) -> bool:
    return bool(known(inputs, "appLogsConfiguration.destination") == "log-analytics")


def _is_base64(value: Value, _: Props) -> bool:
    try:
        return bool(base64.b64decode(str(value), validate=True))
    except binascii.Error:
        return False


def _dedicated(value: Value) -> bool:
    return not text(value, "workloadProfileType").startswith("Consumption")


def _counts(value: Value, _: Props) -> bool | str:
    given = [name for name in ("minimumCount", "maximumCount") if is_set(lookup(value, name))]
    if lookup(value, "workloadProfileType") is UNKNOWN:
        return True
    if _dedicated(value):
        return len(given) == 2 or "a dedicated profile needs minimumCount and maximumCount"
    return not given or "a Consumption profile has no minimumCount and maximumCount"


def _order(value: Value, _: Props) -> bool:
    least, most = known(value, "minimumCount"), known(value, "maximumCount")
    return least is None or most is None or 0 <= least <= most


def _workspace(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    customer = text(inputs, f"{_ANALYTICS}.customerId").lower()
    found = [one for one in cloud.find(WORKSPACE) if text(one.outputs, "customerId").lower() == customer]
    return None if found or not customer else f"no Log Analytics workspace has the customerId {customer}"


def _domain_configuration(one: Computing) -> Mapping[str, Any]:
    given = dict(known(one.inputs, "customDomainConfiguration") or {})
    value, password = given.pop("certificateValue", ""), given.pop("certificatePassword", "")
    seed = f"{text(one.config, 'subscriptionId')}/customDomainVerificationId"
    facts = certificate_facts(value, password) if value else {}
    kept = {name: facts[name] for name in ("subjectName", "expirationDate", "thumbprint") if name in facts}
    return {**given, **kept, "customDomainVerificationId": digest(seed, 64).upper()}


def _default_domain(one: Computing) -> str:
    return f"{_word(one.id)}-{digest(one.id)}.{region(location_of(one))}.azurecontainerapps.io"


def _word(seed: str) -> str:
    first = ("wittysand", "calmbay", "mangoforest", "redgrass", "bravehill", "icyriver", "purplesky", "kindpond")
    return first[int(digest(seed, 2), 16) % len(first)]


def _static_ip(one: Computing) -> str:
    subnet = one.cloud.get(text(one.inputs, SUBNET_PATH))
    prefixes = subnet_prefixes(subnet.inputs) if subnet else []
    network = network_of(prefixes[0]) if prefixes else None
    if known(one.inputs, "vnetConfiguration.internal") is True and network is not None:
        return str(network.broadcast_address - 1)
    octets = digest(one.id, 4)
    return f"20.{int(octets[:2], 16)}.{int(octets[2:], 16)}.10"


def _logs(one: Computing) -> Mapping[str, Any] | None:
    given = known(one.inputs, "appLogsConfiguration")
    if given is None:
        return None
    answer = dict(given)
    if known(given, "logAnalyticsConfiguration") is not None:
        shown = {key: item for key, item in given["logAnalyticsConfiguration"].items() if key != "sharedKey"}
        answer["logAnalyticsConfiguration"] = shown
    return answer


def _empty(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = text(inputs, "id").lower()
    apps = [one.id for one in cloud.find(APP) if environment_id(one.inputs).lower() == own]
    return f"container apps run in it: {', '.join(apps)}" if apps else None


MANAGED_ENVIRONMENT = ResourceType(
    token=ENVIRONMENT,
    about="A Container Apps environment: the network, the logs and the machines that its apps share.",
    sources=(
        "Azure/azure-rest-api-specs "
        "specification/app/resource-manager/Microsoft.App/ContainerApps/stable/2025-07-01/"
        "ManagedEnvironments.json",
        _NETWORK,
        _PROFILES,
    ),
    id=arm_id("Microsoft.App", "managedEnvironments", "{environmentName}"),
    named_by="environmentName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "environmentName",
        "location",
        "tags",
        "identity",
        "appLogsConfiguration.destination",
        f"{_ANALYTICS}.customerId",
        f"{_ANALYTICS}.sharedKey",
        "customDomainConfiguration.dnsSuffix",
        "customDomainConfiguration.certificateValue",
        "customDomainConfiguration.certificatePassword",
        "infrastructureResourceGroup",
        "peerAuthentication.mtls.enabled",
        "peerTrafficConfiguration.encryption.enabled",
        "publicNetworkAccess",
        SUBNET_PATH,
        "vnetConfiguration.internal",
        "workloadProfiles[*].name",
        "workloadProfiles[*].workloadProfileType",
        "workloadProfiles[*].minimumCount",
        "workloadProfiles[*].enableFips",
        "workloadProfiles[*].maximumCount",
        "zoneRedundant",
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        *identity_rules(),
        Pattern(
            path="environmentName",
            regex=r"[A-Za-z]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?",
            says="must consist of letters, digits and '-', start with a letter, have at most 60 characters",
            source="hashicorp/terraform-provider-azurerm internal/services/containerapps/validate/validate.go",
        ),
        OneOf(
            path="appLogsConfiguration.destination",
            values=("log-analytics", "azure-monitor", "none"),
            says="must be log-analytics, azure-monitor or none",
            source=_LOGS,
        ),
        Required(
            path=_ANALYTICS,
            when=_analytics_wanted,
            says="is required with destination log-analytics: customerId and sharedKey of a workspace",
            source=_LOGS,
        ),
        Forbidden(
            path=_ANALYTICS,
            when=lambda inputs: known(inputs, "appLogsConfiguration.destination") in ("azure-monitor", "none"),
            says="is for destination log-analytics only",
            source=_LOGS,
        ),
        Required(path=f"{_ANALYTICS}.customerId", source=_LOGS),
        Pattern(
            path=f"{_ANALYTICS}.customerId",
            regex=GUID,
            says="must be the customerId (a GUID) of a Log Analytics workspace, not its resource id",
            source=_LOGS,
        ),
        Required(path=f"{_ANALYTICS}.sharedKey", source=_LOGS),
        Must(
            path=f"{_ANALYTICS}.sharedKey",
            says="must be a shared key of the workspace (getSharedKeys), which is base64",
            source=_LOGS,
            test=_is_base64,
        ),
        NeedsInCloud(
            path=f"{_ANALYTICS}.customerId",
            name="exists:customerId",
            test=_workspace,
            says="create the workspace first and pass its customerId output",
            source=_LOGS,
        ),
        *NETWORK_RULES,
        UniqueItems(path="workloadProfiles", key="name", any_case=True, source=_PROFILES),
        OneOf(
            path="workloadProfiles[*].workloadProfileType",
            values=("Consumption", "Consumption-GPU-NC8as-T4", "Consumption-GPU-NC24-A100", *PROFILE_SIZES),
            source=_PROFILES,
        ),
        Must(
            path="workloadProfiles[*]",
            name="counts:workloadProfiles",
            partial=True,
            test=_counts,
            says="give both counts for a dedicated profile, none for Consumption",
            source=_PROFILES,
        ),
        Must(
            path="workloadProfiles[*]",
            name="order:workloadProfiles",
            partial=True,
            test=_order,
            says="minimumCount must be between 0 and maximumCount",
            source=_PROFILES,
        ),
        Must(
            path="infrastructureResourceGroup",
            test=lambda value, inputs: bool(lookup(inputs, "workloadProfiles")) and is_set(lookup(inputs, SUBNET_PATH)),
            says="needs workloadProfiles and a subnet of one's own",
            source=_NETWORK,
        ),
        Pattern(
            path="infrastructureResourceGroup",
            name="name:infrastructureResourceGroup",
            regex=r"[\w.()-]{0,89}[\w()-]",
            says="must be a resource group's name: 1 to 90 letters, digits, '_', '-', '.' and parentheses",
            source=_NETWORK,
        ),
        Pattern(path="customDomainConfiguration.dnsSuffix", regex=HOST, says="must be a domain name", source=_SUFFIX),
        Must(
            path="customDomainConfiguration",
            name="together:customDomainConfiguration",
            partial=True,
            test=lambda value, _: is_set(lookup(value, "dnsSuffix")) == is_set(lookup(value, "certificateValue")),
            says="dnsSuffix and certificateValue are given together",
            source=_SUFFIX,
        ),
        *certificate_rules(
            "customDomainConfiguration.certificateValue", "customDomainConfiguration.certificatePassword"
        ),
        Unchangeable(
            path="workloadProfiles",
            test=lambda old, new: bool(old) == bool(new),
            says="an environment with workload profiles cannot become one without; make another one",
            source="https://learn.microsoft.com/azure/container-apps/environment-type-consumption-only",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.App/managedEnvironments",
        "2025-02-02-preview",
        appLogsConfiguration=_logs,
        customDomainConfiguration=_domain_configuration,
        defaultDomain=_default_domain,
        identity=identity_output,
        staticIp=_static_ip,
        eventStreamEndpoint=lambda one: f"https://azurecontainerapps.dev{one.id}/eventstream",
        provisioningState=lambda one: "Succeeded",
    ),
    write_only=(
        f"{_ANALYTICS}.sharedKey",
        "customDomainConfiguration.certificateValue",
        "customDomainConfiguration.certificatePassword",
    ),
    replaces=(
        "resourceGroupName",
        "environmentName",
        "location",
        "infrastructureResourceGroup",
        "vnetConfiguration",
        "zoneRedundant",
    ),
    on_create=placed,
    on_update=placed_again,
    deletion=(
        NeedsInCloud(
            path="",
            name="empty",
            test=_empty,
            says="delete the apps first",
            source="https://learn.microsoft.com/azure/container-apps/environment",
        ),
    ),
    not_checked=(
        "Adding workload profiles to an environment without them is refused by the real one.",
        "That sharedKey is the workspace's is not compared.",
        "The number of environments a region and subscription (often 15) is not counted.",
        "Free addresses in the subnet are not counted.",
    ),
)

TYPES = (MANAGED_ENVIRONMENT,)
