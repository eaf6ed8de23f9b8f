"""What the provider makes of a container that is there: what its Read writes back, and what its Update carries out.

Facts from kreuzwerker/terraform-provider-docker 4.5.0 (resource_docker_container_funcs.go: resourceDockerContainerRead,
resourceDockerContainerUpdate; helpers.go: nanoInt64ToDecimalString) and the client that it is built with
(docker/docker 28.5.2, client/container_create.go: normalizeCapabilities).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from sandbox.core.values import UNKNOWN, Props, Value, contains_unknown
from sandbox.docker.types.container import values

__all__ = ["NEVER_UPDATED", "SETS", "carried_out", "processors", "written_back"]

SETS = (
    *("capabilities.adds", "capabilities.drops", "dns", "dnsOpts", "dnsSearches", "envs", "groupAdds", "hosts"),
    *("labels", "mounts", "networksAdvanced", "networksAdvanced[*].aliases", "networksAdvanced[*].driverOpts"),
    *("networksAdvanced[*].linkLocalIps", "ports", "securityOpts", "ulimits", "uploads", "volumes"),
)
"""Schema.TypeSet; `ports` is a list whose DiffSuppressFunc finds each port wherever it stands."""

NEVER_UPDATED = ("healthcheck", "init", "rm", "tmpfs")
"""Not ForceNew, not in what Update hands to ContainerUpdate, and read back from the container."""
_ZERO_IS_UNCHANGED = ("cpuSet", "cpuShares", "memory", "memoryReservation", "memorySwap")
"""ContainerUpdate takes a zero, and so a property that was taken away, for "as before"."""
_DURATIONS = ("interval", "timeout", "startPeriod", "startInterval")


def carried_out(old: Props, new: Props) -> Props:
    """What the container has after an update."""
    kept = {name for name in NEVER_UPDATED if name in old or name in new}
    kept |= {name for name in _ZERO_IS_UNCHANGED if not new.get(name) and old.get(name)}
    holds = {name: value for name, value in new.items() if name not in kept}
    return {**holds, **{name: old[name] for name in kept if name in old}}


def written_back(inputs: Props) -> Mapping[str, Any]:
    """Of these inputs, those that come back in another form; and the swap, though nobody asked for it."""
    found: dict[str, Any] = {}
    for name, form in _FORMS.items():
        value = inputs.get(name)
        if value is not None and not contains_unknown(value):
            found[name] = form(value)
    memory, swap = inputs.get("memory"), inputs.get("memorySwap")
    if memory and memory is not UNKNOWN and not swap:
        found["memorySwap"] = 2 * memory  # moby daemon/daemon_unix.go, adaptContainerSettings
    return found


def processors(value: Value) -> str:
    """As nanoInt64ToDecimalString writes it: nine zeros in its nine digits mean one digit, even when that rounds."""
    number = Fraction(str(value)) if "/" in str(value) else Fraction(Decimal(str(value)))
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    nine = f"{exact:.9f}"
    if nine.count("0") == 9:
        return str(exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))
    return nine.rstrip("0")


def _health(value: Mapping[str, Any]) -> dict[str, Any]:
    lengths = {name: values.seconds(str(value[name])) for name in _DURATIONS if value.get(name) is not None}
    return {**value, **{name: values.canonical(length) for name, length in lengths.items() if length is not None}}


def _capabilities(value: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: sorted({values.capability_name(one) for one in names}) for kind, names in value.items()}


def _hosts(value: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`host:ip` is cut at its colons, so of an IPv6 address the first part is left (flattenExtraHosts)."""
    return [{**one, "ip": str(one.get("ip", "")).partition(":")[0]} for one in value]


def _security(value: list[str]) -> list[str]:
    """systempaths=unconfined is for the client alone: the engine is told of other things (parseSystemPaths)."""
    return [one for one in value if one != "systempaths=unconfined"]


_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "cpus": processors,
    "healthcheck": _health,
    "capabilities": _capabilities,
    "hosts": _hosts,
    "securityOpts": _security,
    # Of os/arch/variant the engine keeps the operating system.
    "platform": lambda value: str(value).partition("/")[0] or "linux",
}
