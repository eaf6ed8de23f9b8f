"""Container Apps: probes, and how an app grows and shrinks."""

from __future__ import annotations

import re

from sandbox.catalog.azure_arm import known
from sandbox.catalog.azure_containerapp_secrets import own_identity, secret_ref
from sandbox.rules import Between, ExactlyOne, Must, Pattern, Required, Rule, UniqueItems
from sandbox.values import UNKNOWN, Props, Value, contains_unknown

_PROBES = "https://learn.microsoft.com/azure/container-apps/health-probes"
_SCALE = "https://learn.microsoft.com/azure/container-apps/scale-app"
_LISTS = "https://keda.sh/docs/latest/scalers/redis-lists/"


def _ordered(value: Value, _: Props) -> bool:
    least, most = known(value, "minReplicas"), known(value, "maxReplicas")
    return least is None or (most if most is not None else 10) >= least


def _first_only(value: Value, _: Props) -> bool | str:
    strict = [one for one in value if known(one, "type") in ("Liveness", "Startup")]
    wrong = [one for one in strict if known(one, "successThreshold") not in (None, 1)]
    return not wrong or f"{wrong[0]['type']} with successThreshold {wrong[0]['successThreshold']}"


def _metadata(value: Value, _: Props) -> bool:
    return isinstance(value, str) and value.isdigit() and int(value) > 0


_ADDRESSES = (("address", "addressFromEnv"), ("host", "hostFromEnv"), ("port", "portFromEnv"))
_REDIS_METADATA = (
    *(name for pair in _ADDRESSES for name in pair),
    *("usernameFromEnv", "passwordFromEnv", "listName", "listLength", "activationListLength", "enableTLS"),
    *("databaseIndex", "unsafeSsl"),
)


def _redis(value: Value, _: Props) -> bool | str:
    """A trigger of KEDA that counts a Redis list. Where it can't, the app stays as it is, and only a log says why."""
    if str(known(value, "type")).lower() != "redis":
        return True
    metadata = known(value, "metadata") or {}
    auth = known(value, "auth") or []
    if contains_unknown(auth) or metadata is UNKNOWN:
        return True
    given = {name for name, text_ in metadata.items() if text_ is UNKNOWN or str(text_)}
    given |= {str(known(one, "triggerParameter")) for one in auth}
    address, host, port = (bool(given & set(pair)) for pair in _ADDRESSES)
    if not address and not (host and port):
        return "neither address (host:port) nor host and port"
    if "listName" not in given:
        return "no listName"
    strange = sorted(set(metadata) - set(_REDIS_METADATA))
    return not strange or f"{strange[0]} is no parameter of it"


def _redis_values(value: Value, _: Props) -> bool | str:
    if str(known(value, "type")).lower() != "redis":
        return True
    patterns = {
        "address": r"\S+:\d{1,5}",
        "port": r"\d{1,5}",
        "listLength": r"[1-9]\d*",
        "activationListLength": r"\d+",
        "databaseIndex": r"\d+",
        "enableTLS": r"true|false",
    }
    for name, pattern in patterns.items():
        text_ = known(value, f"metadata.{name}")
        if text_ is not None and not re.fullmatch(pattern, str(text_)):
            return f"{name} is {text_!r}"
    return True


_P = "template.containers[*].probes"
PROBE_RULES: tuple[Rule, ...] = (
    Required(path=f"{_P}[*].type", source=_PROBES),
    UniqueItems(path=_P, key="type", says="may stand only once: one probe of each type a container", source=_PROBES),
    ExactlyOne(path=f"{_P}[*]", fields=("httpGet", "tcpSocket"), source=_PROBES),
    Between(path=f"{_P}[*].httpGet.port", least=1, most=65535, source=_PROBES),
    Between(path=f"{_P}[*].tcpSocket.port", least=1, most=65535, source=_PROBES),
    Pattern(path=f"{_P}[*].httpGet.path", regex=r"/\S*", says="must start with '/'", source=_PROBES),
    Between(path=f"{_P}[*].initialDelaySeconds", least=0, most=60, source=_PROBES),
    Between(path=f"{_P}[*].periodSeconds", least=1, most=240, source=_PROBES),
    Between(path=f"{_P}[*].timeoutSeconds", least=1, most=240, source=_PROBES),
    Between(path=f"{_P}[*].failureThreshold", least=1, most=10, source=_PROBES),
    Between(path=f"{_P}[*].successThreshold", least=1, most=10, source=_PROBES),
    Between(path=f"{_P}[*].terminationGracePeriodSeconds", least=0, most=3600, source=_PROBES),
    Must(
        path=_P,
        name="success:probes",
        partial=True,
        test=_first_only,
        says="successThreshold must be 1 for liveness and startup probes",
        source=_PROBES,
    ),
)

_R = "template.scale.rules"
SCALE_RULES: tuple[Rule, ...] = (
    Between(path="template.scale.minReplicas", least=0, most=1000, source=_SCALE),
    Between(path="template.scale.maxReplicas", least=1, most=1000, source=_SCALE),
    Must(
        path="template.scale",
        name="order:scale",
        test=_ordered,
        partial=True,
        says="minReplicas may not be more than maxReplicas (10 when left out)",
        source=_SCALE,
    ),
    Between(path="template.scale.cooldownPeriod", least=1, source=_SCALE),
    Between(path="template.scale.pollingInterval", least=1, source=_SCALE),
    Required(path=f"{_R}[*].name", source=_SCALE),
    UniqueItems(path=_R, key="name", source=_SCALE),
    ExactlyOne(path=f"{_R}[*]", fields=("http", "tcp", "custom", "azureQueue"), source=_SCALE),
    Must(
        path=f"{_R}[*].http.metadata.concurrentRequests",
        test=_metadata,
        says="must be a whole number above 0, written as text",
        source=_SCALE,
    ),
    Must(
        path=f"{_R}[*].tcp.metadata.concurrentConnections",
        test=_metadata,
        says="must be a whole number above 0, written as text",
        source=_SCALE,
    ),
    Required(path=f"{_R}[*].custom.type", source=_SCALE),
    Required(path=f"{_R}[*].custom.metadata", source=_SCALE),
    Must(
        path=f"{_R}[*].custom",
        name="parameters:redis",
        partial=True,
        test=_redis,
        says="a trigger of type redis needs listName and where Redis is; of its other parameters those are simulated "
        "that KEDA's page names",
        source=_LISTS,
    ),
    Must(
        path=f"{_R}[*].custom",
        name="values:redis",
        partial=True,
        test=_redis_values,
        says="address is host:port, lengths and the database's index are numbers, enableTLS is true or false",
        source=_LISTS,
    ),
    Required(path=f"{_R}[*].custom.auth[*].triggerParameter", source=_SCALE),
    Required(path=f"{_R}[*].custom.auth[*].secretRef", source=_SCALE),
    Required(path=f"{_R}[*].azureQueue.queueName", source=_SCALE),
    Between(path=f"{_R}[*].azureQueue.queueLength", least=1, source=_SCALE),
    secret_ref(f"{_R}[*].custom.auth[*].secretRef", "a scale rule"),
    secret_ref(f"{_R}[*].azureQueue.auth[*].secretRef", "a scale rule"),
    own_identity(f"{_R}[*].custom.identity"),
    own_identity(f"{_R}[*].azureQueue.identity"),
)
