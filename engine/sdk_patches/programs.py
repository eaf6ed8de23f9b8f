"""What Pulumi's SDK does at length for a program, and nobody gets anything from, left out.

Each patch looks first whether what it replaces is there and is called as expected; where it isn't, it is left out.
"""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import iscoroutinefunction, isfunction
from typing import Any

__all__ = ["apply", "left_out"]


def apply(*, debug: bool = False) -> list[str]:
    """The patches of a program that were left out, by name, said in one line on stderr. `debug`: whether the engine
    shows debug messages; otherwise it drops them, and there are five a resource.
    """
    wanted = {"traces": _leave_out_traces, "waits": _wait_for_all} | (
        {} if debug else {"messages": _leave_out_messages}
    )
    return left_out([name for name, patch in wanted.items() if not patch()])


def left_out(names: list[str]) -> list[str]:
    """The same, said in one line where there are any."""
    if names:
        sys.stderr.write(
            f"smos: left out, as this Pulumi SDK is another than expected: {', '.join(names)}; only slower\n"
        )
    return names


def _leave_out_messages() -> bool:
    """Debug messages, each of which is a call of the engine."""
    log = import_module("pulumi.log")
    if not isfunction(getattr(log, "debug", None)):
        return False
    log.debug = lambda *_, **__: None  # type: ignore[attr-defined]  # put in its place
    return True


def _leave_out_traces() -> bool:
    """The lines of the program from which a resource was declared, which the engine keeps for nobody."""
    resource = import_module("pulumi.runtime.resource")
    trace = getattr(import_module("pulumi.runtime.proto.source_pb2"), "StackTrace", None)
    if trace is None or not isfunction(getattr(resource, "_get_stack_trace", None)):
        return False
    resource._get_stack_trace = lambda *_, **__: trace()  # type: ignore[attr-defined]  # put in its place
    return True


def _wait_for_all() -> bool:
    """At the end, the SDK waits for the first of its outputs, then begins with all the others again, which is
    quadratic. It wants all of them, or the first that fails.
    """
    import asyncio

    stack = import_module("pulumi.runtime.stack")
    waiting = getattr(stack, "wait_for_rpcs", None)
    if not iscoroutinefunction(waiting) or "FIRST_COMPLETED" not in waiting.__code__.co_names:
        return False
    if getattr(stack, "asyncio", None) is not asyncio:
        return isinstance(getattr(stack, "asyncio", None), _Patient)
    stack.asyncio = _Patient()  # type: ignore[attr-defined]  # put in its place
    return True


class _Patient:
    """Stands for the module asyncio in the SDK's eyes, with another `wait`."""

    def __getattr__(self, name: str) -> Any:
        import asyncio

        return getattr(asyncio, name)

    async def wait(self, tasks: Any, **options: Any) -> Any:
        """As ever with every keyword, but for when it returns, where the SDK would have the first of all."""
        import asyncio

        if options.get("return_when") == asyncio.FIRST_COMPLETED:
            options["return_when"] = asyncio.FIRST_EXCEPTION
        return await asyncio.wait(tasks, **options)
