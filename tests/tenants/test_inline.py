"""What is left out of the SDK is there to be left out: another version may have moved it."""

from __future__ import annotations

import inspect

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
