"""The one SSH client of SmarterOS: the operator's own OpenSSH configuration, and the host key from the
settings.

Keys come from the SSH agent and from the configuration's IdentityFile (or OpenSSH's default files); HostName,
Port, ProxyJump and the like are followed, so a host may be reached by a detour. The host key is not: it is
pinned to the address in the settings, wherever the detour leads, and known_hosts files are neither read nor
written. No password is ever asked for or sent. The configuration is $SMOS_SSH_CONFIG (a simulated run sets
it), else ~/.ssh/config, else none.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import asyncssh

from kept.operator_error import OperatorError

__all__ = ["NotLetIn", "SshHost", "SshProblem", "connect", "operator_config", "run"]

TIMEOUT_S = 5
KEEPALIVE_S = 15


class SshHost(Protocol):
    """What is needed of a host of the settings."""

    @property
    def name(self) -> str:
        """What the settings call it."""

    @property
    def address(self) -> str:
        """The host's address, as the settings have it."""

    @property
    def ssh_port(self) -> int:
        """The port of its SSH server; a Port in the operator's configuration wins."""

    @property
    def user(self) -> str:
        """The user who logs in at the host."""

    @property
    def host_key(self) -> str:
        """Its pinned public key: type and base64."""


class SshProblem(OperatorError):
    """Why a host can't be reached over SSH, and how to mend it."""


def operator_config(environment: Mapping[str, str] | None = None) -> Path | None:
    """The OpenSSH configuration to follow, if there is one."""
    variables = os.environ if environment is None else environment
    if chosen := variables.get("SMOS_SSH_CONFIG"):
        if not Path(chosen).is_file():
            raise SshProblem(f"SMOS_SSH_CONFIG={chosen}: no such file. Fix: correct the path, or unset the variable.")
        return Path(chosen)
    usual = Path("~/.ssh/config").expanduser()
    return usual if os.access(usual, os.R_OK) else None


class NotLetIn(SshProblem):
    """The host is there and is the right one, but refused every key."""


class _Client(asyncssh.SSHClient):
    """Refuses every host key but the pinned one, and remembers what was offered in its place."""

    offered: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.offered = key
        return False


async def connect(host: SshHost, config: Path | None = None) -> asyncssh.SSHClientConnection:
    """An open, verified connection. Raises SshProblem within seconds. `config`: by default
    `operator_config()`.
    """
    client = _Client()
    try:
        pinned = asyncssh.import_public_key(host.host_key)
        options = _options(host, pinned, config or operator_config())
    except (
        asyncssh.KeyImportError,
        asyncssh.KeyEncryptionError,
        asyncssh.ConfigParseError,
        OSError,
        ValueError,
    ) as e:
        raise SshProblem(f"Host {host.name}: the SSH configuration or a key in it can't be used: {e}.") from e
    port = int(str(options.config.get("Port") or host.ssh_port))
    try:
        return await asyncssh.connect(host.address, port, options=options, client_factory=lambda: client)
    except (TimeoutError, OSError, asyncssh.Error) as error:
        offered = client.offered
        if isinstance(error, asyncssh.KeyExchangeFailed | asyncssh.ConnectionLost):
            offered = await _any_host_key(options, host, port)  # it may have no key of the pinned type
            offered = None if offered == pinned else offered
        kind = NotLetIn if isinstance(error, asyncssh.PermissionDenied) else SshProblem
        raise kind(_explain(host, port, error, pinned, offered)) from error


async def run(host: SshHost, command: str, config: Path | None = None) -> tuple[int, str, str]:
    """Runs one command on the host: its exit status, output and error output."""
    async with await connect(host, config) as connection:
        try:
            async with asyncio.timeout(TIMEOUT_S * 2):
                done = await connection.run(command, check=False, stdin=asyncssh.DEVNULL)
        except (TimeoutError, asyncssh.Error) as error:
            raise SshProblem(f"Host {host.name}: `{command}` did not end: {str(error) or 'time-out'}.") from error
    return (
        done.exit_status if done.exit_status is not None else -1,
        str(done.stdout or ""),
        str(done.stderr or ""),
    )


def _options(host: SshHost, pinned: asyncssh.SSHKey, config: Path | None) -> asyncssh.SSHClientConnectionOptions:
    return asyncssh.SSHClientConnectionOptions(
        host=host.address,
        username=host.user,
        config=[str(config)] if config else None,
        known_hosts=([pinned], [], []),  # for whatever address the configuration leads to
        preferred_auth="publickey",
        connect_timeout=TIMEOUT_S,
        login_timeout=TIMEOUT_S,
        keepalive_interval=KEEPALIVE_S,
    )


async def _any_host_key(
    options: asyncssh.SSHClientConnectionOptions, host: SshHost, port: int
) -> asyncssh.SSHKey | None:
    """What the host offers when it has no key of the pinned type. Used for the message alone."""
    name = options.config.get("Hostname")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await asyncssh.get_server_host_key(str(name or host.address), port, config=None)
    except (TimeoutError, OSError, asyncssh.Error):
        return None


def _explain(
    host: SshHost, port: int, error: Exception, pinned: asyncssh.SSHKey, offered: asyncssh.SSHKey | None
) -> str:
    where = f"Host {host.name} ({host.user}@{host.address}, port {port})"
    if offered is not None or isinstance(error, asyncssh.HostKeyNotVerifiable):
        found = f"{offered.get_algorithm()} {offered.get_fingerprint()}" if offered else "a key that can't be read"
        return (
            f"{where}: the host key is not the pinned one; somebody may be in between. Nothing was sent.\n"
            f"  expected {pinned.get_algorithm()} {pinned.get_fingerprint()}\n"
            f"  offered  {found}\n"
            "Fix: only when the machine was really rebuilt: compare with what `ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub` says on its own console, then correct smarteros:hosts, "
            f"{host.name}, hostKey."
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return (
            f"{where}: it refused every key that was offered. Fix: add the key to the agent (ssh-add), name "
            f"it in ~/.ssh/config (Host {host.address}, IdentityFile …), or put its public half into the "
            f"authorized_keys of {host.user} on the host."
        )
    if isinstance(error, TimeoutError):
        return (
            f"{where}: no answer within {TIMEOUT_S} s. "
            "Fix: see that it is switched on and that its firewall lets this machine in."
        )
    if isinstance(error, ConnectionRefusedError):
        return (
            f"{where}: nothing listens on that port. Fix: correct smarteros:hosts, {host.name}, sshPort, or start sshd."
        )
    return f"{where}: {error or type(error).__name__}."
