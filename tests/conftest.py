"""Options of the tests."""

from __future__ import annotations

import asyncio
import gc
import signal

import pytest

from tests.order import place

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a shell starts what is to run in the background: what the tests start would ignore an interrupt, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The dear files last, and among them the dearest first."""
    items.sort(key=lambda item: place(item.nodeid))


def pytest_addoption(parser: pytest.Parser) -> None:
    """--kills N --kill-seed N: how often tests/integration/test_state.py kills an `up`, and test_tenant_kills.py the
    `apply` of a tenant, and at which random moments.
    """
    parser.addoption("--kills", type=int, default=3, help="how often a run is killed at a random moment (default 3)")
    parser.addoption("--kill-seed", type=int, default=1, help="which random moments")


def pytest_collection_finish() -> None:
    """What the SDKs define lives to the end. Looked through for garbage again and again, it more than doubles the time
    that a test of the components takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_runtest_setup() -> None:
    """Pulumi's mocks want the thread's event loop, and `asyncio.run` in an earlier test leaves none."""
    try:
        asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
