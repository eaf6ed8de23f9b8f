"""Nothing speaks less than TLS 1.2, and nothing answers in plain text."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, differs, part

_STORAGE = "azure-native:storage:StorageAccount"
_PARAMETER = "azure-native:dbforpostgresql:Configuration"
_ZONE = "cloudflare:index/zoneSetting:ZoneSetting"
_APP = "azure-native:app:ContainerApp"
_REDIS = "azure-native:cache:Redis"
_MANAGED_REDIS = "azure-native:redisenterprise:RedisEnterprise"
_MANAGED_REDIS_DATABASE = "azure-native:redisenterprise:Database"
_SAFE_VERSIONS = ("1.2", "1.3", "TLS1_2", "TLS1_3", "TLSv1.2", "TLSv1.3")


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    if resource.token == _STORAGE:
        if inputs.get("minimumTlsVersion", "TLS1_0") not in (UNKNOWN, *_SAFE_VERSIONS):
            yield "minimumTlsVersion: TLS1_2"
        if differs(inputs.get("enableHttpsTrafficOnly", True), True):
            yield "enableHttpsTrafficOnly: true"
    elif resource.token == _PARAMETER:
        name, value = inputs.get("configurationName"), inputs.get("value")
        if name == "require_secure_transport" and differs(str(value).lower(), "on"):
            yield "require_secure_transport lets passwords and rows travel in plain text: ON"
        if name == "log_connections" and differs(str(value).lower(), "on"):
            yield "log_connections says who connected: ON"
        if name == "ssl_min_protocol_version" and value not in (UNKNOWN, *_SAFE_VERSIONS):
            yield f"ssl_min_protocol_version is {value}: TLSv1.2"
    elif resource.token == _ZONE:
        yield from _zone(inputs.get("settingId"), inputs.get("value"))
    elif resource.token == _APP:
        ingress = part(part(inputs.get("configuration")).get("ingress"))
        if ingress and ingress.get("allowInsecure") is True:
            yield "configuration.ingress.allowInsecure answers in plain text: false"
    elif resource.token == _MANAGED_REDIS_DATABASE:
        if differs(inputs.get("clientProtocol", "Encrypted"), "Encrypted"):
            yield "clientProtocol answers in plain text: Encrypted"
    elif inputs.get("minimumTlsVersion") not in (UNKNOWN, *_SAFE_VERSIONS) or inputs.get("enableNonSslPort") is True:
        yield "minimumTlsVersion: 1.2, and no enableNonSslPort"


def _zone(setting: object, value: object) -> Iterator[str]:
    if value is UNKNOWN:
        return
    if setting == "min_tls_version" and value not in _SAFE_VERSIONS:
        yield f"min_tls_version is {value}: 1.2"
    if setting == "ssl" and value not in ("strict", "origin_pull"):
        yield f"ssl is {value}: strict; with less, anyone between Cloudflare and the origin reads along"
    if setting == "always_use_https" and value != "on":
        yield f"always_use_https is {value}: on"


RULE = Rule(
    name="tls-minimum",
    says="Nothing speaks less than TLS 1.2, and nothing answers in plain text.",
    types=(_STORAGE, _PARAMETER, _ZONE, _APP, _REDIS, _MANAGED_REDIS, _MANAGED_REDIS_DATABASE),
    check=_check,
)
