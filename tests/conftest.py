"""Options of the tests."""

from __future__ import annotations

import gc

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """--kills N --kill-seed N: how often tests/integration/test_state.py kills an `up`, and at which random moments."""
    parser.addoption("--kills", type=int, default=3, help="how often `up` is killed at a random moment (default 3)")
    parser.addoption("--kill-seed", type=int, default=1, help="which random moments")


def pytest_collection_finish() -> None:
    """What the SDKs define lives to the end. Looked through for garbage again and again, it more than doubles the time
    that a test of the components takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
