"""A simulated VPS, as seen over SSH: the real protocol, with the host's own key and its authorised keys.

What it answers is a closed set: the few commands that SmarterOS runs on a host, and TCP forwards to the
simulated services that `route` knows. `docker run --rm` runs a program for real (`container_run`). Everything
else is refused in words, so that nothing is taken to work that was never tried. Not simulated: a shell, files
(SFTP, SCP), agent and X11 forwarding, remote forwards, password login (a bootstrapped host has none).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from sandbox.machines.server import container_run

__all__ = ["Route", "SimulatedHost", "new_key_pair", "serve"]

Route = Callable[[str, int], tuple[str, int] | None]
"""Where a simulated service (its host name and port as the platform knows them) really listens; None:
nowhere.
"""

REFUSED = 126
NOT_FOUND = 127


def _absent() -> str | None:
    return None


_LISTED = re.compile(
    r"docker (?P<kind>ps --all|volume ls) --filter label=(?P<label>[\w.-]+)=(?P<value>[\w.-]+) "
    r"--format '\{\{\.Names?\}\}'"
)


def _no_volume(_name: str) -> Path | None:
    return None


def _no_image(_name: str) -> bool:
    return False


def _none(_kind: str, _label: str, _value: str) -> list[str]:
    return []


def _nothing(_kind: str, _name: str) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class SimulatedHost:
    """One machine. What changes over its life is asked for at each use."""

    name: str
    host_key: str
    """The private key (OpenSSH PEM) whose public half the settings pin."""
    authorized: Mapping[str, Sequence[str]]
    """Who may log in, with which public keys (user → lines as in authorized_keys)."""
    docker_version: Callable[[], str | None] = _absent
    """The running Docker engine's version; None while there is none."""
    host_version: Callable[[], str | None] = _absent
    """What /etc/smarteros/host-version holds; None before the bootstrap."""
    docker_inspect: Callable[[str, str], str | None] = _nothing
    """(container, network, volume or image; its name) → the id that Docker knows it by; None: there is none."""
    docker_listed: Callable[[str, str, str], list[str]] = _none
    """(ps or volume ls; a label and its value) → the names of what carries it."""
    volume: Callable[[str], Path | None] = _no_volume
    """A volume's name → the folder of this machine that stands behind it; None: there is none."""
    has_image: Callable[[str], bool] = _no_image
    """Whether an image is on it, by any text that names it."""
    accepted: list[str] = field(default_factory=list, compare=False)
    """Logins, commands and forwards, in order: for tests and for the sandbox's report."""
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set, compare=False)
    """Who is connected now."""

    def drop(self) -> None:
        """Ends every connection without a word, as a reboot or a lost line does. For the loop that serves."""
        for connection in list(self.connections):
            connection.abort()


def new_key_pair(comment: str) -> tuple[str, str]:
    """A new ed25519 key: (private, OpenSSH PEM; public, one line without the comment, as settings pin it)."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    public = " ".join(key.export_public_key().decode().split()[:2])
    return key.export_private_key().decode(), public


async def serve(host: SimulatedHost, route: Route, port: int = 0) -> asyncssh.SSHAcceptor:
    """Listens on 127.0.0.1 (port 0: a free one; `acceptor.get_port()`) until the acceptor is closed."""

    async def answer(process: asyncssh.SSHServerProcess[bytes]) -> None:
        try:
            contained = container_run.parsed(process.command) if host.docker_version() else None
        except ValueError as error:
            process.stderr.write(f"simulated host {host.name}: not simulated: {error}\n".encode())
            process.exit(REFUSED)
            return
        if contained is not None:
            host.accepted.append(str(process.command))
            process.exit(await container_run.run(process, contained, host.volume, host.has_image))
            return
        exit_status, out, err = _run(host, process.command)
        process.stdout.write(out.encode())
        process.stderr.write(err.encode())
        process.exit(exit_status)

    return await asyncssh.create_server(
        lambda: _Server(host, route),
        "127.0.0.1",
        port,
        server_host_keys=[asyncssh.import_private_key(host.host_key)],
        process_factory=answer,
        encoding=None,  # an archive of files goes through as it is
        allow_scp=False,
        agent_forwarding=False,
        x11_forwarding=False,
        server_version="SmarterOS_simulated_host",
    )


class _Server(asyncssh.SSHServer):
    """The server's side of one client's SSH connection."""

    def __init__(self, host: SimulatedHost, route: Route) -> None:
        self._host = host
        self._route = route
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._host.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection:
            self._host.connections.discard(self._connection)

    def auth_completed(self) -> None:
        self._host.accepted.append("login")

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        lines = self._host.authorized.get(username, ())
        return any(asyncssh.import_public_key(line) == key for line in lines)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Awaitable[Any]:
        """A forward: to what `route` says, and to nothing else."""
        target = self._route(dest_host, dest_port)
        if target is None:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_CONNECT_FAILED,
                f"simulated host {self._host.name}: nothing answers at {dest_host}:{dest_port}",
            )
        if self._connection is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "not connected")
        self._host.accepted.append(f"forward {dest_host}:{dest_port}")
        return self._connection.forward_connection(*target)


def _run(host: SimulatedHost, command: str | None) -> tuple[int, str, str]:
    """Exit status, output and error output of a command on this host."""
    if command is None:
        return REFUSED, "", f"simulated host {host.name}: a shell is not simulated\n"
    words = command.split()
    if words == ["true"]:
        result = (0, "", "")
    elif words[:2] == ["docker", "version"]:
        version = host.docker_version()
        result = (0, f"{version}\n", "") if version else (NOT_FOUND, "", "bash: line 1: docker: command not found\n")
    elif (
        words[:1] == ["docker"]
        and words[1:2] != ["volume"]
        and words[2:5] == ["inspect", "--format", "'{{.Id}}'"]
        and len(words) == 6
    ):
        result = _inspected(host, words[1], words[5].strip("'"))
    elif (match := _LISTED.fullmatch(command)) is not None:
        names = host.docker_listed(match["kind"], match["label"], match["value"])
        result = (0, "".join(f"{name}\n" for name in names), "")
    elif words[:5] == ["docker", "volume", "inspect", "--format", "'{{.Name}}'"] and len(words) == 6:
        name = words[5].strip("'")
        missing = f"Error response from daemon: get {name}: no such volume\n"
        result = (0, f"{name}\n", "") if host.volume(name) else (1, "\n", missing)
    elif command == "df --block-size=1 --output=size,avail /":
        usage = shutil.disk_usage("/")  # this machine's own: a simulated one has no disk of its own
        result = (0, f"1B-blocks Avail\n{usage.total} {usage.free}\n", "")
    elif words == ["cat", "/etc/smarteros/host-version"]:
        content = host.host_version()
        missing = "cat: /etc/smarteros/host-version: No such file or directory\n"
        result = (0, f"{content}\n", "") if content else (1, "", missing)
    else:
        return REFUSED, "", f"simulated host {host.name}: this command is not simulated: {command}\n"
    host.accepted.append(command)
    return result


def _inspected(host: SimulatedHost, kind: str, name: str) -> tuple[int, str, str]:
    if not host.docker_version():
        return NOT_FOUND, "", "bash: line 1: docker: command not found\n"
    found = host.docker_inspect(kind, name)
    return (0, f"{found}\n", "") if found else (1, "\n", f"Error response from daemon: No such {kind}: {name}\n")
