"""The engine's wire messages, without the SDK around them.

`import pulumi` takes 0.35 s; the language host needs only the generated protobuf modules, and the
engine waits for it at every run. So the packages above them are entered as empty ones: in this process
`pulumi` is a shell. Not for a process that runs a program: there the real SDK is needed.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

__all__ = ["empty_pb2", "grpc", "language_pb2", "language_pb2_grpc", "plugin_pb2", "sdk_folder"]


def _enter_empty_packages() -> Path:
    spec = PathFinder.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package pulumi is not installed beside this interpreter")
    folder = Path(spec.submodule_search_locations[0])
    for name, path in {
        "pulumi": folder,
        "pulumi.runtime": folder / "runtime",
        "pulumi.runtime.proto": folder / "runtime" / "proto",
    }.items():
        if name not in sys.modules:
            package = ModuleType(name)
            package.__path__ = [str(path)]
            sys.modules[name] = package
    return folder


sys.modules.setdefault("grpc.aio", ModuleType("grpc.aio"))
sdk_folder = _enter_empty_packages()

import grpc  # noqa: E402  the empty packages must be entered first
from google.protobuf import empty_pb2  # noqa: E402  likewise
from pulumi.runtime.proto import (  # noqa: E402  likewise
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
)
