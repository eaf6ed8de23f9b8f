"""A place without a way out: a network namespace of its own, in which not even 127.0.0.1 is up.

Whoever is inside and tries to reach somebody is refused by the kernel, which counts it. Asked of Linux directly
(unshare(2), network_namespaces(7)): as root, or as an ordinary user where the machine allows user namespaces. Sockets
of files and of names (unix(7)) are no network: a name is seen inside of its namespace alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
from pathlib import Path

__all__ = ["attempts", "close_network", "end_with_parent", "interfaces_up"]

_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_PDEATHSIG = 1
_COUNTED = (("Ip", "OutNoRoutes"), ("Tcp", "ActiveOpens"), ("Udp", "OutDatagrams"))


def close_network() -> bool:
    """Takes the network from this process and from all that it starts. False where the machine doesn't allow it."""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNET) == 0:
        return True
    if ctypes.get_errno() not in (errno.EPERM, errno.EINVAL) or libc.unshare(_NEWUSER | _NEWNET) != 0:
        return False
    # The same user inside as outside: PostgreSQL refuses root, and files stay whose they are.
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    return True


def interfaces_up() -> tuple[str, ...]:
    """The interfaces over which anything could leave."""
    up = 0x1
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            if _flags(probe, name) & up:
                found.append(name)
    return tuple(found)


def attempts() -> int:
    """How often somebody in this namespace wanted to reach somebody, by the kernel's own count."""
    lines = Path("/proc/self/net/snmp").read_text(encoding="ascii").splitlines()
    counts: dict[tuple[str, str], int] = {}
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        kind, _, row = names.partition(":")
        counts |= {(kind, name): int(value) for name, value in zip(row.split(), values.split()[1:], strict=True)}
    six = dict(line.split() for line in _lines(Path("/proc/self/net/snmp6")))
    return sum(counts.get(one, 0) for one in _COUNTED) + int(six.get("Ip6OutNoRoutes", 0))


def end_with_parent() -> None:
    """This process ends when whoever started it does, however that ends."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


def _flags(probe: socket.socket, name: str) -> int:
    import fcntl
    import struct

    asked = struct.pack("16sH14x", name.encode()[:15], 0)
    answer = fcntl.ioctl(probe, 0x8913, asked)  # SIOCGIFFLAGS, netdevice(7)
    return int(struct.unpack("16sH14x", answer)[1])


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").splitlines() if file.exists() else []
