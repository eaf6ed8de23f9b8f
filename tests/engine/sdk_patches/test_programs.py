"""What is left out of the SDK is there to be left out; another version may have moved it: then it stays."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import pulumi.log
import pytest
from pulumi.runtime import resource, settings, stack
from pulumi.runtime.proto import source_pb2

from engine.sdk_patches import programs

MANY = 200


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """The SDK without patches before and after each test."""
    inside = vars(stack)
    before = pulumi.log.debug, resource._get_stack_trace, inside["asyncio"]
    inside["asyncio"] = asyncio
    yield
    pulumi.log.debug, resource._get_stack_trace, inside["asyncio"] = before


def test_what_nobody_reads_is_left_out() -> None:
    """The SDK has these two by these names, and calls them so; afterwards they do nothing. Twice is once."""
    source = inspect.getsource(resource)
    assert "log.debug(" in source
    assert "_get_stack_trace()" in source
    before = pulumi.log.debug
    assert programs.apply() == []
    assert programs.apply() == []
    assert pulumi.log.debug is not before
    pulumi.log.debug("x", None, stream_id=1)
    assert resource._get_stack_trace() == source_pb2.StackTrace()


def test_who_asks_for_debug_messages_gets_them() -> None:
    before = pulumi.log.debug
    assert programs.apply(debug=True) == []
    assert pulumi.log.debug is before


def test_the_end_of_a_program_waits_for_its_outputs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK alone: once for each."""
    assert _waits(monkeypatch) > MANY / 10  # on a busy machine several end between two looks
    programs.apply()
    assert _waits(monkeypatch) < 5


def test_an_output_that_fails_is_told_though_others_wait() -> None:
    programs.apply()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(asyncio.wait_for(_end_of([_failing(), asyncio.sleep(60)]), 10))


@pytest.mark.parametrize(
    ("module", "name", "left"),
    [(pulumi.log, "debug", "messages"), (resource, "_get_stack_trace", "traces"), (stack, "wait_for_rpcs", "waits")],
)
def test_what_is_not_there_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: Any, name: str, left: str
) -> None:
    monkeypatch.delattr(module, name)
    assert programs.apply() == [left]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert left in said


def test_another_way_to_wait_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait_for_rpcs() -> None:
        await asyncio.gather()

    monkeypatch.setattr(stack, "wait_for_rpcs", wait_for_rpcs)
    assert programs.apply() == ["waits"]
    assert vars(stack)["asyncio"] is asyncio


def test_the_end_waits_with_every_keyword_but_for_the_first_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another wish than the first that is done, and a time-out, reach asyncio as they are."""
    programs.apply()
    given: list[dict[str, Any]] = []

    async def seen(_tasks: Any, **options: Any) -> None:
        given.append(options)

    monkeypatch.setattr(asyncio, "wait", seen)
    wait = vars(stack)["asyncio"].wait
    for options in ({"return_when": asyncio.ALL_COMPLETED, "timeout": 5}, {"return_when": asyncio.FIRST_COMPLETED}, {}):
        asyncio.run(wait([], **options))
    assert given == [
        {"return_when": asyncio.ALL_COMPLETED, "timeout": 5},
        {"return_when": asyncio.FIRST_EXCEPTION},
        {},
    ]


def _waits(monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a program with many outputs waits for some of them."""
    calls = 0
    real = asyncio.wait

    async def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        return await real(*arguments, **options)

    monkeypatch.setattr(asyncio, "wait", counted)
    asyncio.run(_end_of([asyncio.sleep(number / 1_000) for number in range(MANY)]))
    monkeypatch.setattr(asyncio, "wait", real)
    return calls


async def _end_of(outputs: list[Any]) -> None:
    """The SDK's own wait, for outputs of these."""
    tasks = [asyncio.ensure_future(one) for one in outputs]
    with settings.SETTINGS.lock:
        settings.SETTINGS.outputs.update(tasks)
    await stack.wait_for_rpcs()


async def _failing() -> None:
    raise ZeroDivisionError
