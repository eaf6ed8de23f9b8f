"""One run of the engine on a program of this process: no language host, one start of the engine.

The SDK's own `Stack.up` starts the engine four times for the same. What is exported stays in the stack's state, where
`tenants.state` reads it. The SDK is imported while the engine starts: each takes as long as the other.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from deploy.engine_run import Outcome, run_with_events
from deploy.target import RunTarget
from engine.sdk_patches import inline, programs
from tenants.late_grpc import LateService, serving

__all__ = ["Importing", "Program", "run_inline", "secluded"]

Program = Callable[[], None]
Importing = Callable[[], Program]
"""Imports what the program needs, and answers it. Called once, while the engine starts."""

_SERVICE = "pulumirpc.LanguageRuntime"
_CALLS = ("GetPluginInfo", "GetRequiredPackages", "GetRequiredPlugins", "About", "Run")
"""Those that the SDK's server answers; the engine takes any other's absence well."""
_DECLARING = threading.Lock()
# A tenant has few resources: more at once only cost memory where many stacks run side by side.
_PARALLEL = "8"
_GARBAGE = {"GOGC": "off", "GOMEMLIMIT": "128MiB"}
"""The engine lives for half a second, and a tenth of its work would be looking for garbage: it looks when it has this
much, which no ordinary tenant's run has. One that needs more is slower, and ends all the same.
"""

_NO_COPIES = {"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true"}
"""The engine's own copies after each run, which nobody removes: `deploy.state` keeps one before each."""


def run_inline(
    place: RunTarget, folder: Path, command: str, stack: str, program: Importing, *arguments: str, quiet: bool
) -> Outcome:
    """`pulumi COMMAND` (up or preview) on the stack, with the program served from here."""
    with _served(program) as address:
        return run_with_events(
            secluded(place),
            folder,
            command,
            *("--stack", stack, "--client", address, "--exec-kind", "auto.inline", "--parallel", _PARALLEL),
            *arguments,
            capture=quiet,
        )


def secluded(place: RunTarget) -> RunTarget:
    """The run target without the options that lead the plain CLI into another project, for a short run."""
    kept = {name: value for name, value in place.environ.items() if not name.startswith("PULUMI_OPTION_")}
    return replace(place, environ={**_GARBAGE, **_NO_COPIES, **kept})


@contextlib.contextmanager
def _served(program: Importing) -> Iterator[str]:
    """Answers the engine's calls for the block; the address at which. The engine's first call waits for the SDK, whose
    import begins at once.
    """
    late = LateService(_SERVICE, partial(_add, program), _CALLS)
    with serving((late,), threads=4) as port:
        threading.Thread(target=late.load, daemon=True).start()
        yield f"127.0.0.1:{port}"


def _add(program: Importing, server: Any) -> None:
    with _without_collection(), _DECLARING:
        from pulumi.runtime.proto import language_pb2_grpc

        programs.apply()
        language_server = inline.language_server(_CALLS)
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(language_server(_one_at_a_time(program())), server)


def _one_at_a_time(program: Program) -> Program:
    """The vendors' SDKs load their parts when they are first used; another thread sees them half loaded. Declaring is
    Python alone, of which one thread runs at a time anyway.
    """

    def declare() -> None:
        with _DECLARING:
            program()

    return declare


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Without garbage collection, which would take 40 % of the SDKs' import."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
