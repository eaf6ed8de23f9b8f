"""One server judges many stacks at once, each by its own facts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policy import warm
from policy.catalogue import configuration, rules
from policy.pack import policies
from policy.rule import Facts


@pytest.fixture
def port() -> Iterator[int]:
    """Where the pack is served."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(warm.WarmPack(), server)
    found = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield found
    server.stop(0).wait()


def connected(port: int, tenant: str) -> analyzer_pb2_grpc.AnalyzerStub:
    """As an engine that runs one tenant's stack. Each has a connection of its own."""
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
    engine = analyzer_pb2_grpc.AnalyzerStub(channel)
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for name, content in configuration(Facts(environment="prod", domain="example.com", tenant=tenant)).items():
        rule = request.policyConfig[name]
        rule.enforcementLevel = analyzer_pb2.MANDATORY
        rule.properties.update({key: value for key, value in content.items() if key != "enforcementLevel"})
    engine.Configure(request)
    return engine


def judged(engine: analyzer_pb2_grpc.AnalyzerStub, path: str, own: str | None = None) -> list[str]:
    """What is said of a policy of Vault that opens a path."""
    request = analyzer_pb2.AnalyzeRequest(
        type="vault:index/policy:Policy",
        urn="urn:pulumi:acme::smarteros-tenants-32::vault:index/policy:Policy::x",
        name="x",
        options=analyzer_pb2.AnalyzerResourceOptions(),
    )
    slug = path.removeprefix("kv-").partition("/")[0] if own is None else own
    request.properties.update({"name": f"tenant-{slug}", "policy": f'path "{path}" {{ capabilities = ["read"] }}'})
    return [one.policyName for one in engine.Analyze(request).diagnostics]


def test_each_connection_has_its_own_facts(port: int) -> None:
    """Of two tenants, the one that came last does not decide what is the other's."""
    acme, beesmart = connected(port, "acme"), connected(port, "beesmart")
    for _ in range(3):
        assert judged(acme, "kv-acme/data/x") == judged(beesmart, "kv-beesmart/data/x") == []
        assert (
            judged(acme, "kv-beesmart/data/x", "acme")
            == judged(beesmart, "kv-acme/data/x", "beesmart")
            == ["vault-paths-confined"]
        )


def test_it_is_the_whole_pack(port: int) -> None:
    """Every rule, by its name, as when the engine starts the pack itself."""
    info = connected(port, "acme").GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "smarteros"
    assert [one.name for one in info.policies] == [rule.name for rule in rules()]


def test_connections_that_were_are_forgotten(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run on a thousand tenants fills no memory; one that is used is kept."""
    monkeypatch.setattr(warm, "KEPT", 2)
    acme = connected(port, "acme")
    for number in range(5):
        connected(port, f"other-{number}")
        assert judged(acme, "kv-acme/data/x") == []


def test_what_the_whole_stack_shows_is_judged(port: int) -> None:
    """Rules on all resources together are asked at the end."""
    engine = connected(port, "acme")
    request = analyzer_pb2.AnalyzeStackRequest()
    key = request.resources.add(type="vault:transit/secretBackendKey:SecretBackendKey", name="k", urn="urn:k")
    key.properties.update({"backend": "transit", "name": "states"})
    key.options.CopyFrom(analyzer_pb2.AnalyzerResourceOptions(protect=True))
    assert [one.policyName for one in engine.AnalyzeStack(request).diagnostics] == ["recovery-survives"]


def test_no_rule_changes_anything(port: int) -> None:
    """So the engine is told at once that nothing is to be changed."""
    assert all(not policy.has_remediation() for policy in policies() if hasattr(policy, "has_remediation"))
    request = analyzer_pb2.AnalyzeRequest(type="x:y/z:Z", urn="urn:x", name="x")
    assert list(connected(port, "acme").Remediate(request).remediations) == []
