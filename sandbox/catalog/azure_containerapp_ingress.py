"""Container Apps: what may stand in `configuration.ingress` (ports, domains, traffic, restrictions)."""

from __future__ import annotations

import ipaddress

from sandbox.catalog.azure_arm import EachNeeds, items, known, provider_id, region, text
from sandbox.rules import (
    Between,
    Cloud,
    Forbidden,
    Length,
    Must,
    NeedsInCloud,
    Pattern,
    Required,
    Rule,
    UniqueItems,
)
from sandbox.values import UNKNOWN, Props, Value, lookup

APP = "azure-native:app:ContainerApp"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
CERTIFICATES = ("azure-native:app:Certificate", "azure-native:app:ManagedCertificate")
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"

HOST = r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
_INGRESS = "configuration.ingress"
_OVERVIEW = "https://learn.microsoft.com/azure/container-apps/ingress-overview"
_HOW_TO = "https://learn.microsoft.com/azure/container-apps/ingress-how-to"
_DOMAINS = "https://learn.microsoft.com/azure/container-apps/custom-domains-certificates"


def environment_id(inputs: Props) -> str:
    """The id of the environment that an app runs in."""
    return text(inputs, "environmentId") or text(inputs, "managedEnvironmentId")


def _is_tcp(inputs: Props) -> bool:
    return bool(known(inputs, f"{_INGRESS}.transport") == "tcp")


def _is_http(inputs: Props) -> bool:
    ingress = known(inputs, _INGRESS)
    return ingress is not None and lookup(ingress, "transport") is not UNKNOWN and not _is_tcp(inputs)


def _several_revisions(inputs: Props) -> bool:
    return known(inputs, "configuration.activeRevisionsMode") in ("Multiple", "Labels")


def _weights(value: Value, _: Props) -> bool | str:
    weights = [lookup(item, "weight") for item in value]
    if UNKNOWN in weights:
        return True
    total = sum(weight for weight in weights if isinstance(weight, int | float))
    return bool(total == 100) or f"the weights add up to {total:g}"


def _one_target(value: Value, _: Props) -> bool:
    latest = known(value, "latestRevision") is True
    named = bool(known(value, "revisionName")) or lookup(value, "revisionName") is UNKNOWN
    return lookup(value, "latestRevision") is UNKNOWN or latest != named


def _address(value: Value, _: Props) -> bool | str:
    try:
        ipaddress.ip_network(str(value), strict=False)
    except ValueError as error:
        return str(error)
    return True


def _same_action(value: Value, _: Props) -> bool:
    return len({lookup(item, "action") for item in value} - {UNKNOWN}) <= 1


def _needs_certificate(value: Value, _: Props) -> bool:
    bound = known(value, "bindingType") == "SniEnabled"
    return not bound or bool(known(value, "certificateId")) or lookup(value, "certificateId") is UNKNOWN


def _no_certificate(value: Value, _: Props) -> bool:
    unbound = lookup(value, "bindingType") is not UNKNOWN and known(value, "bindingType") in (
        None,
        "Disabled",
    )
    return not unbound or not known(value, "certificateId")


