"""Container Apps: what may stand in `configuration.ingress` (ports, domains, traffic, restrictions)."""

from __future__ import annotations

import ipaddress

from sandbox.azure.names import known, text
from sandbox.core.rules import Between, Forbidden, Length, Must, Pattern, Required, Rule, UniqueItems
from sandbox.core.values import UNKNOWN, Props, Value, lookup

__all__ = [
    "APP",
    "CERTIFICATES",
    "DNS_RECORD",
    "DOMAINS",
    "ENVIRONMENT",
    "HOST",
    "INGRESS",
    "INGRESS_RULES",
    "OVERVIEW",
    "environment_id",
    "exposed_port",
    "is_tcp",
]

APP = "azure-native:app:ContainerApp"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
CERTIFICATES = ("azure-native:app:Certificate", "azure-native:app:ManagedCertificate")
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"

HOST = r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
INGRESS = "configuration.ingress"
OVERVIEW = "https://learn.microsoft.com/azure/container-apps/ingress-overview"
_HOW_TO = "https://learn.microsoft.com/azure/container-apps/ingress-how-to"
_CORS = "https://learn.microsoft.com/azure/container-apps/cors"
DOMAINS = "https://learn.microsoft.com/azure/container-apps/custom-domains-certificates"


def environment_id(inputs: Props) -> str:
    """The id of the environment that an app runs in."""
    return text(inputs, "environmentId") or text(inputs, "managedEnvironmentId")


def is_tcp(inputs: Props) -> bool:
    """Whether it carries TCP as it is, and no HTTP."""
    return bool(known(inputs, f"{INGRESS}.transport") == "tcp")


def _is_http(inputs: Props) -> bool:
    ingress = known(inputs, INGRESS)
    return ingress is not None and lookup(ingress, "transport") is not UNKNOWN and not is_tcp(inputs)


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
        ipaddress.IPv4Network(str(value), strict=False)
    except ValueError as error:
        return str(error)
    return True


def _same_action(value: Value, _: Props) -> bool:
    return len({lookup(item, "action") for item in value} - {UNKNOWN}) <= 1


def _beside_main(value: Value, inputs: Props) -> bool:
    return bool(value != known(inputs, f"{INGRESS}.targetPort"))


def _needs_certificate(value: Value, _: Props) -> bool:
    bound = known(value, "bindingType") == "SniEnabled"
    return not bound or bool(known(value, "certificateId")) or lookup(value, "certificateId") is UNKNOWN


def _no_certificate(value: Value, _: Props) -> bool:
    unbound = lookup(value, "bindingType") is not UNKNOWN and known(value, "bindingType") in (
        None,
        "Disabled",
    )
    return not unbound or not known(value, "certificateId")


def exposed_port(mapping: Value) -> Value:
    """The port at which a mapping is reached."""
    given = known(mapping, "exposedPort")
    return given if given is not None else known(mapping, "targetPort")


def _distinct_ports(value: Value, inputs: Props) -> bool | str:
    own = known(inputs, f"{INGRESS}.exposedPort")
    ports = [port for one in value if (port := exposed_port(one)) is not None]
    twice = next((port for port in ports if ports.count(port) > 1 or port == own), None)
    return twice is None or f"port {twice} twice"


def _not_http(value: Value, _: Props) -> bool:
    return known(value, "external") is not True or exposed_port(value) not in (80, 443)


