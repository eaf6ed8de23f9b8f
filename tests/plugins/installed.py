"""Which official plugins are on this machine: on PATH, or in the engine's own folder. Fetches and builds none."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.core.compiler import sdk_version

__all__ = ["USED", "Plugin", "Unusable", "installed"]

USED = ("docker", "postgresql", "random", "tls", "vault")
"""Packages whose plugins need no account: they work on this machine's own servers, or on nothing."""
ANSWER_S = 30.0
_STARTED = re.compile(rb"(\d+)\s")


class Unusable(Exception):
    """A program that is named like a plugin and is none that can be used; the text says why."""


@dataclass(frozen=True)
class Plugin:
    """One that was found and answers."""

    package: str
    program: Path
    version: str

    @property
    def is_pinned(self) -> bool:
        """Whether it is the version that the installed SDK asks for."""
        return self.version == sdk_version(self.package)


def installed(environ: Mapping[str, str]) -> Iterator[Plugin | Unusable]:
    """Each that is there: of a package with several, the one that the SDK asks for, else the first on PATH."""
    for package in USED:
        program = _program(package, environ)
        if program is None:
            continue
        try:
            yield Plugin(package, program, _version(program))
        except Unusable as error:
            yield error


def _program(package: str, environ: Mapping[str, str]) -> Path | None:
    name = f"pulumi-resource-{package}"
    home = Path(environ.get("PULUMI_HOME") or Path(environ.get("HOME", "/")) / ".pulumi")
    pinned = home / "plugins" / f"resource-{package}-v{sdk_version(package)}" / name
    if os.access(pinned, os.X_OK):
        return pinned.resolve()
    on_path = shutil.which(name, path=environ.get("PATH", ""))
    return Path(on_path).resolve() if on_path else None


def _version(program: Path) -> str:
    """What it says of itself, over its own protocol. Raises Unusable."""
    with subprocess.Popen(
        [str(program), "127.0.0.1:1"],
        env={"PATH": os.defpath, "HOME": "/nonexistent"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            port = _port(process)
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                answer = stub.GetPluginInfo(empty_pb2.Empty(), timeout=ANSWER_S)
        except (grpc.RpcError, ValueError) as error:
            why = error.details() if isinstance(error, grpc.RpcError) else error
            raise Unusable(f"{program}: is no provider plugin that answers: {why}") from None
        finally:
            process.kill()
    return str(answer.version).removeprefix("v")


def _port(process: subprocess.Popen[bytes]) -> int:
    """The number that a plugin prints first."""
    if process.stdout is None:
        raise ValueError("it has no output")
    said, deadline = b"", time.monotonic() + ANSWER_S
    while not (match := _STARTED.match(said)):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise ValueError(f"no port within {ANSWER_S:g} s")
        read = os.read(process.stdout.fileno(), 4096)
        if not read or len(said) > 4096:
            raise ValueError("it ended, or printed no port")
        said += read
    return int(match[1])
