"""The language host, asked by the real engine."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from tests.engine.conftest import Stack

    NewStack = Callable[[str], Stack]

PROVIDER = """\
    import time
    from concurrent import futures
    import grpc
    from google.protobuf import empty_pb2
    from pulumi.runtime.proto import plugin_pb2, provider_pb2 as p, provider_pb2_grpc as service

    class Things(service.ResourceProviderServicer):
        def Handshake(self, request, context):
            return p.ProviderHandshakeResponse(accept_secrets=True)
        def GetPluginInfo(self, request, context):
            return plugin_pb2.PluginInfo(version="1.0.0")
        def CheckConfig(self, request, context):
            return p.CheckResponse(inputs=request.news)
        def Configure(self, request, context):
            return p.ConfigureResponse(acceptSecrets=True)
        def Check(self, request, context):
            return p.CheckResponse(inputs=request.news)
        def Create(self, request, context):
            time.sleep(request.properties["seconds"])
            return p.CreateResponse(id="made", properties=request.properties)
        def Cancel(self, request, context):
            return empty_pb2.Empty()

    server = grpc.server(futures.ThreadPoolExecutor(4))
    service.add_ResourceProviderServicer_to_server(Things(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
"""

PROGRAM_WITH_THING = """\
    import pulumi

    class Thing(pulumi.CustomResource):
        def __init__(self, name, seconds):
            super().__init__("thing:index:Thing", name, {{"seconds": seconds}})

    pulumi.export("id", Thing("one", {seconds}).id)
"""


def with_provider(stack: Stack) -> None:
    """Give the stack a provider plugin that is a folder of Python."""
    stack.write("../thing/PulumiPlugin.yaml", "runtime: python\n")
    stack.write("../thing/__main__.py", PROVIDER)
    stack.write(
        "Pulumi.yaml",
        """\
        name: demo
        runtime: python
        plugins:
          providers:
            - {name: thing, path: ../thing}
        """,
    )


def processes_in(folder: Path) -> list[str]:
    """The command lines of processes that were started for what lies in this folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if str(folder) in f"{process.info['cwd']} {process.info['cmdline']}":
            found.append(" ".join(process.info["cmdline"] or []))
    return found


@pytest.mark.slow
def test_config_secrets_and_outputs(new_stack: NewStack) -> None:
    """A program gets its config, secrets stay secret, its modules import, and no warning is printed."""
    stack = new_stack("""\
        import threading
        import pulumi
        import beside

        config = pulumi.Config()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(pulumi.Config("demo").require("plain")))
        thread.start()
        thread.join()
        pulumi.export("plain", seen[0])
        pulumi.export("secret", config.require_secret("secret"))
        pulumi.export("beside", beside.VALUE)
        pulumi.export("preview", pulumi.runtime.is_dry_run())
        print("a line of the program's own")
    """)
    stack.write("beside.py", "VALUE = 7\n")
    stack.run("config", "set", "plain", "a value")
    stack.run("config", "set", "--secret", "secret", "hidden value")
    assert stack.run("config", "get", "secret").strip() == "hidden value"
    output = stack.run("up", "--yes")
    assert "a line of the program's own" in output
    assert "warning" not in output
    assert "hidden value" not in output
    assert stack.outputs() == {"plain": "a value", "secret": "hidden value", "beside": 7, "preview": False}
    assert "hidden value" not in stack.run("stack", "export")
    assert "warning" not in stack.run("destroy", "--yes", "--skip-preview")


def test_main_option(new_stack: NewStack) -> None:
    """`main:` names the program; it runs in its own folder and imports from there."""
    stack = new_stack("raise SystemExit('the wrong program')")
    stack.write("Pulumi.yaml", "name: demo\nruntime: python\nmain: src/other.py\n")
    stack.write("src/near.py", "VALUE = 3\n")
    stack.write("src/other.py", "import near, os, pulumi\npulumi.export('cwd', f'{os.getcwd()} {near.VALUE}')\n")
    assert f"{stack.program / 'src'} 3" in stack.run("preview")


def test_program_error(new_stack: NewStack) -> None:
    """A failing program shows its own traceback once: no frame of ours, of runpy or of gRPC."""
    stack = new_stack("""\
        def inner():
            raise ValueError("what went wrong")

        inner()
    """)
    output = stack.run("preview", fails=True)
    diagnostics = output[output.index("Diagnostics:") :]
    assert diagnostics.count("Traceback") == 1
    assert diagnostics.count("what went wrong\n") == 1
    assert diagnostics.count('File "') == 2
    assert f'File "{stack.program / "__main__.py"}", line 4' in diagnostics


def test_debug_messages_are_for_who_asks(new_stack: NewStack) -> None:
    """The engine would drop them, and they take a fifth of a large program's time; with --debug they are there."""
    stack = new_stack("import pulumi\npulumi.log.debug('only for who asks')\n")
    assert "only for who asks" not in stack.run("preview")
    assert "only for who asks" in stack.run("preview", "--debug")


def test_an_output_that_fails_among_many_is_told(new_stack: NewStack) -> None:
    """All are waited for at once, and the first that fails ends the program."""
    stack = new_stack("""\
        import asyncio, pulumi

        async def later(number):
            await asyncio.sleep(0.002 * number)
            if number == 150:
                raise ValueError("what went wrong in an output")

        for number in range(300):
            pulumi.Output.from_input(later(number))
    """)
    assert "what went wrong in an output" in stack.run("preview", fails=True)


@pytest.mark.parametrize(
    ("program", "project", "message"),
    [
        ("raise SystemExit(3)", "runtime: python", "the program ended with exit code 3"),
        (
            "import pulumi; pulumi.Config().require('k')",
            "runtime: python",
            "pulumi config set demo:k <value>",
        ),
        ("", "{name: python, options: {virtualenv: nowhere}}", "there is no {folder}/nowhere/bin/python"),
    ],
)
def test_what_stops_a_program_is_said(new_stack: NewStack, program: str, project: str, message: str) -> None:
    """An exit code, a missing config key and a missing virtualenv are named, without a traceback."""
    stack = new_stack(program)
    runtime = project if project.startswith("runtime") else f"runtime: {project}"
    stack.write("Pulumi.yaml", f"name: demo\n{runtime}\n")
    output = stack.run("preview", fails=True)
    assert message.format(folder=stack.program) in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_provider_plugin_by_path(new_stack: NewStack, tmp_path: Path) -> None:
    """A provider that is a folder of Python creates resources, and nothing runs on afterwards."""
    stack = new_stack(PROGRAM_WITH_THING.format(seconds=0))
    with_provider(stack)
    output = stack.run("up", "--yes", "--skip-preview")
    assert "warning" not in output
    assert stack.outputs() == {"id": "made"}
    assert processes_in(tmp_path) == []


@pytest.mark.slow
def test_interrupt(new_stack: NewStack, tmp_path: Path) -> None:
    """An interrupted `up` ends quietly, records what was being created and leaves no process."""
    stack = new_stack(PROGRAM_WITH_THING.format(seconds=3))
    with_provider(stack)
    process = stack.start("up", "--yes", "--skip-preview")
    assert process.stdout is not None
    seen = ""
    while "one creating" not in seen:
        seen += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "Traceback" not in output
    assert "update canceled" in output
    assert '"made"' in stack.run("stack", "export")
    assert processes_in(tmp_path) == []


@pytest.mark.slow
def test_killed_engine(new_stack: NewStack, tmp_path: Path) -> None:
    """When the engine is killed, host, program and provider end by themselves."""
    stack = new_stack(PROGRAM_WITH_THING.format(seconds=30))
    with_provider(stack)
    process = stack.start("up", "--yes", "--skip-preview")
    assert process.stdout is not None
    while "one creating" not in process.stdout.readline():
        pass
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 8
    while processes_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_in(tmp_path) == []
