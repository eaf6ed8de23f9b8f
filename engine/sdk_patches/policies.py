"""The policies' SDK: what a rule is given, and one analyzer for each run of the engine.

By itself the SDK unwraps secrets, raises at the first unknown value, which ends the whole rule with "can't run", reads
every resource anew for every rule, and keeps one configuration for all who ask. What a rule is, policy/ says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import PathFinder
from inspect import isclass, isfunction, signature
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from engine.sdk_patches.changed import SdkChanged
from engine.sdk_patches.programs import left_out

__all__ = ["SHARED", "analyzer", "has_analyzer", "inputs_read_by", "serve_instead"]

SHARED, BY_TYPE, MESSAGES = "one pack for all runs", "rules by type", "resources read once"
_SDK = "pulumi_policy.policy"
_ANALYZER = "_PolicyAnalyzerServicer"
_INSTEAD_OF = "smos_instead_of"
_READS = ("deserialize_properties", "unknown_checking_proxy")
_REMEMBERED = 1000
"""More than a stack has resources; a process that judges many stacks keeps no more than this."""


def inputs_read_by(read: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> list[str]:
    """From here on, a rule is given a resource's inputs as `read` reads what the engine sent. Raises SdkChanged where
    the SDK reads them elsewhere: a rule would take a secret for plain text. Answers what was left out.
    """
    sdk = import_module(_SDK)
    used = _words_of(getattr(_analyzer_of(sdk), "Analyze", None))
    for name in _READS:
        if not callable(getattr(sdk, name, None)) or name not in used:
            raise SdkChanged("pulumi-policy", f"policy.{name}")
    read_once: Any = _Remembered(lambda sent, *_: read(sent))
    for name, value in zip(_READS, (read_once, lambda inputs: inputs), strict=True):
        setattr(sdk, name, value)
    messages = getattr(sdk, "json_format", None)
    if isinstance(messages, SimpleNamespace):
        return []
    if not isinstance(messages, ModuleType) or "json_format" not in used:
        return left_out([MESSAGES])
    both = {"MessageToDict": _Remembered(messages.MessageToDict), "ParseDict": messages.ParseDict}
    vars(sdk)["json_format"] = SimpleNamespace(**both)
    return []


def has_analyzer() -> bool:
    """Whether many runs can share one pack, as far as that can be told without loading the SDK; said in one line where
    they can't.
    """
    spec = PathFinder.find_spec("pulumi_policy")
    files = [Path(folder, "policy.py") for folder in (spec.submodule_search_locations if spec else None) or ()]
    if any(f"class {_ANALYZER}(" in file.read_text(encoding="utf-8") for file in files if file.is_file()):
        return True
    left_out([SHARED])
    return False


def analyzer() -> Callable[[str, str, list[Any]], Any]:
    """The SDK's analyzer: (pack's name, its version, policies) → one that judges one run. Raises SdkChanged.

    Without what it does anew for each resource: it tells the run's project and configuration to the runtime of a
    program, which no rule asks.
    """
    sdk = import_module(_SDK)
    found = _analyzer_of(sdk)
    if found is None:
        raise SdkChanged("pulumi-policy", f"policy.{_ANALYZER}")
    told = "_configure_runtime_settings"
    quiet = type("Analyzer", (found,), {told: lambda _: None} if isfunction(getattr(found, told, None)) else {})
    return lambda name, version, policies: quiet(name, version, policies, sdk.EnforcementLevel.ADVISORY)


def serve_instead(make: Callable[[list[Any]], Any]) -> list[str]:
    """From here on, the SDK's pack serves what `make` makes of its policies, instead of its own analyzer. Answers what
    was left out: where the SDK begins otherwise, it serves its own.
    """
    sdk = import_module(_SDK)
    found = _analyzer_of(sdk)
    if found is None or _ANALYZER not in _words_of(getattr(getattr(sdk, "PolicyPack", None), "__init__", None)):
        return left_out([BY_TYPE])
    inside = {_INSTEAD_OF: found, "__new__": lambda _cls, _name, _version, policies, *_: make(policies)}
    vars(sdk)[_ANALYZER] = type("Served", (found,), inside)  # a class: the SDK looks for another inside of it
    return []


def _analyzer_of(sdk: ModuleType) -> Any:
    """The SDK's own class of analyzers; None where it is made of something else than expected."""
    found = getattr(sdk, _ANALYZER, None)
    found = getattr(found, _INSTEAD_OF, found)
    given = list(signature(found.__init__).parameters)[1:5] if isclass(found) else []
    return found if given == ["name", "version", "policies", "enforcement_level"] else None


def _words_of(function: Any) -> tuple[str, ...]:
    """The names that a function uses."""
    return function.__code__.co_names if isfunction(function) else ()


class _Remembered:
    """A function of one object, reckoned once for each."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._known: dict[int, tuple[Any, Any]] = {}

    def __call__(self, given: Any, *more: Any) -> Any:
        """The same answer as last time, for who only reads it."""
        known = self._known.get(id(given))
        if known is None or known[0] is not given:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[id(given)] = given, self._make(given, *more)
        return known[1]
