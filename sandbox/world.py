"""What the simulated types stand on: zones and rented machines that exist, SSH into them, real databases behind them.

It follows `sandbox.scene`: what the settings of the environments name, exists. A machine begins bare: no Docker
until the bootstrap has run on it. This machine's own Docker engine is there from the beginning.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncssh

from sandbox import postgres_tls, relay, ssh_host
from sandbox.authority import authority, server_certificate
from sandbox.catalog.docker_daemon import ENGINE, docker_id, labelled
from sandbox.cloud import Inventory
from sandbox.databases import Databases
from sandbox.docker_api import DockerSocket
from sandbox.edge import Edge, write_trust
from sandbox.home import Home, write_private
from sandbox.keys import key_of
from sandbox.loopback import Loopback
from sandbox.origin import Origins
from sandbox.postgres_clients import PostgresClients
from sandbox.records import Record
from sandbox.redis_containers import RedisContainers
from sandbox.revisions import Revisions
from sandbox.scene import Machine, Scene, Way, Zone
from sandbox.vault_containers import VaultContainers

HOST = "sandbox:host"
ZONE = "sandbox:zone"
T = TypeVar("T")
NOBODYS_PORT = 9
"""Of a machine that is away: nobody answers there."""


class World:
    """Everything simulated that is not a resource of Pulumi's."""

    def __init__(self, home: Home, cloud: Inventory) -> None:
        self._home = home
        self._cloud = cloud
        self._loop = _Loop()
        self._tls_loop = _Loop()  # its own: a front is opened while the other loop waits for the route
        self._machines: dict[str, tuple[Machine, asyncssh.SSHAcceptor]] = {}
        self._ways: dict[Way, asyncio.Server] = {}
        self._away: set[str] = set()
        self._fronts: dict[str, tuple[int, postgres_tls.Listening]] = {}
        self._databases = Databases(home.folder / "clusters", cloud, self._tls_front)
        self._vaults = VaultContainers(home.folder / "vaults", cloud, self._databases.image_name)
        self._redises = RedisContainers(home.folder / "redis", cloud, self._databases.image_name)
        self._clients = PostgresClients(home.folder / "clients", cloud, self._databases)
        self._revisions = Revisions(cloud)
        self._edge = Edge(cloud, Origins(cloud, self._databases, self._revisions))
        self._loopback = Loopback(self._loop.run, self._behind)
        self._docker_socket: DockerSocket | None = None

    def __enter__(self) -> Self:
        self.sync()
        self._loopback.begin(self._cloud)
        write_trust(self._edge, self._home.trust)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._edge.close()
        self._loopback.close()
        if self._docker_socket is not None:
            self._docker_socket.close()
        self._loop.run(self._close())
        self._tls_loop.run(self._close_fronts())
        self._clients.close()
        self._databases.close()
        self._vaults.close()
        self._redises.close()
        self._loop.stop()
        self._tls_loop.stop()

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        """Called by the providers for every change, before it is kept."""
        self._databases.happened(what, record, before)
        self._vaults.happened(what, record, before)
        self._redises.happened(what, record, before)
        self._clients.happened(what, record, before)
        self._revisions.happened(what, record, before)
        self._loopback.happened(what, record, before)

    def sync(self) -> None:
        """Makes what the scene names exist, as it is named now. Zones and machines that it no longer names stay."""
        scene = Scene.read(self._home)
        for zone in scene.zones:
            self._zone(zone)
        for machine in scene.machines:
            self._machine(machine)
        self._own_engine(scene.own_engine)
        self._loop.run(self._open(scene))
        self._write_ssh_config(scene)

    def away(self, address: str, *, back: bool) -> None:
        """Takes a machine off the network, or brings it back: nobody gets through to what is behind it meanwhile."""
        self._away = self._away - {address} if back else self._away | {address}
        self.sync()

    def status(self) -> dict[str, Any]:
        """Machines, ways in and databases, for `smos sandbox status`."""
        return {
            "machines": [
                {
                    "name": one.inputs["name"],
                    "address": one.inputs["address"],
                    "docker": one.outputs.get("docker", False),
                }
                for one in self._cloud.find(HOST)
            ],
            "forwards": [
                {"name": way.name, "local_port": way.local_port, "target": way.target_host} for way in self._ways
            ],
            "published": self._loopback.status(),
            "databases": self._databases.status(),
            "vaults": self._vaults.status(),
            "redises": self._redises.status(),
            "clients": self._clients.status(),
            "edge": {"port": self._edge.port, "trust": str(self._home.trust)},
        }

    # -- records -----------------------------------------------------------------------------------------------------

    def _zone(self, zone: Zone) -> None:
        inputs = {"zoneId": zone.zone_id, "accountId": zone.account_id, "name": zone.name}
        before = self._cloud.get(zone.zone_id)
        if before is None or before.inputs != inputs:
            self._cloud.put(Record(id=zone.zone_id, token=ZONE, inputs=inputs, outputs=inputs))

    def _machine(self, machine: Machine) -> None:
        identity = f"{machine.address}:{machine.port}"
        before = next((one for one in self._cloud.find(HOST) if one.inputs["address"] == machine.address), None)
        if before is not None and before.id != identity:
            self._cloud.remove(before)  # the same machine, its SSH server on another port
        inputs = {
            "name": machine.name,
            "address": machine.address,
            "port": machine.port,
            "user": machine.user,
            "hostKey": key_of(self._home, machine.address, "host_key.pub").strip(),
            "authorizedKeys": [key_of(self._home, machine.address, "client_key.pub").strip()],
        }
        outputs = {**(before.outputs if before else {"docker": False}), **inputs}
        self._cloud.put(Record(id=identity, token=HOST, inputs=inputs, outputs=outputs))

    def _own_engine(self, address: str) -> None:
        if address and self._docker_socket is None:
            self._cloud.put(Record(id=address, token=ENGINE, inputs={"address": address}, outputs={}))
            self._docker_socket = DockerSocket(self._home.docker_socket, self._cloud)

    # -- ways in -------------------------------------------------------------------------------------------------------

    async def _open(self, scene: Scene) -> None:
        changed = {machine.address for machine in scene.machines if self._served(machine.address) != machine}
        changed |= self._away
        for way in [one for one in self._ways if one not in scene.ways or one.address in changed]:
            self._ways.pop(way).close()
        for machine in scene.machines:
            if machine.address in changed and machine.address in self._machines:
                self._machines.pop(machine.address)[1].close()
            if machine.address in changed - self._away:
                self._machines[machine.address] = machine, await self._serve(machine)
        for way in scene.ways:
            if way not in self._ways and way.address not in self._away:
                self._ways[way] = await self._forward(way)

    def _served(self, address: str) -> Machine | None:
        return self._machines[address][0] if address in self._machines else None

    async def _serve(self, machine: Machine) -> asyncssh.SSHAcceptor:
        key = key_of(self._home, machine.address, "client_key.pub").strip()
        identity = f"{machine.address}:{machine.port}"

        def state(name: str) -> Any:
            record = self._cloud.get(identity)
            return record.outputs.get(name) if record else None

        host = ssh_host.SimulatedHost(
            name=machine.name,
            host_key=key_of(self._home, machine.address, "host_key"),
            authorized=_Authorized(machine, key, lambda: bool(state("docker"))),
            docker_version=lambda: "28.5.1" if state("docker") else None,
            host_version=lambda: state("hostVersion"),
            docker_inspect=lambda kind, name: docker_id(
                self._cloud, f"ssh://{machine.address}:{machine.port}", kind, name
            ),
            docker_listed=lambda kind, label, value: labelled(
                self._cloud, f"ssh://{machine.address}:{machine.port}", kind, label, value
            ),
        )
        return await ssh_host.serve(host, lambda target, port: self._route(machine.address, target, port))

    def _route(self, address: str, target: str, port: int) -> tuple[str, int] | None:
        found = self._databases.route(address, target, port)
        if found:
            self._clients.wake()
        return found or self._vaults.route(address, target, port) or self._redises.route(address, target, port)

    def _behind(self, record: Record, port: int) -> Callable[[], tuple[str, int]] | None:
        several = (self._databases, self._vaults, self._redises)
        return next((found for one in several if (found := one.behind(record, port))), None)

    async def _forward(self, way: Way) -> asyncio.Server:
        """To where the machine's SSH server leads, too, without what SSH costs in Python."""

        def target() -> relay.Target:
            found = self._route(way.address, way.target_host, way.target_port)
            if found is None:
                raise ConnectionRefusedError(f"nothing answers at {way.target_host}:{way.target_port}")
            return found

        try:
            return await relay.listening(way.local_port, target)
        except OSError as error:
            raise OSError(
                f"127.0.0.1:{way.local_port}, the local end of the forward {way.name!r}, is taken: {error.strerror}. "
                "Mend: end the program that listens there (another `./smos tunnel`?)"
            ) from None

    def _write_ssh_config(self, scene: Scene) -> None:
        text = "# Leads the addresses of the simulated machines here. Written by the sandbox.\n"
        for machine in scene.machines:
            here = self._machines.get(machine.address)
            port = here[1].get_port() if here else NOBODYS_PORT
            key = self._home.host(machine.address) / "client_key"
            text += (
                f"Host {machine.address}\n  HostName 127.0.0.1\n  Port {port}\n"
                f'  IdentityFile "{key}"\n  IdentitiesOnly yes\n'
            )
        write_private(self._home.ssh_config, text)

    def _tls_front(self, name: str, upstream: int) -> int:
        """The port of the TLS listener of a managed server. Called from the loop's own thread or another."""
        known = self._fronts.get(name)
        if known is not None and known[0] == upstream:
            return known[1].port
        certificate, key = self._server_files(name)
        front = postgres_tls.TlsFront(
            context=postgres_tls.server_context(certificate, key), upstream=("127.0.0.1", upstream)
        )
        server = self._tls_loop.run(postgres_tls.serve(front))
        self._fronts[name] = (upstream, server)
        return server.port

    def _server_files(self, name: str) -> tuple[Path, Path]:
        folder = self._home.folder / "clusters"
        files = folder / f"{name}.crt", folder / f"{name}.key"
        for file, pem in zip(files, server_certificate(authority(self._cloud, "azure-databases"), [name]), strict=True):
            write_private(file, pem)
        return files

    async def _close(self) -> None:
        for listener in self._ways.values():
            listener.close()
        for _, acceptor in self._machines.values():
            acceptor.close()

    async def _close_fronts(self) -> None:
        for _, server in self._fronts.values():
            await server.close()


class _Authorized(Mapping[str, Sequence[str]]):
    """Who may log in: whoever bootstraps the machine always, the deploy user once the bootstrap has made it."""

    def __init__(self, machine: Machine, key: str, bootstrapped: Callable[[], bool]) -> None:
        self._machine = machine
        self._key = key
        self._bootstrapped = bootstrapped

    def __getitem__(self, user: str) -> Sequence[str]:
        if user in tuple(self):
            return [self._key]
        raise KeyError(user)

    def __iter__(self) -> Iterator[str]:
        yield self._machine.bootstrap_user
        if self._bootstrapped():
            yield self._machine.user

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Loop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it there and waits for its answer."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def stop(self) -> None:
        """Ends the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
