"""What single values of a container must look like: the tests behind its rules."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import posixpath
import re
from fractions import Fraction

from sandbox.core.rules import When
from sandbox.core.values import UNKNOWN, Props, Value, lookup
from sandbox.docker.names import VOLUME_NAME

__all__ = [
    "BUILT_IN",
    "address",
    "address_or_gateway",
    "base64_text",
    "canonical",
    "capability",
    "capability_name",
    "cpus",
    "duration",
    "equals",
    "health_test",
    "host_name",
    "ids_in_range",
    "ipv4",
    "mount",
    "mount_points",
    "own_network",
    "ports_once",
    "reservation",
    "seconds",
    "swap",
    "sysctls",
    "tmpfs",
    "ulimit",
    "unique_keys",
]

_CAPABILITY_NAMES = """
    AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
    DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN
    MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID
    SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE
    SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM
    """
BUILT_IN = ("bridge", "host", "none", "default")
CAPABILITIES = frozenset(_CAPABILITY_NAMES.split())
_ULIMIT_NAMES = """
    core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack
    """
ULIMITS = frozenset(_ULIMIT_NAMES.split())
_NUMBER = r"\d+[kmgtpeKMGTPE]?"
_TMPFS = (
    r"rw|ro|defaults|a?sync|dirsync|(no)?(exec|suid|dev|atime|diratime|relatime|strictatime)"
    r"|r?(shared|slave|private)"
    rf"|size=({_NUMBER}|\d+%)|nr_(blocks|inodes)={_NUMBER}|mode=[0-7]+|[ug]id=\d+|mpol=\S+"
)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def equals(path: str, value: object) -> When:
    """Holds where that value stands at the path."""

    def when(props: Props) -> bool:
        found = lookup(props, path)
        return found is not UNKNOWN and bool(found == value)

    return when


def ids_in_range(value: Value, _: Props) -> bool:
    """Numbers of a user and a group that the kernel has; names are the image's own matter."""
    numbers = [part for part in str(value).split(":") if re.fullmatch(r"[+-]?\d+", part)]
    return all(0 <= int(part) <= 2**31 - 1 for part in numbers)


def address(value: Value, _: Props) -> bool:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def ipv4(value: Value, _: Props) -> bool:
    """Whether a value is an IPv4 address."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return True


def own_network(value: Value, _: Props) -> bool | str:
    """Only a network that somebody made gives out a wanted address or a further name."""
    if value.get("name") not in BUILT_IN:
        return True
    if value.get("ipv4Address"):
        return "user-specified IP address is supported on user-defined networks only"
    return not value.get("aliases") or "network-scoped aliases are only supported for user-defined networks"


def address_or_gateway(value: Value, props: Props) -> bool:
    """An address, or Docker's word for the host itself."""
    return value == "host-gateway" or address(value, props)


def host_name(value: Value, _: Props) -> bool:
    """RFC 1123 labels; the kernel takes 64 bytes with the end mark."""
    label = r"[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?"
    return len(value) <= 63 and re.fullmatch(rf"{label}(\.{label})*", value) is not None


def unique_keys(value: Value, _: Props) -> bool | str:
    """Whether each variable is given once."""
    seen: set[str] = set()
    for item in value if isinstance(value, list) else ():
        if item is UNKNOWN or not isinstance(item, str):
            continue
        key = item.partition("=")[0]
        if key in seen:
            return key
        seen.add(key)
    return True


def seconds(text: str) -> float | None:
    """A Go duration in seconds, or None."""
    if text == "0":
        return 0.0
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def canonical(length: float) -> str:
    """As Go prints a duration of that many seconds."""
    if length < 1:
        return "0s" if length == 0 else f"{length * 1000:g}ms"
    hours, rest = divmod(length, 3600)
    minutes, left = divmod(rest, 60)
    text = f"{int(hours)}h" if hours else ""
    text += f"{int(minutes)}m" if hours or minutes else ""
    return text + f"{round(left, 9):g}s"


def duration(value: Value, _: Props) -> bool | str:
    """A duration that Docker takes."""
    length = seconds(value)
    if length is None:
        return f"{value!r} is not a valid duration"
    return length == 0 or length >= 0.001 or f"{value!r} cannot be less than 1ms"


def health_test(value: Value, _: Props) -> bool:
    """[NONE], [CMD, program, …] or [CMD-SHELL, text]."""
    if not value:
        return True
    kind, rest = value[0], value[1:]
    return {"NONE": not rest, "CMD": bool(rest), "CMD-SHELL": len(rest) == 1}.get(kind, False)


def swap(value: Value, props: Props) -> bool | str:
    """Whether memory and swap together are no less than the memory alone."""
    memory = props.get("memory")
    if value in (-1, 0) or memory is UNKNOWN:
        return True
    if not memory:
        return "memory is not set"
    return value >= memory or f"{value} with memory {memory}"


