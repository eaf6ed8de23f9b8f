"""A program named like an official plugin that hands the engine through to the sandbox's simulated provider.

It shows that a life really runs through the program that was found: it writes down each start.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc

VERSION = "0.0.1"


class _Info(provider_pb2_grpc.ResourceProviderServicer):
    """Answers which version it is, and nothing else."""

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)


def write_program(folder: Path, package: str, started: Path) -> Path:
    """The executable in a folder; it adds a line to `started` whenever the engine starts it in a sandbox."""
    program = folder / f"pulumi-resource-{package}"
    program.write_text(
        f"#!{sys.executable}\n"
        f"import sys\nsys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})\n"
        f"from tests.plugins.handing_through import run\nrun({package!r}, {str(started)!r})\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def run(package: str, started: str) -> None:
    """Prints a port and stays: the simulated provider's in a sandbox, elsewhere that of who tells the version."""
    sandbox = os.environ.get("SMOS_SANDBOX")
    if sandbox:
        with open(started, "a") as file:
            file.write(f"{package}\n")
        print(json.loads((Path(sandbox) / "ports.json").read_text())[package], flush=True)
    else:
        server = grpc.server(futures.ThreadPoolExecutor(1))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Info(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        print(port, flush=True)
    while os.getppid() != 1:
        time.sleep(0.2)
