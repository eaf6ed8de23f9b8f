"""Rented machines: SSH into each, and the SSH forwards that are kept open for plain runs of the engine.

A machine begins bare: no Docker until the bootstrap has run on it. Machines that the scene no longer names stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import asyncssh

from sandbox.core import relay
from sandbox.core.backend import Backend, Command, Site
from sandbox.core.records import Record
from sandbox.docker.daemon import docker_id, images_on, labelled
from sandbox.docker.server.volumes import VolumeFolders
from sandbox.home import Home, write_private
from sandbox.machines.server import ssh
from sandbox.machines.server.keys import key_of
from sandbox.scene import HOST, Machine, Scene, Way

__all__ = ["BACKEND"]

DOCKER_VERSION = "28.5.1"
NOBODYS_PORT = 9
"""Of a machine that is away: nobody answers there."""


class MachinesBackend(Backend):
    """The machines of one sandbox, each with an SSH server, behind the protocol of the core."""

    def __init__(self, site: Site) -> None:
        self._home = Home(site.folder)
        self._cloud = site.cloud
        self._run = site.run
        self._connect = site.ask.connect
        self._volumes = VolumeFolders(site.folder, site.cloud)
        self._machines: dict[str, tuple[Machine, asyncssh.SSHAcceptor]] = {}
        self._ways: dict[Way, asyncio.Server] = {}
        self._away: set[str] = set()

    def sync(self) -> None:
        scene = Scene.read(self._home)
        for machine in scene.machines:
            self._machine(machine)
        self._run(self._open(scene))
        self._write_ssh_config(scene)

    def status(self) -> Mapping[str, Any]:
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
        }

    def commands(self) -> Mapping[str, Command]:
        return {"away": self._set_away}

    def close(self) -> None:
        self._run(self._close())

    def _set_away(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Takes a machine off the network, or brings it back: nobody gets through to what is behind it meanwhile."""
        address = {str(args["address"])}
        self._away = self._away - address if args["back"] else self._away | address
        self.sync()
        return {}

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

        host = ssh.SimulatedHost(
            name=machine.name,
            host_key=key_of(self._home, machine.address, "host_key"),
            authorized=_Authorized(machine, key, lambda: bool(state("docker"))),
            docker_version=lambda: DOCKER_VERSION if state("docker") else None,
            host_version=lambda: state("hostVersion"),
            docker_inspect=lambda kind, name: docker_id(
                self._cloud, f"ssh://{machine.address}:{machine.port}", kind, name
            ),
            docker_listed=lambda kind, label, value: labelled(
                self._cloud, f"ssh://{machine.address}:{machine.port}", kind, label, value
            ),
            volume=lambda name: self._volumes.find(f"{machine.address}:{machine.port}".lower(), name),
            has_image=lambda name: name in images_on(self._cloud, {"host": f"ssh://{machine.address}:{machine.port}"}),
        )
        return await ssh.serve(host, lambda target, port: self._connect(machine.address, target, port))

    async def _forward(self, way: Way) -> asyncio.Server:
        """To where the machine's SSH server leads, too, without what SSH costs in Python."""

        def target() -> relay.Target:
            found = self._connect(way.address, way.target_host, way.target_port)
            if found is None:
                raise ConnectionRefusedError(f"nothing answers at {way.target_host}:{way.target_port}")
            return found

        try:
            return await relay.listening(way.local_port, target)
        except OSError as error:
            raise OSError(
                f"127.0.0.1:{way.local_port}, the local end of the forward {way.name!r}, is taken: {error.strerror}. "
                "Fix: end the program that listens there (another `./smos tunnel`?)"
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

    async def _close(self) -> None:
        for listener in self._ways.values():
            listener.close()
        for _, acceptor in self._machines.values():
            acceptor.close()


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


BACKEND = MachinesBackend
