"""The pack as it is served: to one run of the engine by a process of its own, to many by who makes many runs.

The SDK's analyzer keeps one configuration, as one process a run is its own way. Two tenants' runs would judge each
other by the facts that came last: so each connection gets an analyzer of its own here, all with the same rules. And the
SDK reads each resource anew for each rule: so of a resource, only the rules that look at its type are asked.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import Policy, PolicyPack, StackValidationPolicy

from engine.sdk_patches.policies import analyzer, serve_instead
from policy.catalogue import rules
from policy.pack import NAME, policies
from policy.rule import Rule
from policy.stateful import plain_token

__all__ = ["WarmPack", "serve"]

VERSION = "0.0.1"
"""As the SDK says it; that of the pack stands in its PulumiPolicy.yaml."""
KEPT = 32
"""Connections are not known to end: the oldest are forgotten when there are more. Each run of the engine has one, and
more runs at once than these no machine bears; each keeps half a megabyte.
"""


def serve() -> None:
    """Registers the pack with the engine that started this process."""
    serve_instead(WarmPack)
    PolicyPack(NAME, policies())


class WarmPack(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers each connection by its own analyzers."""

    def __init__(self, every: list[Policy] | None = None) -> None:
        self._policies = policies() if every is None else every
        self._rules = {rule.name: rule for rule in rules()}
        self._make = partial(analyzer(), NAME, VERSION)
        self._connections: OrderedDict[str, _Connection] = OrderedDict()
        self._lock = threading.Lock()

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        return self._of(context).whole.GetAnalyzerInfo(request, context)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return self._of(context).whole.GetPluginInfo(request, context)

    def Configure(self, request: Any, context: Any) -> Any:
        return self._of(context).configure(request)

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        return self._of(context).configure_stack(request)

    def Analyze(self, request: Any, context: Any) -> Any:
        looking = [one for one in self._policies if self._looks_at(one, request.type)]
        if not looking:
            return analyzer_pb2.AnalyzeResponse()
        return self._of(context).by_type(request.type, looking).Analyze(request, context)

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        of_stacks: list[Policy] = [one for one in self._policies if isinstance(one, StackValidationPolicy)]
        return self._of(context).by_type("", of_stacks).AnalyzeStack(request, context)

    def Remediate(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.RemediateResponse()  # no rule changes anything

    def _looks_at(self, policy: Policy, token: str) -> bool:
        rule = self._rules[policy.name]
        return isinstance(rule, Rule) and rule.looks_at(plain_token(token))

    def _of(self, context: Any) -> _Connection:
        peer = str(context.peer())
        with self._lock:
            if peer not in self._connections:
                self._connections[peer] = _Connection(self._policies, self._make)
                while len(self._connections) > KEPT:
                    self._connections.popitem(last=False)
            self._connections.move_to_end(peer)
            return self._connections[peer]


class _Connection:
    """One run of the engine: its configuration, and the SDK's analyzers with it, one for each type that has come."""

    def __init__(self, every: list[Policy], make: Callable[[list[Policy]], Any]) -> None:
        self._make = make
        self.whole = make(every)
        self._configuration: Any = None
        self._stack: Any = None
        self._by_type: dict[str, Any] = {}
        self._lock = threading.Lock()

    def configure(self, request: Any) -> Any:
        """For all that come after it."""
        with self._lock:
            self._configuration = request
            self._by_type.clear()
        return self.whole.Configure(request, None)

    def configure_stack(self, request: Any) -> Any:
        """The engine says which stack this connection is for; kept with the connection, as its configuration is."""
        with self._lock:
            self._stack = request
            self._by_type.clear()
        return self.whole.ConfigureStack(request, None)

    def by_type(self, token: str, some: list[Policy]) -> Any:
        """The analyzer with these policies alone."""
        with self._lock:
            if token not in self._by_type:
                self._by_type[token] = self._with(some)
            return self._by_type[token]

    def _with(self, some: list[Policy]) -> Any:
        found = self._make(some)
        if self._configuration is not None:
            request = analyzer_pb2.ConfigureAnalyzerRequest()
            for one in some:
                if one.name in self._configuration.policyConfig:
                    request.policyConfig[one.name].CopyFrom(self._configuration.policyConfig[one.name])
            found.Configure(request, None)
        if self._stack is not None:
            found.ConfigureStack(self._stack, None)
        return found
