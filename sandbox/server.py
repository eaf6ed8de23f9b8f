"""The sandbox's one process: every simulated provider, the simulated hosts and databases, and a control port.

Started by `sandbox.client`; `python -m sandbox serve FOLDER` in the foreground shows what it says.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import traceback
from concurrent import futures
from pathlib import Path
from types import FrameType

import grpc
import psutil
from pulumi.runtime.proto import provider_pb2_grpc

from kept import Damaged
from sandbox.control import ControlServer
from sandbox.core.compiler import sdk_version
from sandbox.core.faults import Faults
from sandbox.core.inventory import Inventory
from sandbox.core.provider import Provider
from sandbox.core.schema import Schema
from sandbox.core.world import World
from sandbox.home import ROOT, Home, code_stamp, read_json, write_private
from sandbox.vendors import backends, packages

__all__ = ["main"]

_MESSAGE_LIMIT = 400 * 1024 * 1024
_OPTIONS = [
    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
    ("grpc.max_send_message_length", _MESSAGE_LIMIT),
    ("grpc.so_reuseport", 0),
]


class Server:
    """Everything simulated, from start to stop."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.ending = threading.Event()
        self._grpc: list[grpc.Server] = []
        self.ports: dict[str, int] = {}
        self.code = code_stamp()

    def run(self) -> None:
        """Serves until told to end, or until the folder no longer names this process."""
        self.home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.home.serving():
            self._serve()

    def _serve(self) -> None:
        cloud = Inventory(self.home.folder)
        faults = Faults()
        with contextlib.ExitStack() as stack:
            stack.callback(cloud.close)
            world = stack.enter_context(World(self.home.folder, cloud, backends()))
            stack.callback(self._stop_providers)
            self._start_providers(cloud, faults, world)
            control = stack.enter_context(ControlServer(self, cloud, faults, world))
            self._write_note(control.port, control.token)
            stack.callback(self.home.note.unlink, missing_ok=True)
            while not self.ending.wait(1.0):
                running = self.home.running()
                if running is None or running.pid != os.getpid():
                    break

    def _start_providers(self, cloud: Inventory, faults: Faults, world: World) -> None:
        simulated = packages()
        schema = Schema.load(simulated, self.home.folder / "schema")
        before = _ports_before(self.home.folder / "ports.json")
        for package in simulated:
            server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=_OPTIONS)
            provider = Provider(package, sdk_version(package.name), schema, cloud, faults, world.happened)
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
            self.ports[package.name] = _bind(server, before.get(package.name, 0))
            server.start()
            self._grpc.append(server)
        write_private(self.home.folder / "ports.json", json.dumps(self.ports))

    def _stop_providers(self) -> None:
        for stopped in [server.stop(grace=1.0) for server in self._grpc]:
            stopped.wait()

    def _write_note(self, control: int, token: str) -> None:
        process = psutil.Process()
        note = {
            "pid": process.pid,
            "started": process.create_time(),
            "ports": self.ports,
            "control": control,
            "token": token,
            "code": self.code,
            "clone": str(ROOT),
        }
        write_private(self.home.note, json.dumps(note))


def _ports_before(file: Path) -> dict[str, int]:
    """The ports of the last time; none where they can't be read: then others do."""
    try:
        found = read_json(file) or {}
    except Damaged:
        return {}
    return {name: port for name, port in found.items() if isinstance(port, int) and 0 < port < 65536}


def _bind(server: grpc.Server, wanted: int) -> int:
    """The port of the last time where it is free, so that a shell's environment stays right; else any."""
    if wanted:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            probe.close()
            return int(server.add_insecure_port(f"127.0.0.1:{wanted}"))
    return int(server.add_insecure_port("127.0.0.1:0"))


def main(folder: Path) -> None:
    """Serves in the foreground until SIGTERM or SIGINT."""
    server = Server(Home(folder.resolve()))

    def end(_signal: int, _frame: FrameType | None) -> None:
        server.ending.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        server.run()
    except Exception as error:
        traceback.print_exc()
        print(error, file=sys.stderr, flush=True)  # last: what the client tells
        sys.exit(1)
