"""Container Apps: a certificate that Azure issues for a custom domain of an app, and renews."""

from __future__ import annotations

from sandbox.azure.names import (
    arm_id,
    arm_outputs,
    items,
    known,
    placed,
    placed_again,
    provider_id,
    random_suffix,
    text,
)
from sandbox.azure.types.containerapp.ingress import APP, HOST, environment_id
from sandbox.azure.types.environment.certificate import SPEC, in_environment
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Length, NeedsInCloud, Pattern, Required, Unchangeable
from sandbox.core.values import Props

__all__ = ["TYPES"]

_MANAGED_CERTIFICATE = "azure-native:app:ManagedCertificate"
_MANAGED = "https://learn.microsoft.com/azure/container-apps/custom-domains-managed-certificates"


def _host_added(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    host, name = text(inputs, "properties.subjectName").lower(), text(inputs, "environmentName")
    if not host or not name or not text(inputs, "resourceGroupName"):
        return None
    environment = provider_id(inputs, config, "Microsoft.App", "managedEnvironments", name).lower()
    for record in cloud.find(APP):
        if environment_id(record.inputs).lower() != environment:
            continue
        domains = items(record.inputs, "configuration.ingress.customDomains")
        if host in [text(domain, "name").lower() for domain in domains]:
            return None
    return (
        f"Creating managed certificate requires hostname {host!r} added as a custom hostname to a "
        "container app or "
        f"route in environment {name!r}"
    )


def _certified(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = text(inputs, "environmentName")
    own = provider_id(inputs, config, "Microsoft.App", "managedEnvironments", name, "managedCertificates").lower()
    host = text(inputs, "properties.subjectName").lower()
    for record in cloud.find(_MANAGED_CERTIFICATE):
        other = not record.id.lower().endswith(f"/{text(inputs, 'managedCertificateName').lower()}")
        if (
            other
            and record.id.lower().startswith(f"{own}/")
            and text(record.inputs, "properties.subjectName").lower() == host
        ):
            return f"{record.id} is for {host!r}"
    return None


MANAGED_CERTIFICATE = ResourceType(
    token=_MANAGED_CERTIFICATE,
    about="A certificate that Azure issues and renews for a custom domain of an app.",
    sources=(f"{SPEC}/stable/2025-07-01/ManagedEnvironments.json", _MANAGED),
    id=arm_id(
        "Microsoft.App",
        "managedEnvironments",
        "{environmentName}",
        "managedCertificates",
        "{managedCertificateName}",
    ),
    named_by="managedCertificateName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "environmentName",
        "managedCertificateName",
        "location",
        "tags",
        "properties.subjectName",
        "properties.domainControlValidation",
    ),
    rules=(
        *in_environment("managedCertificateName"),
        Required(path="properties", says="needs subjectName and domainControlValidation", source=_MANAGED),
        Required(path="properties.subjectName", says="is required: the host name", source=_MANAGED),
        Pattern(
            path="properties.subjectName",
            regex=HOST,
            says="must be one full host name; wildcards need a certificate of your own",
            source=_MANAGED,
        ),
        Length(path="properties.subjectName", most=64, says="a host name has at most 64 characters", source=_MANAGED),
        NeedsInCloud(
            path="properties.subjectName",
            name="once:subjectName",
            code="DuplicateManagedCertificateInEnvironment",
            test=_certified,
            says="a host has one managed certificate in an environment; use that one",
            source="Azure's own answer: Another managed certificate with subject name … available in environment",
        ),
        Unchangeable(
            path="properties.subjectName",
            test=lambda old, new: str(old).lower() == str(new).lower(),
            says="a certificate stays with its host (only tags can be changed); make another one",
            source=f"{SPEC}/stable/2025-07-01/ManagedEnvironments.json ManagedCertificates_Update",
        ),
        Required(
            path="properties.domainControlValidation",
            says="is required: CNAME for a subdomain, HTTP for an apex domain, or TXT",
            source=_MANAGED,
        ),
        NeedsInCloud(
            path="properties.subjectName",
            name="added:subjectName",
            code="RequireCustomHostnameInEnvironment",
            test=_host_added,
            says=("add the host to the app first with bindingType Disabled, then create the certificate and bind it"),
            source="https://github.com/microsoft/azure-container-apps/issues/1570",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.App/managedEnvironments/managedCertificates",
        "2025-02-02-preview",
        properties=lambda one: {**(known(one.inputs, "properties") or {}), "provisioningState": "Succeeded"},
    ),
    replaces=("resourceGroupName", "environmentName", "managedCertificateName", "location"),
    on_create=placed,
    on_update=placed_again,
    not_checked=("The CNAME or A record that points to the environment is not looked up.",),
)

TYPES = (MANAGED_CERTIFICATE,)
