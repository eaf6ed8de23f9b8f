"""Custom hostnames of the simulated Cloudflare for SaaS, and the zone's fallback origin. No certificate is issued and
nothing answers DNS queries: a custom hostname waits for its owner for ever.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cloudflare.names import HEX_ID, ZONE_EXISTS, ZONE_ID, identifier, now
from sandbox.cloudflare.suffixes import is_public_suffix
from sandbox.cloudflare.types.dns import values
from sandbox.cloudflare.types.dns.record import RECORD
from sandbox.core.kinds import Function, ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Forbidden, Must, NeedsInCloud, OneOf, Pattern, Unique
from sandbox.core.values import Props, Value

__all__ = ["CUSTOM_HOSTNAME", "FALLBACK_ORIGIN", "FUNCTIONS", "TYPES"]

CUSTOM_HOSTNAME = "cloudflare:index/customHostname:CustomHostname"
FALLBACK_ORIGIN = "cloudflare:index/customHostnameFallbackOrigin:CustomHostnameFallbackOrigin"
SAAS = "https://developers.cloudflare.com/cloudflare-for-platforms/cloudflare-for-saas"
START = f"{SAAS}/start/getting-started/"
CODES = f"{SAAS}/reference/status-codes/custom-hostnames/"
VALIDATE = f"{SAAS}/security/certificate-management/issue-and-validate/validate-certificates"
PRE_VALIDATION = f"{SAAS}/domain-support/hostname-validation/pre-validation/"
METADATA = f"{SAAS}/domain-support/custom-metadata/"
ORIGIN = f"{SAAS}/start/advanced-settings/custom-origin/"
DOCS = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main/docs/resources"
SCHEMA = f"{DOCS}/custom_hostname.md"
FALLBACK_SCHEMA = f"{DOCS}/custom_hostname_fallback_origin.md"

_ON_OFF = ("on", "off")
_NAMESPACE = uuid.UUID("7c5a41d4-6f1f-4f1b-93d2-5d7d3a1f8f0e")
_RESERVED = ("test", "example", "invalid", "localhost")


def _plain(value: Value, _: Props) -> bool | str:
    name = str(value).lower()
    if len(name) > 255:
        return f"{len(name)} characters"
    if re.fullmatch(r"[0-9.]+|.*:.*", name):
        return f"{value!r} is an address"
    return name.startswith("*.") or values.record_name(name, {})


def _is_ascii(value: Value, _: Props) -> bool:
    return str(value).isascii()


def _top(value: Value, _: Props) -> bool:
    return str(value).lower().rpartition(".")[2] not in _RESERVED


def _named_top(value: Value) -> bool:
    """No top domain is of digits alone."""
    return not str(value).rpartition(".")[2].isdigit()


def _not_example(value: Value, _: Props) -> bool:
    return re.search(r"(^|\.)example\.(com|net|org)$", str(value).lower()) is None


def _below_a_suffix(value: Value, _: Props) -> bool:
    return "." in str(value) and _named_top(value) and not is_public_suffix(str(value))


def _no_wildcard(value: Value, _: Props) -> bool:
    return not str(value).startswith("*.")


def _both(value: Value, _: Props) -> bool | str:
    missing = [name for name in ("method", "type") if value.get(name) is None]
    return not missing or f"{missing[0]} is missing"


def _wildcard_by_txt(value: Value, _: Props) -> bool:
    return not (value.get("wildcard") is True and value.get("method") == "http")


def _not_proxied(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    wanted = str(inputs.get("origin")).lower()
    for one in cloud.find(RECORD):
        same = one.inputs.get("zoneId") == inputs.get("zoneId") and str(one.inputs.get("name")).lower() == wanted
        if same and one.inputs.get("proxied") is True and one.inputs.get("type") in ("A", "AAAA", "CNAME"):
            return None
    return f"{inputs.get('origin')!r}"


def _token(computing: Computing, what: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{computing.id}/{what}"))


def _ownership(computing: Computing) -> dict[str, str]:
    name = f"_cf-custom-hostname.{computing.inputs.get('hostname')}"
    return {"type": "txt", "name": name, "value": _token(computing, "txt")}


def _ownership_http(computing: Computing) -> dict[str, str]:
    path = ".well-known/cf-custom-hostname-challenge"
    url = f"http://{computing.inputs.get('hostname')}/{path}/{computing.id}"
    return {"httpUrl": url, "httpBody": _token(computing, "http")}


def _get(args: Props, cloud: Cloud, _: Props) -> Mapping[str, Any]:
    for one in cloud.find(CUSTOM_HOSTNAME):
        if one.id == args["customHostnameId"] and one.inputs.get("zoneId") == args["zoneId"]:
            return {"id": one.id, "customHostnameId": one.id, **one.outputs}
    raise ValueError("1436: The custom hostname was not found.")


FUNCTIONS = (
    Function(
        token="cloudflare:index/getCustomHostname:getCustomHostname",
        about="A custom hostname as it is now: its status, and what its validation lacks.",
        sources=(f"{DOCS.replace('resources', 'data-sources')}/custom_hostname.md",),
        answer=_get,
        rules=(
            ZONE_ID,
            Pattern(
                path="customHostnameId",
                regex=f"{HEX_ID}|[0-9a-f-]{{36}}",
                says="The custom hostname ID is invalid.",
                code="1435",
                source=CODES,
            ),
            Forbidden(path="filter", says="is not simulated: ask by customHostnameId", source=SCHEMA),
        ),
    ),
)

TYPES = (
    ResourceType(
        token=CUSTOM_HOSTNAME,
        about="A customer's own domain that leads to this zone, with a certificate that Cloudflare gets for it.",
        sources=(START, CODES, SCHEMA),
        properties=(
            *("zoneId", "hostname"),
            *(f"ssl.{name}" for name in ("method", "type", "bundleMethod", "certificateAuthority", "wildcard")),
            *(f"ssl.settings.{name}" for name in ("minTlsVersion", "http2", "tls13", "earlyHints")),
        ),
        rules=(
            ZONE_ID,
            Must(
                path="hostname",
                test=_plain,
                says="Invalid custom hostname: smaller than 256 characters, no address, no special characters",
                code="1407",
                source=CODES,
            ),
            Must(
                path="hostname",
                name="must:hostname:ascii",
                test=_is_ascii,
                says="Custom hostnames with non-ASCII characters are not supported.",
                code="1408",
                source=CODES,
            ),
            Must(
                path="hostname",
                name="must:hostname:top",
                test=_top,
                says="Reserved top domain custom hostnames, such as 'test', 'example', 'invalid' or 'localhost', is not"
                " supported.",
                code="1409",
                source=CODES,
            ),
            Must(
                path="hostname",
                name="must:hostname:suffix",
                test=_below_a_suffix,
                says="publicsuffix: cannot derive eTLD+1 for domain",
                code="1410",
                source=CODES,
            ),
            Must(
                path="hostname",
                name="must:hostname:example",
                test=_not_example,
                says="Custom hostnames ending in example.com, example.net, or example.org are prohibited.",
                code="1411",
                source=CODES,
            ),
            Must(
                path="hostname",
                name="must:hostname:wildcard",
                test=_no_wildcard,
                says="Custom hostnames with wildcards are not supported for certificates managed by Cloudflare.",
                code="1448",
                source=CODES,
            ),
            Must(
                path="ssl",
                test=_both,
                says="Both validation type and validation method are required.",
                code="1440",
                source=CODES,
            ),
            Must(
                path="ssl",
                name="must:ssl:wildcard",
                test=_wildcard_by_txt,
                says="wildcard certificates are not validated by http: method txt",
                source=f"{VALIDATE}/http/",
            ),
            OneOf(
                path="ssl.method",
                values=("http", "txt"),
                says="must be http or txt; email is not offered any more",
                code="1432",
                source=VALIDATE,
            ),
            OneOf(path="ssl.type", values=("dv",), code="1433", source=CODES),
            OneOf(path="ssl.bundleMethod", values=("ubiquitous", "optimal", "force"), code="1449", source=CODES),
            OneOf(path="ssl.certificateAuthority", values=("google", "lets_encrypt", "ssl_com"), source=SCHEMA),
            OneOf(path="ssl.settings.minTlsVersion", values=("1.0", "1.1", "1.2", "1.3"), code="1425", source=CODES),
            OneOf(path="ssl.settings.http2", values=_ON_OFF, code="1422", source=CODES),
            OneOf(path="ssl.settings.tls13", values=_ON_OFF, code="1424", source=CODES),
            OneOf(path="ssl.settings.earlyHints", values=_ON_OFF, source=SCHEMA),
            Forbidden(
                path="customOriginServer",
                says="Access to setting a custom origin server has not been granted for this zone: Enterprise's alone",
                code="1414",
                source=ORIGIN,
            ),
            Forbidden(path="customOriginSni", says="is Enterprise's alone", source=ORIGIN),
            Forbidden(
                path="customMetadata",
                says="No custom metadata access has been allocated for this zone: Enterprise's alone",
                code="1413",
                source=METADATA,
            ),
            ZONE_EXISTS,
            Unique(
                path="hostname",
                within=("zoneId",),
                token=CUSTOM_HOSTNAME,
                says="Duplicate custom hostname found.",
                code="1406",
                source=CODES,
            ),
        ),
        id=lambda c: identifier("customHostname", str(c.inputs.get("zoneId")), str(c.inputs.get("hostname"))),
        computed={
            "createdAt": lambda c: c.old.get("createdAt") or now(),
            "status": lambda c: c.old.get("status") or "pending",
            "ownershipVerification": _ownership,
            "ownershipVerificationHttp": _ownership_http,
            "verificationErrors": lambda c: ["custom hostname does not CNAME to this zone."],
        },
        replaces=("zoneId", "hostname"),
        not_checked=(
            "that Cloudflare for SaaS is enabled for the zone (1404: No quota has been allocated for this zone), and "
            "that the zone has a fallback origin: without one, visitors get error 1016",
            "the number of hostnames: 100 are free, each more is billed",
            "public suffixes of more than two labels, and of countries that are not in the table (1410)",
            "certificates: none is issued, and the hostname stays pending; certificates of one's own are refused",
            "ids are UUIDs there",
        ),
    ),
    ResourceType(
        token=FALLBACK_ORIGIN,
        about="Where requests for custom hostnames go: one name of the zone for all of them.",
        sources=(START, FALLBACK_SCHEMA),
        properties=("zoneId", "origin"),
        rules=(
            ZONE_ID,
            Must(
                path="origin",
                test=values.record_name,
                says="must be the full name of a record in the zone",
                source=FALLBACK_SCHEMA,
            ),
            Must(
                path="origin",
                name="must:origin:wildcard",
                test=_no_wildcard,
                says="must be one name, without a wildcard",
                source=ORIGIN,
            ),
            ZONE_EXISTS,
            NeedsInCloud(
                path="origin",
                test=_not_proxied,
                says="must be a proxied A, AAAA or CNAME record of the zone",
                source=START,
            ),
        ),
        id="{zoneId}",
        computed={
            "createdAt": lambda c: c.old.get("createdAt") or now(),
            "updatedAt": lambda c: now(),
            "status": lambda c: "active",
            "errors": lambda c: [],
        },
        replaces=("zoneId",),
        not_checked=("that Cloudflare for SaaS is enabled for the zone", "how long it takes until it is active"),
        overwrites=True,
    ),
)