INGRESS_RULES: tuple[Rule, ...] = (
    Between(path=f"{_INGRESS}.targetPort", least=1, most=65535, source=_OVERVIEW),
    Required(
        path=f"{_INGRESS}.targetPort",
        when=_is_tcp,
        says="is required with transport tcp: the port that the container listens on",
        source=_HOW_TO,
    ),
    Between(path=f"{_INGRESS}.exposedPort", least=1, most=65535, source=_OVERVIEW),
    Forbidden(
        path=f"{_INGRESS}.exposedPort",
        when=_is_http,
        says="is for transport tcp only; HTTP ingress always listens on 80 and 443",
        source=_HOW_TO,
    ),
    Must(
        path=f"{_INGRESS}.exposedPort",
        name="reserved:exposedPort",
        when=lambda inputs: known(inputs, f"{_INGRESS}.external") is True,
        test=lambda value, _: value not in (80, 443),
        says="80 and 443 of an environment belong to its HTTP ingress; take another port",
        source=_HOW_TO,
    ),
    Forbidden(
        path=f"{_INGRESS}.customDomains",
        when=_is_tcp,
        says="custom domains are for HTTP ingress; with transport tcp leave them out",
        source=_DOMAINS,
    ),
    Must(
        path=f"{_INGRESS}.stickySessions.affinity",
        name="single:stickySessions",
        when=lambda inputs: _several_revisions(inputs) or _is_tcp(inputs),
        test=lambda value, _: value != "sticky",
        says="session affinity works with HTTP ingress and activeRevisionsMode Single only",
        source="https://learn.microsoft.com/azure/container-apps/sticky-sessions",
    ),
    Pattern(
        path=f"{_INGRESS}.customDomains[*].name",
        regex=HOST,
        says="must be a full host name (app.example.com), without a wildcard",
        source=_DOMAINS,
    ),
    UniqueItems(path=f"{_INGRESS}.customDomains", key="name", source=_DOMAINS),
    Must(
        path=f"{_INGRESS}.customDomains[*]",
        name="certificate:customDomains",
        partial=True,
        test=_needs_certificate,
        says="bindingType SniEnabled needs the certificateId of a certificate in the same environment",
        source=_DOMAINS,
    ),
    Must(
        path=f"{_INGRESS}.customDomains[*]",
        name="unbound:customDomains",
        partial=True,
        test=_no_certificate,
        says=("a certificateId has no effect with bindingType Disabled (the default); set bindingType SniEnabled"),
        source=_DOMAINS,
    ),
    UniqueItems(
        path=f"{_INGRESS}.ipSecurityRestrictions",
        key="name",
        source="https://learn.microsoft.com/azure/container-apps/ip-restrictions",
    ),
    Must(
        path=f"{_INGRESS}.ipSecurityRestrictions[*].ipAddressRange",
        test=_address,
        says="must be an IPv4 address or a range in CIDR notation",
        source="https://learn.microsoft.com/azure/container-apps/ip-restrictions",
    ),
    Must(
        path=f"{_INGRESS}.ipSecurityRestrictions",
        name="same-action:ipSecurityRestrictions",
        partial=True,
        test=_same_action,
        says="either every rule allows or every rule denies",
        source="https://learn.microsoft.com/azure/container-apps/ip-restrictions",
    ),
    Between(
        path=f"{_INGRESS}.traffic[*].weight",
        least=0,
        most=100,
        source="https://learn.microsoft.com/azure/container-apps/traffic-splitting",
    ),
    Must(
        path=f"{_INGRESS}.traffic",
        name="total:traffic",
        partial=True,
        test=_weights,
        says="the weights must add up to 100",
        source="https://learn.microsoft.com/azure/container-apps/traffic-splitting",
    ),
    Must(
        path=f"{_INGRESS}.traffic[*]",
        name="target:traffic",
        partial=True,
        test=_one_target,
        says="name either a revision (revisionName) or the latest one (latestRevision: true)",
        source="https://learn.microsoft.com/azure/container-apps/traffic-splitting",
    ),
    Length(
        path=f"{_INGRESS}.additionalPortMappings",
        most=5,
        says="at most five additional ports an app",
        source=_OVERVIEW,
    ),
    Between(path=f"{_INGRESS}.additionalPortMappings[*].targetPort", least=1, most=65535, source=_OVERVIEW),
    Between(path=f"{_INGRESS}.additionalPortMappings[*].exposedPort", least=1, most=65535, source=_OVERVIEW),
    UniqueItems(path=f"{_INGRESS}.additionalPortMappings", key="targetPort", source=_OVERVIEW),
)


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
        for domain in items(record.inputs, f"{_INGRESS}.customDomains"):
            if text(domain, "name").lower() == str(value).lower():
                return f"{value!r} is bound to {record.id}"
    return None


def _own_network(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(environment_id(inputs))
    mappings = items(inputs, f"{_INGRESS}.additionalPortMappings")
    main = _is_tcp(inputs) and known(inputs, f"{_INGRESS}.external") is True
    if record is None or not (main or any(known(one, "external") is True for one in mappings)):
        return None
    if text(record.inputs, "vnetConfiguration.infrastructureSubnetId"):
        return None
    return (
        "Applications with external TCP ingress can only be deployed to Container App Environments that "
        "have a custom VNET"
    )


def _free_port(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = provider_id(inputs, config, "Microsoft.App", "containerApps", text(inputs, "containerAppName")).lower()
    for record in cloud.find(APP):
        same_place = environment_id(record.inputs).lower() == environment_id(inputs).lower()
        if record.id.lower() != own and same_place and known(record.inputs, f"{_INGRESS}.exposedPort") == value:
            return f"port {value} is taken by {record.id}"
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
        path=f"{_INGRESS}.customDomains[*]",
        name="certificate-fits:customDomains",
        test=_certificate,
        says=(
            "certificateId must be of a certificate (or managed certificate) of the app's environment "
            "whose names cover the host"
        ),
        source=_DOMAINS,
    ),
    EachNeeds(
        path=f"{_INGRESS}.customDomains[*]",
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
        path=f"{_INGRESS}.customDomains[*].name",
        name="free:customDomains",
        test=_free_host,
        says="a host name belongs to one app of an environment",
        source=_DOMAINS,
    ),
    NeedsInCloud(
        path=f"{_INGRESS}.transport",
        name="vnet:transport",
        code="ContainerAppTcpRequiresVnet",
        test=_own_network,
        says="make the ingress internal, or give the environment a subnet of its own",
        source=_OVERVIEW,
    ),
    EachNeeds(
        path=f"{_INGRESS}.exposedPort",
        name="free:exposedPort",
        test=_free_port,
        says="an exposed port belongs to one app of an environment",
        source=_OVERVIEW,
    ),
)
