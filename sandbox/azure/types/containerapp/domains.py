"""Container Apps: the custom domains, ports and region of an app against what exists beside it."""

from __future__ import annotations

from sandbox.azure.names import items, known, provider_id, region, text
from sandbox.azure.rules import EachNeeds
from sandbox.azure.types.containerapp.ingress import (
    APP,
    CERTIFICATES,
    DNS_RECORD,
    DOMAINS,
    INGRESS,
    OVERVIEW,
    environment_id,
    exposed_port,
    is_tcp,
)
from sandbox.core.records import Cloud
from sandbox.core.rules import NeedsInCloud, Rule
from sandbox.core.values import Props, Value

__all__ = ["INGRESS_CLOUD_RULES", "same_region"]


def covers(certificate_name: str, host: str) -> bool:
    """Whether a name of a certificate (a wildcard covers one label) is for that host."""
    name, host = certificate_name.lower().rstrip("."), host.lower()
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:] and bool(host.partition(".")[0])
    return name == host


def _certificate_names(outputs: Props) -> list[str]:
    alternative = [str(one) for one in items(outputs, "properties.subjectAlternativeNames")]
    subject = text(outputs, "properties.subjectName")
    return alternative or [subject.removeprefix("CN=")]


def _certificate(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    identity = text(value, "certificateId")
    if not identity or not text(value, "name") or not environment_id(inputs):
        return None
    record = cloud.get(identity)
    if record is None or record.token not in CERTIFICATES:
        return f"certificate {identity!r} does not exist"
    if not record.id.lower().startswith(environment_id(inputs).lower() + "/"):
        return f"certificate {identity!r} is in another environment than the app"
    if not any(covers(name, text(value, "name")) for name in _certificate_names(record.outputs)):
        return (
            f"certificate {identity!r} is for {', '.join(_certificate_names(record.outputs))}, not for "
            f"{text(value, 'name')}"
        )
    return None


def verification_id(inputs: Props, cloud: Cloud) -> str:
    """What the TXT record asuid.<host> must hold: the verification id of the app's environment."""
    record = cloud.get(environment_id(inputs))
    return text(record.outputs, "customDomainConfiguration.customDomainVerificationId") if record else ""


def _owned(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    host, wanted = text(value, "name"), verification_id(inputs, cloud)
    if not host or not wanted:
        return None
    place = f"asuid.{host}".lower()
    for record in cloud.find(DNS_RECORD):
        is_txt = text(record.inputs, "type").upper() == "TXT"
        is_there = text(record.inputs, "name").lower().rstrip(".") == place
        if is_txt and is_there and text(record.inputs, "content").strip('"').lower() == wanted.lower():
            return None
    return f"A TXT record pointing from {place} to {wanted} was not found."


def _free_host(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = provider_id(inputs, config, "Microsoft.App", "containerApps", text(inputs, "containerAppName")).lower()
    for record in cloud.find(APP):
        if record.id.lower() == own or environment_id(record.inputs).lower() != environment_id(inputs).lower():
            continue
        for domain in items(record.inputs, f"{INGRESS}.customDomains"):
            if text(domain, "name").lower() == str(value).lower():
                return f"{value!r} is bound to {record.id}"
    return None


def _own_network(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(environment_id(inputs))
    mappings = items(inputs, f"{INGRESS}.additionalPortMappings")
    main = is_tcp(inputs) and known(inputs, f"{INGRESS}.external") is True
    if record is None or not (main or any(known(one, "external") is True for one in mappings)):
        return None
    if text(record.inputs, "vnetConfiguration.infrastructureSubnetId"):
        return None
    return (
        "Applications with external TCP ingress can only be deployed to Container App Environments that "
        "have a custom VNET"
    )


def _external_ports(inputs: Props) -> list[Value]:
    """What an app takes of its environment's address. Internal ports are its own: its name tells them apart."""
    mappings = items(inputs, f"{INGRESS}.additionalPortMappings")
    ports = [exposed_port(one) for one in mappings if known(one, "external") is True]
    if is_tcp(inputs) and known(inputs, f"{INGRESS}.external") is True:
        ports.append(exposed_port(known(inputs, INGRESS)))
    return [port for port in ports if port is not None]


def _free_port(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = provider_id(inputs, config, "Microsoft.App", "containerApps", text(inputs, "containerAppName")).lower()
    mine = _external_ports(inputs)
    for record in cloud.find(APP):
        same_place = environment_id(record.inputs).lower() == environment_id(inputs).lower()
        if record.id.lower() == own or not same_place:
            continue
        taken = [port for port in _external_ports(record.inputs) if port in mine]
        if taken:
            return f"port {taken[0]} is taken by {record.id}"
    return None


def same_region(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    """For `NeedsInCloud`: the app must be where its environment is."""
    record = cloud.get(environment_id(inputs))
    there = text(record.outputs, "location") or text(record.inputs, "location") if record else ""
    here = text(inputs, "location")
    if not here or not there or region(here) == region(there):
        return None
    return f"{here!r} is not where the environment is ({there!r})"


INGRESS_CLOUD_RULES: tuple[Rule, ...] = (
    EachNeeds(
        path=f"{INGRESS}.customDomains[*]",
        name="certificate-fits:customDomains",
        test=_certificate,
        says=(
            "certificateId must be of a certificate (or managed certificate) of the app's environment "
            "whose names cover the host"
        ),
        source=DOMAINS,
    ),
    EachNeeds(
        path=f"{INGRESS}.customDomains[*]",
        name="owned:customDomains",
        code="InvalidCustomHostNameValidation",
        test=_owned,
        says=(
            "create that TXT record before the app (the id is the environment's "
            "customDomainVerificationId) and let the app depend on it"
        ),
        source="https://github.com/microsoft/azure-container-apps/issues/525",
    ),
    EachNeeds(
        path=f"{INGRESS}.customDomains[*].name",
        name="free:customDomains",
        test=_free_host,
        says="a host name belongs to one app of an environment",
        source=DOMAINS,
    ),
    NeedsInCloud(
        path=f"{INGRESS}.transport",
        name="vnet:transport",
        code="ContainerAppTcpRequiresVnet",
        test=_own_network,
        says="make the ingress internal, or give the environment a subnet of its own",
        source=OVERVIEW,
    ),
    NeedsInCloud(
        path=f"{INGRESS}.exposedPort",
        name="free:exposedPort",
        test=_free_port,
        says="an external port belongs to one app of an environment",
        source=OVERVIEW,
    ),
)
