"""The pack for many runs of the engine at once, each with a configuration of its own. Imported by who serves it.

The SDK's analyzer keeps one configuration, as one process a run is its own way. Two tenants' runs would judge each
other by the facts that came last: so each connection gets an analyzer of its own here, all with the same rules.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pulumi_policy.policy as sdk
from pulumi.runtime.proto import analyzer_pb2_grpc

from policy.pack import NAME, policies

__all__ = ["WarmPack"]

VERSION = "0.0.1"
"""As the SDK says it; that of the pack stands in its PulumiPolicy.yaml."""
KEPT = 256
"""Connections are not known to end: the oldest are forgotten when there are more."""


class WarmPack(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers each connection by its own analyzer."""

    def __init__(self) -> None:
        self._policies = policies()
        self._analyzers: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def _of(self, peer: str) -> Any:
        with self._lock:
            if peer not in self._analyzers:
                self._analyzers[peer] = sdk._PolicyAnalyzerServicer(
                    NAME, VERSION, self._policies, sdk.EnforcementLevel.ADVISORY
                )
                while len(self._analyzers) > KEPT:
                    self._analyzers.popitem(last=False)
            self._analyzers.move_to_end(peer)
            return self._analyzers[peer]


def _passed_on(name: str) -> Callable[[WarmPack, Any, Any], Any]:
    def answer(self: WarmPack, request: Any, context: Any) -> Any:
        return getattr(self._of(context.peer()), name)(request, context)

    return answer


_CALLS = ("Analyze", "AnalyzeStack", "Remediate", "GetAnalyzerInfo", "GetPluginInfo", "Configure", "ConfigureStack")
for _name in _CALLS:
    setattr(WarmPack, _name, _passed_on(_name))