def reservation(value: Value, props: Props) -> bool:
    """The soft limit is below the hard one."""
    memory = props.get("memory")
    return value == 0 or (value >= 6 and (memory is UNKNOWN or not memory or value <= memory))


def cpus(value: Value, _: Props) -> bool | str:
    """A rational number that nano-processors can hold."""
    try:
        number = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return f"failed to parse {value!r} as a rational number"
    if number < 0:
        return "range of CPUs is from 0.01"
    return (number * 10**9).denominator == 1 or f"{value!r}: value is too precise"


def ulimit(value: Value, _: Props) -> bool | str:
    """A known limit, soft <= hard (-1: none)."""
    if value["name"] not in ULIMITS:
        return f"invalid ulimit type: {value['name']}"
    soft, hard = value["soft"], value["hard"]
    if min(soft, hard) < -1:
        return "a limit must be -1 (none) or more"
    if hard != -1 and (soft == -1 or soft > hard):
        return f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"
    return True


def capability_name(value: str) -> str:
    """As the client writes it to the engine: in capitals, with its prefix."""
    name = value.upper()
    return name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}"


def capability(value: Value, _: Props) -> bool | str:
    """ALL, or a Linux capability, whose prefix and capitals don't matter."""
    name = capability_name(str(value))
    return name == "ALL" or name.removeprefix("CAP_") in CAPABILITIES or repr(value)


def sysctls(value: Value, props: Props) -> bool | str:
    """Only settings of the container's own namespaces."""
    for name, text in value.items():
        if name.startswith("net.") and not re.fullmatch(r"net\.(core|ipv4|ipv6|mpls|netfilter|unix|sctp)\..+", name):
            return f"{name!r} is no setting of Linux"
        if not re.fullmatch(r"-?\d+([ \t]+-?\d+)*", str(text)) and "congestion" not in name and "qdisc" not in name:
            return f"{name!r}: {text!r} is not a number"
        if str(props.get("networkMode", "")).startswith("container:") and name.startswith("net."):
            return f"{name!r} is the other container's"
        if props.get("ipcMode") == "host" and name.startswith(("kernel.", "fs.mqueue.")):
            return f"{name!r} is not allowed in the hosts ipc namespace"
        own = name.startswith(("kernel.shm", "kernel.msg", "fs.mqueue.")) or name == "kernel.sem"
        if name.startswith("net.") and props.get("networkMode") != "host":
            continue
        if not own:
            return f"{name!r}"
    return True


def ports_once(value: Value, _: Props) -> bool | str:
    """No port of the host twice."""
    seen: set[tuple[object, ...]] = set()
    for item in value:
        external = item.get("external")
        if not external:
            continue
        key = (external, item.get("protocol", "tcp"), item.get("ip") or "0.0.0.0")  # noqa: S104 - Docker's default
        wild = "0.0.0.0"  # noqa: S104 - compared with, not bound
        if any(one[:2] == key[:2] and (one[2] == key[2] or wild in (one[2], key[2])) for one in seen):
            return f"{key[2]}:{external}/{key[1]}"
        seen.add(key)
    return True


def mount_points(value: Value, props: Props) -> bool | str:
    """Every place in the container is mounted once, over volumes, mounts and tmpfs."""
    places = [item.get("containerPath") for item in value if "fromContainer" not in item]
    mounts = props.get("mounts")
    places += [item.get("target") for item in mounts if item is not UNKNOWN] if isinstance(mounts, list) else []
    tmpfs_places = props.get("tmpfs")
    places += list(tmpfs_places) if isinstance(tmpfs_places, dict) else []
    known = [posixpath.normpath(place) for place in places if isinstance(place, str)]
    twice = sorted({place for place in known if known.count(place) > 1})
    return twice[0] if twice else True


def mount(value: Value, _: Props) -> bool | str:
    """The source fits the type, and options are of the type."""
    kind, source = value.get("type"), value.get("source")
    if kind == "bind" and not str(source or "").startswith("/"):
        return f"bind with source {source!r}"
    if kind == "volume" and (not source or not re.fullmatch(VOLUME_NAME, source)):
        return f"volume with source {source!r}"
    if kind == "tmpfs" and source:
        return "tmpfs with a source"
    for name, of in (("bindOptions", "bind"), ("volumeOptions", "volume"), ("tmpfsOptions", "tmpfs")):
        if name in value and kind != of:
            return f"{name} must not be given for type {kind}"
    return True


def tmpfs(value: Value, _: Props) -> bool | str:
    """Absolute path → the options that Docker passes on; a size is the kernel's: a number, then k, m, g… or %."""
    for path, options in value.items():
        if not path.startswith("/") or posixpath.normpath(path) == "/":
            return f"invalid mount path: {path!r}"
        for one in options.split(",") if options else ():
            if not re.fullmatch(_TMPFS, one):
                return f"{one!r}"
    return True


def base64_text(value: Value, _: Props) -> bool:
    """Whether a value is text in standard base64."""
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
