"""A service that is loaded when it is first called answers as one that was there from the beginning."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc

from tenants.late_grpc import LateService, serving

NAME = "pulumirpc.ResourceProvider"


class Things(provider_pb2_grpc.ResourceProviderServicer):
    """A provider that knows its version and nothing else."""

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version="1.2.3")


class Loads:
    """Counts how often it is loaded; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.count, self.failures = 0, failures

    def __call__(self, server: Any) -> None:
        self.count += 1
        if self.count <= self.failures:
            raise ImportError("half of it is there")
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Things(), server)


def asked(port: int) -> provider_pb2_grpc.ResourceProviderStub:
    """As an engine would ask."""
    return provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))


def test_it_is_loaded_once_at_its_first_call() -> None:
    """Not before, and not again by calls that come together."""
    loads = Loads()
    with serving((LateService(NAME, loads),), threads=4) as port:
        provider = asked(port)
        assert loads.count == 0
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: provider.GetPluginInfo(empty_pb2.Empty()).version, range(16)))
    assert (answers, loads.count) == (["1.2.3"] * 16, 1)


def test_who_begins_early_has_it_loaded_before_the_first_call() -> None:
    """What fails then is told to nobody, and tried again by who calls."""
    loads = Loads(failures=1)
    late = LateService(NAME, loads)
    late.load()
    with serving((late,), threads=1) as port:
        assert asked(port).GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    assert loads.count == 2


def test_a_failure_is_told_to_the_caller_and_tried_again_for_the_next() -> None:
    """In its words; another call finds it loaded."""
    with serving((LateService(NAME, Loads(failures=1)),), threads=1) as port:
        provider = asked(port)
        with pytest.raises(grpc.RpcError, match="half of it is there"):
            provider.GetPluginInfo(empty_pb2.Empty())
        assert provider.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"


def test_what_is_not_served_is_unknown_at_once() -> None:
    """Another service, a call that is none of those served: nothing is loaded for them."""
    loads = Loads()
    with serving((LateService(NAME, loads, ("Configure",)),), threads=1) as port:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        for method in (f"/{NAME}/GetPluginInfo", "/pulumirpc.Analyzer/GetPluginInfo"):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(method, None, None)(b"")
            assert isinstance(refused.value, grpc.Call)
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert loads.count == 0


def test_a_call_that_the_loaded_service_does_not_have_is_unimplemented() -> None:
    """As its own code would say it."""
    with serving((LateService(NAME, Loads()),), threads=1) as port:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(f"/{NAME}/Nothing", None, None)(b"")
        assert isinstance(refused.value, grpc.Call)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
