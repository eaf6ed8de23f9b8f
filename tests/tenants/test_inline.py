"""What is left out of the SDK is there to be left out: another version may have moved it."""

from __future__ import annotations

import inspect
import threading
import time

import pulumi.log
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

from tenants import inline


def test_what_nobody_reads_is_left_out() -> None:
    """The SDK has these two by these names, and calls them so; afterwards they do nothing."""
    source = inspect.getsource(resource)
    assert "log.debug(" in source
    assert "_get_stack_trace()" in source
    before = pulumi.log.debug, resource._get_stack_trace
    try:
        inline._leave_out()
        assert before[0] is not pulumi.log.debug
        pulumi.log.debug("x", None, stream_id=1)
        assert resource._get_stack_trace() == source_pb2.StackTrace()
    finally:
        pulumi.log.debug, resource._get_stack_trace = before


def test_programs_declare_one_after_the_other() -> None:
    """Two threads that load a vendor's SDK at once see it half loaded."""
    inside, most, lock = [0], [0], threading.Lock()

    def program() -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        with lock:
            inside[0] -= 1

    threads = [threading.Thread(target=inline._one_at_a_time(program)) for _ in range(5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1]