INGRESS_RULES: tuple[Rule, ...] = (
    Between(path=f"{INGRESS}.targetPort", least=1, most=65535, source=OVERVIEW),
    Required(
        path=f"{INGRESS}.targetPort",
        when=is_tcp,
        says="is required with transport tcp: the port that the container listens on",
        source=_HOW_TO,
    ),
    Between(path=f"{INGRESS}.exposedPort", least=1, most=65535, source=OVERVIEW),
    Forbidden(
        path=f"{INGRESS}.exposedPort",
        when=_is_http,
        says="is for transport tcp only; HTTP ingress always listens on 80 and 443",
        source=_HOW_TO,
    ),
    Must(
        path=f"{INGRESS}.exposedPort",
        name="reserved:exposedPort",
        when=lambda inputs: known(inputs, f"{INGRESS}.external") is True,
        test=lambda value, _: value not in (80, 443),
        says="80 and 443 of an environment belong to its HTTP ingress; take another port",
        source=_HOW_TO,
    ),
    Forbidden(
        path=f"{INGRESS}.customDomains",
        when=is_tcp,
        says="custom domains are for HTTP ingress; with transport tcp leave them out",
        source=DOMAINS,
    ),
    Must(
        path=f"{INGRESS}.stickySessions.affinity",
        name="single:stickySessions",
        when=lambda inputs: _several_revisions(inputs) or is_tcp(inputs),
        test=lambda value, _: value != "sticky",
        says="session affinity works with HTTP ingress and activeRevisionsMode Single only",
        source="https://learn.microsoft.com/azure/container-apps/sticky-sessions",
    ),
    Pattern(
        path=f"{INGRESS}.customDomains[*].name",
        regex=HOST,
        says="must be a full host name (app.example.com), without a wildcard",
        source=DOMAINS,
    ),
    UniqueItems(path=f"{INGRESS}.customDomains", key="name", any_case=True, source=DOMAINS),
    Must(
        path=f"{INGRESS}.customDomains[*]",
        name="certificate:customDomains",
        partial=True,
        test=_needs_certificate,
        says="bindingType SniEnabled needs the certificateId of a certificate in the same environment",
        source=DOMAINS,
    ),
    Must(
        path=f"{INGRESS}.customDomains[*]",
        name="unbound:customDomains",
        partial=True,
        test=_no_certificate,
        says=("a certificateId has no effect with bindingType Disabled (the default); set bindingType SniEnabled"),
        source=DOMAINS,
    ),
    UniqueItems(
        path=f"{INGRESS}.ipSecurityRestrictions",
        key="name",
        any_case=True,
        source="https://learn.microsoft.com/azure/container-apps/ip-restrictions",
    ),
    Must(
        path=f"{INGRESS}.ipSecurityRestrictions[*].ipAddressRange",
        test=_address,
        says="must be an IPv4 address or a range in CIDR notation",
        source="https://learn.microsoft.com/azure/container-apps/ip-restrictions",
    ),
    Must(
        path=f"{INGRESS}.ipSecurityRestrictions",
        name="same-action:ipSecurityRestrictions",
        partial=True,
        test=_same_action,
        says="either every rule allows or every rule denies",
        source="https://learn.microsoft.com/azure/container-apps/ip-restrictions",
    ),
    Between(
        path=f"{INGRESS}.traffic[*].weight",
        least=0,
        most=100,
        source="https://learn.microsoft.com/azure/container-apps/traffic-splitting",
    ),
    Must(
        path=f"{INGRESS}.traffic",
        name="total:traffic",
        partial=True,
        test=_weights,
        says="the weights must add up to 100",
        source="https://learn.microsoft.com/azure/container-apps/traffic-splitting",
    ),
    Must(
        path=f"{INGRESS}.traffic[*]",
        name="target:traffic",
        partial=True,
        test=_one_target,
        says="name either a revision (revisionName) or the latest one (latestRevision: true)",
        source="https://learn.microsoft.com/azure/container-apps/traffic-splitting",
    ),
    UniqueItems(
        path=f"{INGRESS}.traffic",
        name="revisions:traffic",
        key="revisionName",
        says="may stand only once: give the revision one weight",
        source="https://learn.microsoft.com/azure/container-apps/traffic-splitting",
    ),
    Pattern(
        path=f"{INGRESS}.traffic[*].label",
        regex=r"(?!.*--)[a-z]([a-z0-9-]{0,62}[a-z0-9])?",
        says="must have at most 64 lower case letters, digits and single '-', start with a letter, not end with '-'",
        source="https://learn.microsoft.com/azure/container-apps/revisions#labels",
    ),
    Required(path=f"{INGRESS}.corsPolicy.allowedOrigins", says="is required: at least one origin", source=_CORS),
    Between(path=f"{INGRESS}.corsPolicy.maxAge", least=0, source=_CORS),
    UniqueItems(
        path=f"{INGRESS}.traffic",
        key="label",
        says="may hold each label only once: it is one address (app---label), which leads to one revision",
        source="https://learn.microsoft.com/azure/container-apps/revisions#labels",
    ),
    Length(
        path=f"{INGRESS}.additionalPortMappings",
        most=5,
        says="at most five additional ports an app",
        source=OVERVIEW,
    ),
    Between(path=f"{INGRESS}.additionalPortMappings[*].targetPort", least=1, most=65535, source=OVERVIEW),
    Between(path=f"{INGRESS}.additionalPortMappings[*].exposedPort", least=1, most=65535, source=OVERVIEW),
    UniqueItems(path=f"{INGRESS}.additionalPortMappings", key="targetPort", source=OVERVIEW),
    Must(
        path=f"{INGRESS}.additionalPortMappings",
        name="distinct:additionalPortMappings",
        partial=True,
        test=_distinct_ports,
        says="each exposed port (the target port where none is given) belongs to one mapping, and not to the ingress",
        source=f"{OVERVIEW}#additional-tcp-ports",
    ),
    Must(
        path=f"{INGRESS}.additionalPortMappings[*]",
        name="reserved:additionalPortMappings",
        partial=True,
        test=_not_http,
        says="80 and 443 of an environment belong to its HTTP ingress; take another port",
        source=f"{OVERVIEW}#additional-tcp-ports",
    ),
    Must(
        path=f"{INGRESS}.additionalPortMappings[*].targetPort",
        name="apart:additionalPortMappings",
        test=_beside_main,
        says="must not be the ingress's own targetPort; each port of the container is exposed once",
        source=f"{OVERVIEW}#additional-tcp-ports",
    ),
)
