"""What must fit together in one container: its network mode, its mounts, its security options (inputs alone decide).

From moby 28.5.2: runconfig/hostconfig.go (validateNetContainerMode), api/types/network/endpoint.go, volume/mounts,
daemon/seccomp_linux.go, daemon/daemon_unix.go (parseSecurityOpt); docker/cli opts/hosts.go.
"""

from __future__ import annotations

import ipaddress
import json
import posixpath
import re

from sandbox.core.rules import Between, Length, Must, OneOf, Rule
from sandbox.core.values import UNKNOWN, Props, Value
from sandbox.docker.types.container import values

__all__ = ["RULES"]

MOBY = "https://github.com/moby/moby/blob/v28.5.2"
_ACTIONS = frozenset(
    f"SCMP_ACT_{name}" for name in ("KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "ALLOW", "LOG")
) | {"SCMP_ACT_NOTIFY"}
_NOT_WITH_ANOTHERS_NETWORK = ("hostname", "dns", "hosts", "ports", "publishAllPorts")


def _anothers_network(value: Value, props: Props) -> bool | str:
    mode = str(value)
    if mode != "container" and not mode.startswith("container:"):
        return True
    if not mode.removeprefix("container").removeprefix(":"):
        return "invalid container format container:<name|id>"
    given = [name for name in _NOT_WITH_ANOTHERS_NETWORK if props.get(name)]
    return not given or f"conflicting options: {given[0]} and the container type network mode"


def _endpoint(value: Value, _: Props) -> bool | str:
    if value.get("name") in ("host", "none"):
        return "container cannot be connected to the network host or none"
    mac = value.get("macAddress")
    if isinstance(mac, str) and not re.fullmatch(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}", mac):
        return f"invalid MAC address {mac}"
    found = [("IPv4", value.get("ipv4Address"), 4), ("IPv6", value.get("ipv6Address"), 6)]
    found += [("link-local IP", one, 0) for one in value.get("linkLocalIps") or []]
    for what, text, version in found:
        if isinstance(text, str) and not _is_address(text, version):
            return f"invalid {what} address: {text}"
    return True


def _is_address(text: str, version: int) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not address.is_unspecified and version in (0, address.version)


def _not_root(value: Value, _: Props) -> bool:
    return posixpath.normpath("/" + str(value).lstrip("/")) != "/"


def _places(_: Value, props: Props) -> bool | str:
    volumes = props.get("volumes")
    return values.mount_points(volumes if isinstance(volumes, list) else [], props)


def _security(value: Value, _: Props) -> bool | str:
    option = str(value)
    kind, _sign, text = option.partition("=") if "=" in option else option.partition(":")
    if kind == "label":
        known = ("user", "role", "type", "level", "filetype")
        return text in ("disable", "nested") or text.replace("=", ":").partition(":")[0] in known or f"bad label {text}"
    if kind != "seccomp" or text in ("unconfined", ""):
        return True
    try:
        profile = json.loads(text)
    except ValueError:
        return "Decoding seccomp profile failed: the engine wants the profile's JSON, not the path of a file"
    action = profile.get("defaultAction") if isinstance(profile, dict) else None
    return action in _ACTIONS or f"seccomp: unknown default action {action}"


def _host(value: Value, _: Props) -> bool:
    return bool(value) and ":" not in str(value)


def _watched(value: Value, props: Props) -> bool:
    health = props.get("healthcheck")
    return not value or not isinstance(health, dict) or list(health.get("tests") or [])[:1] != ["NONE"]


def _processors_in_order(value: Value, _: Props) -> bool:
    ranges = [part.split("-") for part in str(value).split(",")]
    return all(len(one) == 1 or (len(one) == 2 and all(one) and int(one[0]) <= int(one[1])) for one in ranges)


RULES: tuple[Rule, ...] = (
    Must(
        path="networkMode",
        name="pairs:networkMode",
        test=_anothers_network,
        says="who shares another container's network has its name, ports, DNS and hosts",
        source=f"{MOBY}/runconfig/hostconfig.go",
    ),
    Must(
        path="networksAdvanced[*]",
        name="must:networksAdvanced[*].endpoint",
        test=_endpoint,
        says="an address must be one, and of the property's kind",
        code="invalid endpoint settings",
        source=f"{MOBY}/api/types/network/endpoint.go",
    ),
    Between(
        path="networksAdvanced[*].gwPriority",
        least=0,
        source="https://github.com/kreuzwerker/terraform-provider-docker/blob/v4.5.0/internal/provider/resource_docker_container.go",
    ),
    *(
        Must(
            path=path,
            name=f"root:{path}",
            test=_not_root,
            says="destination can't be '/'",
            code="invalid specification",
            source=f"{MOBY}/volume/mounts/linux_parser.go",
        )
        for path in ("volumes[*].containerPath", "mounts[*].target")
    ),
    *(
        Must(
            path=path,
            name=f"places:{path}",
            test=_places,
            says="mounts two things in one place",
            code="Duplicate mount point",
            source=f"{MOBY}/daemon/volumes.go",
        )
        for path in ("mounts", "tmpfs")
    ),
    Must(
        path="volumes[*].hostPath",
        name="must:volumes[*].hostPath",
        test=lambda value, _: ":" not in str(value),
        says="can't hold a colon: the provider joins source, place and mode by colons",
        source="https://github.com/kreuzwerker/terraform-provider-docker/blob/v4.5.0/internal/provider/resource_docker_container_structures.go",
    ),
    OneOf(
        path="mounts[*].bindOptions.propagation",
        values=("private", "rprivate", "shared", "rshared", "slave", "rslave"),
        source=f"{MOBY}/volume/mounts/linux_parser.go",
    ),
    Between(path="mounts[*].tmpfsOptions.sizeBytes", least=0, source=f"{MOBY}/volume/mounts/linux_parser.go"),
    Must(
        path="mounts[*].volumeOptions.subpath",
        test=lambda value, _: not str(value).startswith("/") and ".." not in str(value).split("/"),
        says="must be a path within the volume",
        code="subpath must be a relative path within the volume",
        source=f"{MOBY}/volume/mounts/linux_parser.go",
    ),
    Must(
        path="securityOpts[*]",
        test=_security,
        says="is not what the engine takes",
        code="invalid --security-opt",
        source=f"{MOBY}/daemon/seccomp_linux.go",
    ),
    Must(
        path="hosts[*].host",
        test=_host,
        says="must be a name without a colon",
        code="bad format for add-host",
        source="https://github.com/docker/cli/blob/v28.5.2/opts/hosts.go",
    ),
    Length(path="groupAdds[*]", least=1, says="must name a group", source=f"{MOBY}/daemon/oci_linux.go"),
    Must(
        path="wait",
        name="watched:wait",
        test=_watched,
        says="waits for health, and the health check is switched off: it would wait until the time-out",
        source="https://github.com/kreuzwerker/terraform-provider-docker/blob/v4.5.0/internal/provider/resource_docker_container_funcs.go",
    ),
    Between(
        path="maxRetryCount", least=0, code="invalid restart policy", source=f"{MOBY}/api/types/container/hostconfig.go"
    ),
    Must(
        path="cpuSet",
        name="order:cpuSet",
        test=_processors_in_order,
        says="a range goes upwards",
        code="Invalid value for cpuset cpus",
        source=f"{MOBY}/pkg/parsers/parsers.go",
    ),
    OneOf(
        path="runtime",
        values=("runc", "io.containerd.runc.v2"),
        says="is not a runtime of this host (runc, io.containerd.runc.v2)",
        code="unknown or invalid runtime name",
        source=f"{MOBY}/daemon/runtime_unix.go",
    ),
    Must(
        path="platform",
        test=lambda value, _: (
            value is UNKNOWN or re.fullmatch(r"|linux(/\w+(/v\d)?)?|amd64|arm64", str(value)) is not None
        ),
        says="must be of this host: linux[/arch[/variant]]",
        source="https://github.com/containerd/platforms/blob/main/platforms.go",
    ),
)
