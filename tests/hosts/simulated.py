"""Simulated hosts for the tests of this folder: each listens in a thread of its own, as in the sandbox."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh

from sandbox.machines.server.ssh import Route, SimulatedHost, new_key_pair, serve

ADDRESS = "203.0.113.10"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class KnownHost:
    """What the settings say of a host."""

    name: str = "vps"
    address: str = ADDRESS
    ssh_port: int = 22
    user: str = "deploy"
    host_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """What the settings say of a forward."""

    name: str = "main"
    local_port: int
    host: str = "vps"
    target_host: str = "psql.example"
    target_port: int = 5432


@dataclass
class Machine:
    """A simulated host that runs, and everything to reach it."""

    simulated: SimulatedHost
    known: KnownHost
    config: Path
    port: int = 0
    state: dict[str, str] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    acceptor: asyncssh.SSHAcceptor | None = None

    def start(self, route: Route) -> None:
        """Listens, at the same port as before if there was one."""
        self.acceptor = asyncio.run_coroutine_threadsafe(serve(self.simulated, route, self.port), self.loop).result()
        self.port = self.acceptor.get_port()

    def stop(self) -> None:
        """Ends the listener and every connection, as a reboot does."""

        async def close() -> None:
            if self.acceptor:
                self.acceptor.close()
                await self.acceptor.wait_closed()
            self.simulated.drop()

        asyncio.run_coroutine_threadsafe(close(), self.loop).result()

    def logins(self) -> int:
        """How often somebody logged in."""
        return self.simulated.accepted.count("login")


@contextmanager
def machine(folder: Path, route: Route = lambda _host, _port: None) -> Iterator[Machine]:
    """A simulated host with a key that may log in, and the OpenSSH configuration that leads there."""
    host_private, host_public = new_key_pair("host")
    private, public = new_key_pair("operator")
    key = folder / "id"
    key.touch(mode=0o600)
    key.write_text(private)
    state: dict[str, str] = {}
    simulated = SimulatedHost(
        name="vps",
        host_key=host_private,
        authorized={"deploy": [public]},
        docker_version=lambda: state.get("docker"),
        host_version=lambda: state.get("version"),
    )
    running = Machine(simulated, replace(KnownHost(), host_key=host_public), folder / "ssh_config", state=state)
    thread = threading.Thread(target=running.loop.run_forever)
    thread.start()
    try:
        running.start(route)
        running.config.write_text(
            f"Host {ADDRESS}\n  HostName 127.0.0.1\n  Port {running.port}\n  IdentityFile {key}\n  IdentitiesOnly yes\n"
        )
        yield running
    finally:
        running.stop()
        running.loop.call_soon_threadsafe(running.loop.stop)
        thread.join()
        running.loop.close()
