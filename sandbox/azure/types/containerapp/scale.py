"""Container Apps: probes, and how an app grows and shrinks."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.azure.names import known
from sandbox.azure.types.containerapp.secrets import own_identity, secret_ref
from sandbox.azure.types.containerapp.triggers import KEDA, TRIGGERS, known_kind, parameters, values
from sandbox.core.rules import Between, ExactlyOne, Must, Pattern, Required, Rule, UniqueItems
from sandbox.core.values import Props, Value, is_set, lookup

__all__ = ["PROBE_RULES", "SCALE_RULES"]

_PROBES = "https://learn.microsoft.com/azure/container-apps/health-probes"
_SCALE = "https://learn.microsoft.com/azure/container-apps/scale-app"


def _ordered(value: Value, _: Props) -> bool:
    least, most = known(value, "minReplicas"), known(value, "maxReplicas")
    return least is None or (most if most is not None else 10) >= least


def _first_only(value: Value, _: Props) -> bool | str:
    strict = [one for one in value if known(one, "type") in ("Liveness", "Startup")]
    wrong = [one for one in strict if known(one, "successThreshold") not in (None, 1)]
    return not wrong or f"{wrong[0]['type']} with successThreshold {wrong[0]['successThreshold']}"


def _metadata(value: Value, _: Props) -> bool:
    return isinstance(value, str) and value.isdigit() and int(value) > 0


def _only(name: str) -> Callable[[Value, Props], bool | str]:
    """Metadata that has no other name: a misspelt one would be ignored."""

    def test(value: Value, _: Props) -> bool | str:
        strange = sorted(set(value) - {name})
        return not strange or strange[0]

    return test


def _logs_in(value: Value, _: Props) -> bool:
    by_identity = is_set(lookup(value, "identity")) and is_set(lookup(value, "accountName"))
    return by_identity or bool(lookup(value, "auth"))


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
        name="kind:custom",
        partial=True,
        test=known_kind,
        says=f"is not simulated, so nothing could refuse a wrong parameter of it; these are: {', '.join(TRIGGERS)}",
        source=KEDA,
    ),
    Must(
        path=f"{_R}[*].custom",
        name="parameters:custom",
        partial=True,
        test=parameters,
        says="give the trigger what it needs (redis: listName, and address or host and port) and nothing unknown",
        source=KEDA,
    ),
    Must(
        path=f"{_R}[*].custom",
        name="values:custom",
        partial=True,
        test=values,
        says="write parameters as KEDA reads them: address is host:port, lengths are numbers, enableTLS true or false",
        source=KEDA,
    ),
    *(
        Must(
            path=f"{_R}[*].{kind}.metadata",
            name=f"names:{kind}.metadata",
            partial=True,
            test=_only(name),
            says=f"is no parameter of it: {name} is the only one",
            source=_SCALE,
        )
        for kind, name in (("http", "concurrentRequests"), ("tcp", "concurrentConnections"))
    ),
    Must(
        path=f"{_R}[*].azureQueue",
        name="login:azureQueue",
        partial=True,
        test=_logs_in,
        says="needs auth, or accountName and identity",
        source=_SCALE,
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
