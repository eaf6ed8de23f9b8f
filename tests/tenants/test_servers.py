"""The engine finds the provider and the policies in the process that started it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2_grpc, provider_pb2_grpc

from deploy.policies import PACK
from deploy.target import RunTarget, Target
from tenants.servers import served


def place(tmp_path: Path, attached: str) -> RunTarget:
    """A run target whose engine attaches to these."""
    environ = {"PULUMI_DEBUG_PROVIDERS": attached, "HOME": "/x"} if attached else {"HOME": "/x"}
    return RunTarget(
        target=Target.SANDBOX,
        pulumi=tmp_path,
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=tmp_path,
        environ=environ,
    )


@pytest.mark.parametrize("attached", ["", "azure-native:1,vault:2", "smarteros-apps:3,vault:2"])
def test_one_port_serves_both_and_the_vendors_stay(tmp_path: Path, attached: str) -> None:
    """The port is what the pack's program prints; nothing is left when the block ends."""
    before = place(tmp_path, attached)
    with served(before) as found:
        port = int(subprocess.run([found.policy_pack], capture_output=True, text=True, check=True).stdout)
        names = dict(one.split(":") for one in found.place.environ["PULUMI_DEBUG_PROVIDERS"].split(","))
        assert names.pop("smarteros-apps") == str(port)
        assert names == (
            {"azure-native": "1", "vault": "2"} if "azure" in attached else {"vault": "2"} if attached else {}
        )
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        assert provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty()).version == "1.0.0"
        assert analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo(empty_pb2.Empty()).name == "smarteros"
    assert list(tmp_path.iterdir()) == []
    assert before.environ == place(tmp_path, attached).environ


def test_a_policies_sdk_that_can_judge_one_run_alone_has_a_pack_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slower, and nobody is judged by another's facts: the engine is given the pack itself."""
    monkeypatch.setattr("tenants.servers.has_analyzer", lambda: False)
    with served(place(tmp_path, "")) as found:
        assert found.policy_pack == PACK
