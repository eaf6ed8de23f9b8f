"""Runs a user's Pulumi program: the process that the language host starts for each `Run`.

Not imported: started as a script by the interpreter of the project's virtualenv, so it may use nothing
but the standard library and the SDK that is installed there. The request comes as JSON on standard
input, not in arguments or the environment, where other processes could read the secrets in it.
It exits with SHOWN when the failure was already reported to the engine.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import Any

import lazy_sdk  # type: ignore[import-not-found]  # beside this script, for as long as its folder is on the path

# Before any further import: the program must not see the modules in this file's folder as its own.
sys.path.pop(0)

SHOWN = 32


def main() -> int:
    request = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    program = request["program"]
    sys.path.insert(0, os.path.dirname(program))
    sys.argv = [program, *request["args"]]
    gc.disable()  # it would take 40 % of the SDKs' import, and the process ends soon after
    lazy_sdk.begin()
    try:
        _configure(request)
        _spare(debug=bool(request["debug"]))
    except ModuleNotFoundError as error:
        print(
            f"{sys.executable} has no Pulumi SDK ({error}): install it in the project's virtualenv, "
            "or name another in Pulumi.yaml under runtime/options/virtualenv",
            file=sys.stderr,
        )
        return 1
    return _run(program, int(request["parallel"]))


def _configure(asked: dict[str, Any]) -> None:
    from pulumi import runtime

    # Twice, because the SDK keeps config per context: set_config fills the default, which the program's
    # own threads see; set_all_config fills this context and says which keys are secret.
    for key, value in asked["config"].items():
        runtime.set_config(key, value)
    runtime.set_all_config(asked["config"], asked["secret_keys"])
    runtime.configure(runtime.Settings(**asked["settings"]))


def _spare(*, debug: bool) -> None:
    """What takes a third of the SDK's time for a few hundred resources, and nobody gets anything from.

    `debug`: whether the engine shows debug messages. It drops them otherwise, and there are five a resource.
    """
    import asyncio

    import pulumi
    from pulumi.runtime import stack

    if not debug:
        pulumi.log.debug = lambda *_, **__: None
        _leave_out_traces()

    class Patient:
        """asyncio, but for `wait`: the SDK waits for the first of its outputs, then begins with all the others again,
        which is quadratic. It wants all of them in the end, or the first that fails.
        """

        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

        async def wait(self, tasks: Any, **_: Any) -> Any:
            return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)

    if hasattr(stack, "asyncio"):
        stack.asyncio = Patient()


def _leave_out_traces() -> None:
    """The lines of the program from which a resource was declared, which the engine keeps for nobody."""
    from pulumi.runtime import resource

    if hasattr(resource, "_get_stack_trace"):
        from pulumi.runtime.proto import source_pb2

        resource._get_stack_trace = lambda *_, **__: source_pb2.StackTrace()


def _run(program: str, parallel: int) -> int:
    import asyncio
    import logging
    import runpy
    from concurrent.futures import ThreadPoolExecutor

    import pulumi
    from pulumi import runtime

    # A failed program leaves unawaited futures behind; asyncio's complaints about them hide the cause.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = ThreadPoolExecutor(max_workers=min(max(parallel, 1) * 4, 64))
    loop.set_default_executor(threads)

    def user_program() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(runtime.run_in_stack(user_program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return SHOWN
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        pulumi.log.error("Program failed with an unhandled exception:\n" + _traceback(error, program))
        return SHOWN
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # or the interpreter looks through all of it once more before it ends
    return 0


def _traceback(error: BaseException, program: str) -> str:
    """The error as the user would see it without an engine: it begins in the user's own file."""
    import traceback

    folder = os.path.join(os.path.dirname(program), "")
    frame = error.__traceback__
    while frame is not None and not frame.tb_frame.f_code.co_filename.startswith(folder):
        frame = frame.tb_next
    return "".join(traceback.format_exception(error.with_traceback(frame or error.__traceback__)))


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
