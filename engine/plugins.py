"""Provider plugins and policy packs written in Python, as the language host runs them.

Both stream what the process prints to the engine, which reads the port from the first line. They do
not know what the plugin does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from subprocess import Popen
from typing import IO, Any

from engine.children import Children
from engine.protocol import language_pb2

__all__ = ["run_policy_pack", "run_program_plugin"]

Send = Callable[[Any], None]
Stop = Callable[[], None]
CHUNK_BYTES = 65536
BY_CALL = "configuredByCall"
PACK = "import gc, runpy; gc.disable(); runpy.run_module('pulumi.policy', run_name='__main__', alter_sys=True)"
"""The SDK's own start of a pack, without looking for garbage, which would take 40 % of its import."""


def run_program_plugin(python: str, request: Any, children: Children, send: Send) -> Stop:
    """Start a provider: the folder's __main__.py, with the engine's arguments."""
    process = children.start_plugin(
        [python, "-u", request.info.program_directory, *request.args],
        cwd=request.pwd,
        env=_environment(request),
        finishes=True,
    )
    return _run(process, children, send)


def run_policy_pack(python: str, request: Any, children: Children, send: Send) -> Stop:
    """Start a policy pack as soon as the engine has told its stack; until then a proxy answers.

    A pack whose PulumiPolicy.yaml says `configuredByCall: true` takes its stack by ConfigureStack alone: it starts at
    once, and the engine asks it without anybody in between.
    """
    folder = request.info.program_directory
    command = [python, "-u", "-c", PACK, request.args[-1], folder]
    if dict(request.info.options).get(BY_CALL):
        return _run(children.start_plugin(command, cwd=folder, env=_environment(request)), children, send)

    from engine.policy_proxy import PolicyProxy

    started: list[Popen[bytes]] = []

    def start(stack: Mapping[str, str]) -> int:
        process = children.start_plugin(command, cwd=folder, env={**_environment(request), **stack})
        started.append(process)
        stderr = _pump(process.stderr, send, _stderr)
        port = process.stdout.readline() if process.stdout else b""
        readers = [stderr, _pump(process.stdout, send, _stdout)]
        _report_end(process, readers, children, send)
        if not port.strip().isdigit():
            stderr.join(2.0)
            raise RuntimeError(f"the policy pack in {folder} did not start; its own output says why")
        return int(port)

    proxy = PolicyProxy(start)
    send(language_pb2.RunPluginResponse(stdout=f"{proxy.port}\n".encode()))

    def stop() -> None:
        proxy.close()
        for process in started:
            children.end(process)
        if not started:
            send(None)

    return stop


def _run(process: Popen[bytes], children: Children, send: Send) -> Stop:
    readers = [_pump(process.stdout, send, _stdout), _pump(process.stderr, send, _stderr)]
    _report_end(process, readers, children, send)
    return lambda: children.end(process)


def _environment(request: Any) -> dict[str, str]:
    # Later entries win, as in the engine, which appends its own to the inherited ones.
    return dict(entry.split("=", 1) for entry in request.env if "=" in entry)


def _stdout(data: bytes) -> Any:
    return language_pb2.RunPluginResponse(stdout=data)


def _stderr(data: bytes) -> Any:
    return language_pb2.RunPluginResponse(stderr=data)


def _pump(stream: IO[bytes] | None, send: Send, message: Callable[[bytes], Any]) -> threading.Thread:
    def copy() -> None:
        while stream is not None and (data := _read(stream)):
            send(message(data))

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread


def _read(stream: IO[bytes]) -> bytes:
    # A buffered pipe's read(n) waits for n bytes; read1 returns what is there.
    data: bytes = stream.read1(CHUNK_BYTES)  # type: ignore[attr-defined]  # Popen's pipes are BufferedReader
    return data


def _report_end(process: Popen[bytes], readers: list[threading.Thread], children: Children, send: Send) -> None:
    def report() -> None:
        for reader in readers:
            reader.join()
        send(language_pb2.RunPluginResponse(exitcode=children.wait(process)))
        send(None)

    threading.Thread(target=report, daemon=True).start()
