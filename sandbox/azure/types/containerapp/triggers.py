"""Container Apps: the triggers of KEDA that a custom scale rule may name. One that is not here is refused: nothing
else would read what it is told.

A trigger that KEDA can't read makes no error at Azure: the app stays as it is, and only a log says why.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.azure.names import known
from sandbox.core.values import UNKNOWN, Props, Value, contains_unknown

__all__ = ["KEDA", "TRIGGERS", "known_kind", "parameters", "values"]

KEDA = "kedacore/keda pkg/scalers/"
_NUMBER, _POSITIVE, _SWITCH = r"\d+(\.\d+)?", r"[1-9]\d*", r"true|false"
_CRON = r"(\S+\s+){4}\S+"


@dataclass(frozen=True)
class Trigger:
    """What a trigger takes: parameters of which one of each group must be given, others, and what they look like."""

    needs: Sequence[Sequence[str]]
    takes: Sequence[str]
    looks: Mapping[str, str]
    without: Sequence[tuple[str, str]] = ()
    """Pairs that exclude each other."""


_ADDRESS = ("address", "addressFromEnv", "host", "hostFromEnv")
TRIGGERS: Mapping[str, Trigger] = {
    "redis": Trigger(
        needs=(_ADDRESS, ("listName",)),
        takes=(
            *("port", "portFromEnv", "usernameFromEnv", "passwordFromEnv", "listLength", "activationListLength"),
            *("enableTLS", "databaseIndex", "unsafeSsl"),
        ),
        looks={
            "address": r"\S+:\d{1,5}",
            "port": r"\d{1,5}",
            "listLength": _POSITIVE,
            "activationListLength": r"\d+",
            "databaseIndex": r"\d+",
            "enableTLS": _SWITCH,
            "unsafeSsl": _SWITCH,
        },
    ),
    "azure-servicebus": Trigger(
        needs=(("queueName", "topicName"),),
        takes=(
            *("subscriptionName", "namespace", "messageCount", "activationMessageCount", "connectionFromEnv"),
            *("cloud", "endpointSuffix", "useRegex", "operation"),
        ),
        looks={"messageCount": _POSITIVE, "activationMessageCount": r"\d+", "useRegex": _SWITCH},
        without=(("queueName", "topicName"), ("queueName", "subscriptionName")),
    ),
    "cron": Trigger(
        needs=(("timezone",), ("start",), ("end",), ("desiredReplicas",)),
        takes=(),
        looks={"start": _CRON, "end": _CRON, "desiredReplicas": r"\d+"},
    ),
    "cpu": Trigger(
        needs=(("value",),), takes=("type", "containerName"), looks={"value": _NUMBER, "type": "Utilization"}
    ),
    "memory": Trigger(
        needs=(("value",),),
        takes=("type", "containerName"),
        looks={"value": _NUMBER, "type": "Utilization|AverageValue"},
    ),
    "http": Trigger(needs=(), takes=("concurrentRequests",), looks={"concurrentRequests": _POSITIVE}),
    "tcp": Trigger(needs=(), takes=("concurrentConnections",), looks={"concurrentConnections": _POSITIVE}),
    "postgresql": Trigger(
        needs=(("query",), ("targetQueryValue",)),
        takes=(
            *("activationTargetQueryValue", "connection", "connectionFromEnv", "host", "port", "userName", "dbName"),
            *("sslmode", "passwordFromEnv"),
        ),
        looks={
            "targetQueryValue": _NUMBER,
            "activationTargetQueryValue": _NUMBER,
            "port": r"\d{1,5}",
            "sslmode": "disable|allow|prefer|require|verify-ca|verify-full",
        },
    ),
}


def _kind(value: Value) -> str:
    kind = known(value, "type")
    return str(kind).lower() if kind is not None else ""


def known_kind(value: Value, _: Props) -> bool | str:
    """For `Must`: a trigger that is simulated."""
    return not _kind(value) or _kind(value) in TRIGGERS or f"there is no trigger {known(value, 'type')!r} here"


def parameters(value: Value, _: Props) -> bool | str:
    """For `Must`: what the trigger needs is given, by its metadata or its auth, and nothing that it does not know."""
    trigger, metadata, auth = TRIGGERS.get(_kind(value)), known(value, "metadata"), known(value, "auth") or []
    if trigger is None or not isinstance(metadata, Mapping) or contains_unknown(auth):
        return True
    given = {name for name, text in metadata.items() if text is UNKNOWN or str(text)}
    given |= {str(known(one, "triggerParameter")) for one in auth}
    for group in trigger.needs:
        if not given & set(group):
            return f"no {' or '.join(group)}"
    if given & {"host", "hostFromEnv"} and not given & {"port", "portFromEnv"}:
        return "neither address (host:port) nor host and port"
    if "topicName" in given and "subscriptionName" not in given:
        return "a topicName without subscriptionName"
    both = next((pair for pair in trigger.without if set(pair) <= given), None)
    if both:
        return f"{both[0]} and {both[1]} exclude each other"
    strange = sorted(set(metadata) - {name for group in trigger.needs for name in group} - set(trigger.takes))
    return not strange or f"{strange[0]} is no parameter of it"


def values(value: Value, _: Props) -> bool | str:
    """For `Must`: each parameter looks as the trigger reads it."""
    trigger, metadata = TRIGGERS.get(_kind(value)), known(value, "metadata")
    if trigger is None or not isinstance(metadata, Mapping):
        return True
    for name, pattern in trigger.looks.items():
        text = known(metadata, name)
        if text is not None and not re.fullmatch(pattern, str(text)):
            return f"{name} is {text!r}"
    zone = known(metadata, "timezone")
    if zone is not None and zone not in zoneinfo.available_timezones():
        return f"timezone is {zone!r}"
    start, end = known(metadata, "start"), known(metadata, "end")
    return start is None or start != end or "it starts and ends at once"
