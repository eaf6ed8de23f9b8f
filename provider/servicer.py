"""The provider over Pulumi's protocol: reads what the engine sends, asks the type, answers. It knows no type.

Each connection is a provider instance with a configuration of its own, so one process serves many stacks at once.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pydantic import ValidationError

from engine import hidden, wire
from engine.wire import UNKNOWN
from provider.resource_type import Config, ProviderError, ResourceType

__all__ = ["VERSION", "Provider"]

VERSION = "1.0.0"
_CONFIG = ("postgres", "redis")
_DIFF = provider_pb2.DiffResponse
_PROPERTY = provider_pb2.PropertyDiff


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the types of `apps` to the engine."""

    def __init__(self, kinds: Iterable[ResourceType[Any]]) -> None:
        self._kinds = {kind.token: kind for kind in kinds}
        self._configs: dict[str, Config] = {}
        self._lock = threading.Lock()

    # -- the provider itself -------------------------------------------------------------------------------------

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        about = {"name": "smarteros-apps", "version": VERSION, "resources": {token: {} for token in self._kinds}}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(about))

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        news, _ = _read(request.news)
        unknown = sorted(set(news) - {*_CONFIG, "version"})
        failures = [provider_pb2.CheckFailure(property=key, reason="this key is not known") for key in unknown]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, _ = _read(request.old_inputs)
        new, _ = _read(request.news)
        return _DIFF(changes=_DIFF.DIFF_SOME if old != new else _DIFF.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        config, _ = _read(request.args)
        with self._lock:
            self._configs[context.peer()] = config
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    # -- resources -----------------------------------------------------------------------------------------------

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, secrets = _read(request.news)
        marks = secrets | {(name,) for name in kind.secrets if name in inputs}
        return provider_pb2.CheckResponse(
            inputs=wire.write(_with_defaults(kind, inputs), marks), failures=_failures(kind, inputs)
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        old, _ = _read(request.old_inputs)
        new, _ = _read(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        replacing = [key for key in changed if key in kind.replaces]
        return _DIFF(
            changes=_DIFF.DIFF_SOME if changed else _DIFF.DIFF_NONE,
            diffs=changed,
            replaces=replacing,
            deleteBeforeReplace=False,
            hasDetailedDiff=True,
            detailedDiff={
                key: _PROPERTY(
                    kind=_PROPERTY.UPDATE_REPLACE if key in kind.replaces else _PROPERTY.UPDATE, inputDiff=True
                )
                for key in changed
            },
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, marks = _read(request.properties)
        if request.preview:
            unknown = {name: UNKNOWN for name in kind.computed}
            return provider_pb2.CreateResponse(properties=wire.write({**inputs, **unknown}, marks))
        with self._errors_reported(context):
            identity, computed = kind.handler.create(self._config(context), self._model(kind, inputs))
        return provider_pb2.CreateResponse(id=identity, properties=wire.write({**inputs, **computed}, marks))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, marks = _read(request.inputs)
        outputs, more = _read(request.properties)
        if not inputs:
            self._abort(
                context, f"{kind.token} can't be imported by its id alone: declare it and run up, which adopts it"
            )
        with self._errors_reported(context):
            seen = kind.handler.read(self._config(context), request.id, self._model(kind, inputs))
        if seen is None:
            return provider_pb2.ReadResponse(id="")
        now = {name: seen.get(name, value) for name, value in inputs.items()}
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=wire.write(now, marks),
            properties=wire.write({**outputs, **now, **seen}, marks | more),
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, marks = _read(request.news)
        old, _ = _read(request.old_inputs)
        outputs, _ = _read(request.olds)
        kept = {name: outputs[name] for name in kind.computed if name in outputs}
        if request.preview:
            return provider_pb2.UpdateResponse(properties=wire.write({**kept, **inputs}, marks))
        with self._errors_reported(context):
            # What was read from a thing that somebody changed may be no valid input: it is replaced by what is wanted.
            before = self._model(kind, {**inputs, **{key: old[key] for key in old if not _faulty(kind, old, key)}})
            computed = kind.handler.update(self._config(context), request.id, before, self._model(kind, inputs))
        return provider_pb2.UpdateResponse(properties=wire.write({**kept, **inputs, **computed}, marks))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, _ = _read(request.old_inputs)
        with self._errors_reported(context):
            kind.handler.delete(self._config(context), request.id, self._model(kind, inputs))
        return empty_pb2.Empty()

    # -- shared --------------------------------------------------------------------------------------------------

    def _kind(self, request: Any, context: grpc.ServicerContext) -> ResourceType[Any]:
        hidden.forget()
        token = request.type or request.urn.split("::")[2].split("$")[-1]
        kind = self._kinds.get(token)
        if kind is None:
            self._abort(context, f"{token} is no type of smarteros-apps; there are {', '.join(sorted(self._kinds))}")
        return kind

    def _config(self, context: grpc.ServicerContext) -> Config:
        return self._configs.get(context.peer(), {})

    @staticmethod
    def _model(kind: ResourceType[Any], inputs: Mapping[str, Any]) -> Any:
        try:
            return kind.inputs.model_validate(dict(inputs))
        except ValidationError as error:
            raise ProviderError("; ".join(f"{_path(one)}: {one['msg']}" for one in error.errors())) from None

    def _errors_reported(self, context: grpc.ServicerContext) -> _Told:
        return _Told(self, context)

    @staticmethod
    def _abort(context: grpc.ServicerContext, text: str) -> NoReturn:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, hidden.masked(text))
        raise AssertionError("abort returns never")


class _Told:
    """Around an act: its refusal is the answer to the engine, without secrets."""

    def __init__(self, provider: Provider, context: grpc.ServicerContext) -> None:
        self._provider, self._context = provider, context

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if isinstance(error, ProviderError):
            self._provider._abort(self._context, str(error))
        if isinstance(error, Exception):
            self._provider._abort(self._context, f"{type(error).__name__}: {error}")


def _read(struct: Any) -> tuple[dict[str, Any], wire.Secrets]:
    """Plain values and the paths of secrets, which are hidden from then on in what this call says."""
    values, secrets = wire.read(struct)
    hidden.remember(values, secrets)
    return values, secrets


def _with_defaults(kind: ResourceType[Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """So that a default that changes in a later version is a change, not a surprise."""
    fields = kind.inputs.model_fields.values()
    return {**{str(one.alias): one.default for one in fields if not one.is_required()}, **inputs}


def _failures(kind: ResourceType[Any], inputs: Mapping[str, Any]) -> list[Any]:
    """What is wrong with the inputs, as far as they are known."""
    return [provider_pb2.CheckFailure(reason=hidden.masked(f"{path}: {why}")) for path, why in _problems(kind, inputs)]


def _problems(kind: ResourceType[Any], inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    unknown = {key for key, value in inputs.items() if wire.contains_unknown(value)}
    try:
        kind.inputs.model_validate({key: value for key, value in inputs.items() if key not in unknown})
    except ValidationError as error:
        found = [(_path(one), one["msg"], one.get("ctx", {}).get("mend", "")) for one in error.errors()]
        return [(path, f"{why}. Fix: {mend}" if mend else why) for path, why, mend in found if path not in unknown]
    return []


def _faulty(kind: ResourceType[Any], inputs: Mapping[str, Any], key: str) -> bool:
    return any(path.split("/")[0] == key for path, _ in _problems(kind, inputs))


def _path(details: Any) -> str:
    return "/".join(str(part) for part in details["loc"])
