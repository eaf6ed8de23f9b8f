"""Container Apps: certificates of an environment, brought along (really parsed) or managed by Azure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

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
from sandbox.azure.rules import in_group, in_parent, located, tagged
from sandbox.azure.types.containerapp.ingress import APP, ENVIRONMENT, HOST, environment_id
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Length, Must, NeedsInCloud, Pattern, Required, Unchangeable
from sandbox.core.values import Props, Value, is_set, lookup

_SPEC = "Azure/azure-rest-api-specs specification/app/resource-manager/Microsoft.App/ContainerApps"
_MANAGED_CERTIFICATE = "azure-native:app:ManagedCertificate"
_DOMAINS = "https://learn.microsoft.com/azure/container-apps/custom-domains-certificates"
_MANAGED = "https://learn.microsoft.com/azure/container-apps/custom-domains-managed-certificates"


@dataclass(frozen=True)
class Bundle:
    """What a PFX or PEM blob holds."""

    certificate: x509.Certificate
    key: Any
    """The private key; None when the blob has none."""


def opened(value: str, password: str) -> Bundle:
    """The certificate and key in a base64 blob; ValueError says what is wrong with it."""
    try:
        blob = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("it is not base64: encode the bytes of the PFX or PEM file") from None
    secret = password.encode() if password else None
    try:
        if b"-----BEGIN" in blob:
            return _opened_pem(blob, secret)
        key, certificate, _ = pkcs12.load_key_and_certificates(blob, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"it is no PFX or PEM file that this password opens ({error})") from None
    if certificate is None:
        raise ValueError("it holds no certificate")
    return Bundle(certificate, key)


def _opened_pem(blob: bytes, secret: bytes | None) -> Bundle:
    certificate = x509.load_pem_x509_certificates(blob)[0]
    key = serialization.load_pem_private_key(blob, secret) if b"PRIVATE KEY-----" in blob else None
    return Bundle(certificate, key)


def names_in(certificate: x509.Certificate) -> list[str]:
    """The host names that a certificate is for."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(extension.value.get_values_for_type(x509.DNSName))


def certificate_facts(value: str, password: str) -> Mapping[str, Any]:
    """What Azure tells of a certificate that it was given."""
    certificate = opened(value, password).certificate
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "subjectName": certificate.subject.rfc4514_string(),
        "subjectAlternativeNames": names_in(certificate),
        "issuer": certificate.issuer.rfc4514_string(),
        "issueDate": certificate.not_valid_before_utc.isoformat(),
        "expirationDate": certificate.not_valid_after_utc.isoformat(),
        "thumbprint": certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 (the vendor's own identifier)
        "publicKeyHash": hashlib.sha256(public).hexdigest(),
        "valid": True,
    }


def _bundle(value: Value, inputs: Props, password: str) -> Bundle | None:
    secret = lookup(inputs, password)
    if is_set(secret) and not isinstance(secret, str):
        return None
    try:
        return opened(str(value), secret if isinstance(secret, str) else "")
    except ValueError:
        return None


def certificate_rules(path: str, password: str) -> tuple[Must, Must, Must]:
    """A certificate must open, have its own private key, and be in date."""

    def opens(value: Value, inputs: Props) -> bool | str:
        secret = lookup(inputs, password)
        if is_set(secret) and not isinstance(secret, str):
            return True
        try:
            opened(str(value), secret if isinstance(secret, str) else "")
        except ValueError as error:
            return str(error)
        return True

    def has_key(value: Value, inputs: Props) -> bool | str:
        bundle = _bundle(value, inputs, password)
        if bundle is None:
            return True
        if bundle.key is None:
            return "it holds no private key"
        same = bundle.key.public_key() == bundle.certificate.public_key()
        return same or "its private key belongs to another certificate"

    def in_date(value: Value, inputs: Props) -> bool | str:
        bundle = _bundle(value, inputs, password)
        end = bundle.certificate.not_valid_after_utc if bundle else None
        return end is None or end > datetime.now(UTC) or f"it expired on {end:%Y-%m-%d}"

    return (
        Must(
            path=path,
            name=f"opens:{path}",
            says=("must be the base64 of a PFX or PEM file with certificate and private key, with its password"),
            source=_DOMAINS,
            test=opens,
        ),
        Must(
            path=path,
            name=f"key:{path}",
            says="put the certificate's own private key into the file",
            source=_DOMAINS,
            test=has_key,
        ),
        Must(path=path, name=f"date:{path}", says="renew it first", source=_DOMAINS, test=in_date),
    )


def _properties(one: Computing) -> Mapping[str, Any]:
    value, password = text(one.inputs, "properties.value"), text(one.inputs, "properties.password")
    return {"provisioningState": "Succeeded", **(certificate_facts(value, password) if value else {})}


_IN_ENVIRONMENT = in_parent(
    "environmentName",
    "ManagedEnvironment",
    "Microsoft.App",
    "managedEnvironments",
    "{environmentName}",
    token=ENVIRONMENT,
)

CERTIFICATE = ResourceType(
    token="azure-native:app:Certificate",
    about="A certificate of one's own in a Container Apps environment, for its apps' custom domains.",
    sources=(f"{_SPEC}/stable/2025-07-01/ManagedEnvironments.json", _DOMAINS),
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
        in_group(),
        _IN_ENVIRONMENT,
        located(),
        tagged(),
        Pattern(
            path="certificateName",
            regex=r"(?!.*--)[a-z0-9][a-z0-9.-]*[a-z0-9]",
            says=("must consist of lower case letters, digits, '.' and single '-', start and end with letter or digit"),
            source="hashicorp/terraform-provider-azurerm internal/services/containerapps/validate/validate.go",
        ),
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
    sources=(f"{_SPEC}/stable/2025-07-01/ManagedEnvironments.json", _MANAGED),
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
        in_group(),
        _IN_ENVIRONMENT,
        located(),
        tagged(),
        Pattern(
            path="managedCertificateName",
            regex=r"(?!.*--)[a-z0-9][a-z0-9.-]*[a-z0-9]",
            says=("must consist of lower case letters, digits, '.' and single '-', start and end with letter or digit"),
            source="hashicorp/terraform-provider-azurerm internal/services/containerapps/validate/validate.go",
        ),
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
            source=f"{_SPEC}/stable/2025-07-01/ManagedEnvironments.json ManagedCertificates_Update",
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

TYPES = (CERTIFICATE, MANAGED_CERTIFICATE)
