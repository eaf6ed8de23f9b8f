"""Pulumi's Python language host: what the engine asks when a project says `runtime: python`.

The release archive carries one; a built engine does not, so this is put beside it as
`pulumi-language-python`. It runs programs, provider plugins and policy packs. It does not install
dependencies, generate or convert code, or attach debuggers: those calls are answered with nothing or
refused as not implemented. Started as a script; prints its port and serves until the engine cancels
it, interrupts it or ends.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import contextlib
import json
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import pin
from engine.children import Children
from engine.protocol import empty_pb2, grpc, language_pb2, language_pb2_grpc, plugin_pb2

if TYPE_CHECKING:
    from google.protobuf.empty_pb2 import Empty

__all__ = ["LanguageHost", "Refused", "entry_file", "interpreter", "serve", "shows_debug"]

PROGRAM = Path(__file__).with_name("program.py")
SHOWN = 32  # exit code of program.py: the failure was reported to the engine already
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Refused(Exception):
    """The engine asked for something that cannot be done; the message is for the user."""


def interpreter(info: Any) -> str:
    """The Python that runs this project, plugin or pack: of its `virtualenv` option, else this one."""
    virtualenv = str(dict(info.options).get("virtualenv") or "")
    if not virtualenv:
        return sys.executable
    python = Path(info.root_directory, virtualenv, "bin", "python")
    if not python.is_file():
        raise Refused(
            f"runtime/options/virtualenv: there is no {python}; make it (python3 -m venv) "
            f"or remove the option from the project file in {info.root_directory}"
        )
    return str(python)


def entry_file(info: Any) -> Path:
    """The file to run: `main` of the project file, or the folder's __main__.py."""
    asked = Path(info.program_directory, info.entry_point)
    program = asked / "__main__.py" if asked.is_dir() else asked
    if not program.is_file():
        raise Refused(f"there is no program at {program}; set `main` in the project file, or write it")
    return program.absolute()


def shows_debug(engine: int) -> bool:
    """Whether the engine, by its process number, was asked to show debug messages; true if that can't be known."""
    try:
        words = Path(f"/proc/{engine}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return True
    return b"--debug" in words or b"-d" in words


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The calls of the LanguageRuntime service that SmarterOS needs."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children = Children()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The engine's address, when this host was started apart from it."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> Any:
        """The version: that of the engine, whose protocol it speaks."""
        return plugin_pb2.PluginInfo(version=pin.VERSION)

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        """None: providers are attached or named in the project file, never fetched by surprise."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        """None, for the same reason."""
        return language_pb2.GetRequiredPackagesResponse()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Which Python runs the program."""
        python = self._answer(interpreter, request.info, context)
        version = subprocess.run(  # noqa: S603  the project's own interpreter
            [python, "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            text=True,
            check=False,
        )
        return language_pb2.AboutResponse(executable=python, version=version.stdout.strip())

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The distributions installed beside the program."""
        python = self._answer(interpreter, request.info, context)
        listing = subprocess.run(  # noqa: S603  the project's own interpreter
            [
                python,
                "-c",
                "import json; from importlib.metadata import distributions as d; "
                "print(json.dumps({x.name: x.version for x in d()}))",
            ],
            capture_output=True,
            check=False,
        )
        found: dict[str, str] = json.loads(listing.stdout or "{}")
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=n, version=v) for n, v in sorted(found.items())]
        )

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Nothing: the clone's virtualenv comes from requirements.lock."""
        yield language_pb2.InstallDependenciesResponse(
            stdout=b"Dependencies come from requirements.lock: run ./smos once.\n"
        )

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Pulumi asks which questions `pulumi new` should ask: there are none."""
        return language_pb2.RuntimeOptionsResponse()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run the program to its end."""
        try:
            code = self._run_program(request)
        except (Refused, OSError, RuntimeError) as error:
            return language_pb2.RunResponse(error=str(error))
        if code in (SHOWN, 130, -signal.SIGINT, -signal.SIGTERM):
            return language_pb2.RunResponse(bail=True)
        if code != 0:
            return language_pb2.RunResponse(error=f"the program ended with exit code {code}")
        return language_pb2.RunResponse()

    def _run_program(self, request: Any) -> int:
        program = entry_file(request.info)
        order = {
            "program": str(program),
            "args": list(request.args),
            "parallel": request.parallel,
            "debug": shows_debug(os.getppid()),
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
            "settings": {
                "project": request.project,
                "stack": request.stack,
                "organization": request.organization,
                "monitor": request.monitor_address,
                "engine": self._engine_address,
                "parallel": request.parallel,
                "dry_run": request.dryRun,
                "root_directory": request.info.root_directory,
            },
        }
        process = self._children.start_program(
            [interpreter(request.info), "-u", PROGRAM],
            cwd=request.pwd or request.info.program_directory,
        )
        if process.stdin is None:
            raise RuntimeError("unreachable: a pipe was asked for")
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # broken: its exit code says why
            pipe.write(json.dumps(order).encode())
        return self._children.wait(process)

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Run a provider or a policy pack, and stream what it prints."""
        messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            if request.kind == "analyzer":
                from engine.plugins import run_policy_pack as run
            else:
                from engine.plugins import run_program_plugin as run
            stop = run(interpreter(request.info), request, self._children, messages.put)
        except (Refused, OSError, RuntimeError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            return
        if not context.add_callback(stop):
            stop()
        while (message := messages.get()) is not None:
            yield message

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """End every program at once, so that the engine need not wait for it."""
        self._children.cancel_programs()
        return empty_pb2.Empty()

    def close(self) -> None:
        """Ends every program, plugin and pack that was started here."""
        self._children.end_all()

    @staticmethod
    def _answer(find: Any, info: Any, context: grpc.ServicerContext) -> Any:
        try:
            return find(info)
        except Refused as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def serve(engine_address: str) -> None:
    """Print the port, and serve until there is no engine to serve."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    engine_process = os.getppid()
    host = LanguageHost(engine_address)
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=UNLIMITED)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    while not ended.wait(1.0):
        if os.getppid() != engine_process:  # killed without a word: its programs must not run on
            break
    host.close()
    server.stop(0.2).wait(1.0)
    # Not sys.exit: gRPC's threads may still wait for a plugin's output, and nothing is left to save.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[-1] if len(sys.argv) > 1 else "")
