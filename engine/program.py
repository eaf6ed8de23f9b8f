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

# Beside this script, for as long as its folder is on the path.
from sdk_patches import generated, programs  # type: ignore[import-not-found]  # a folder beside this file

__all__ = ["main"]

# Before any further import: the program must not see the modules in this file's folder as its own.
sys.path.pop(0)

SHOWN = 32


def main() -> int:
    """Runs the program that the request on standard input names; its exit code."""
    request = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    program = request["program"]
    sys.path.insert(0, os.path.dirname(program))
    sys.argv = [program, *request["args"]]
    gc.disable()  # it would take 40 % of the SDKs' import, and the process ends soon after
    generated.load_late()
    try:
        _configure(request)
        programs.apply(debug=bool(request["debug"]))
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
