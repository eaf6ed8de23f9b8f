"""What each container is told, with where each value comes from: the workloads of a platform under the mocks."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from pulumi import Output
from pulumi.runtime.sync_await import _sync_await

from components.placements.azure.app import ContainerApp
from components.placements.docker import postgres
from components.placements.docker.container import ClosedContainer
from components.workload import Workload
from settings.systems import SYSTEMS
from tests.components.declared import Declared, platform, prod_config, secrets_of

__all__ = ["CONFIGURATIONS", "HandedWorkload", "fallback_sources", "handed_workloads", "source_of", "sources_of"]

NEUTRAL = "example.com"
"""The page is of every environment's services, not of one customer's."""


def _queue_mode(services: dict[str, Any]) -> None:
    services["n8n"]["mode"] = {"kind": "queue"}


CONFIGURATIONS: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "": lambda services: None,
    "services.n8n.mode: {kind: queue}": _queue_mode,
}
"""What a configuration is called, and how it differs from prod's: where an option brings further containers."""


@dataclass(frozen=True)
class HandedWorkload:
    """A workload, whose it is, and how each of its values is described."""

    service: str
    name: str
    option: str
    """Of which configuration; nothing for prod's own."""
    workload: Workload
    values: Mapping[str, str]
    """Variable or file → its value, or where it comes from."""


@cache
def handed_workloads() -> tuple[HandedWorkload, ...]:
    """Every workload once: prod's, then those that an option of their service brings or tells something else."""
    found: dict[str, HandedWorkload] = {}
    for option, change in CONFIGURATIONS.items():
        services = deepcopy(prod_config()["services"])
        change(services)
        values = json.loads(
            json.dumps({**prod_config(), "services": services}).replace(prod_config()["domain"], NEUTRAL)
        )
        entries = {value: entry for entry, value in secrets_of("prod", values).items()}
        with _recorded() as workloads:
            declared = platform("prod", **values)
        where = _Origin(declared, entries)
        for name, workload in workloads.items():
            of_the_option = option.startswith(f"services.{where.service_of(name)}.")
            if name in found and not (of_the_option and _differs(workload, found[name].workload)):
                continue
            texts = {**workload.env, **workload.secrets, **workload.secret_files}
            described = {key: where.described(value) for key, value in texts.items()}
            title = f"{name}, told more" if name in found else name
            found[title] = HandedWorkload(where.service_of(name), title, option, workload, described)
    return tuple(found.values())


def _differs(one: Workload, other: Workload) -> bool:
    """Whether it is told of other things."""
    return {*one.env, *one.secrets} != {*other.env, *other.secrets}


@contextmanager
def _recorded() -> Iterator[dict[str, Workload]]:
    """The workloads that placements are handed while this runs, by name."""
    found: dict[str, Workload] = {}
    before: list[tuple[type[Any], Any]] = [(cls, cls.__init__) for cls in (ClosedContainer, ContainerApp)]

    def recording(original: Any) -> Any:
        def init(self: Any, name: str, args: Any, opts: Any = None) -> None:
            found[name] = args.workload
            original(self, name, args, opts)

        return init

    for cls, original in before:
        cls.__init__ = recording(original)
    try:
        yield found
    finally:
        for cls, original in before:
            cls.__init__ = original


class _Origin:
    """Says where a value comes from: the keyring, another resource, or the settings."""

    def __init__(self, declared: list[Declared], entries: Mapping[str, str]) -> None:
        self._by_urn = {one.urn: one for one in declared}
        self._by_name = {one.name: one for one in declared}
        self._entries = entries

    def described(self, value: Any) -> str:
        """In the words of the page."""
        if not isinstance(value, Output):
            return f"`{_shortened(str(value))}`"
        text = str(_sync_await(value.future()))
        made_by = sorted({self._component(one._name) for one in _sync_await(value.resources())})
        entries = sorted({entry for secret, entry in self._entries.items() if secret in text})
        names = ", ".join(f"`{one}`" for one in (entries or made_by))
        if entries:
            return f"secret, from the keyring: {names}"
        if _sync_await(value.is_secret()) or any(one.endswith("-password") for one in self._names(value)):
            return f"secret, made by {names}" if names else "secret"
        return f"from {names}" if names else f"`{_shortened(text)}`"

    def _names(self, value: Output[Any]) -> list[str]:
        return [one._name for one in _sync_await(value.resources())]

    def _component(self, name: str) -> str:
        """The component that a resource is a part of, below the system."""
        one = self._by_name[name]
        while (parent := self._by_urn.get(one.parent)) and not parent.token.startswith("smarteros:systems:"):
            one = parent
        return one.name

    def service_of(self, name: str) -> str:
        """Whose a workload is."""
        return self._component(name)


def _shortened(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 100 else f"{one_line[:97]}…"


def sources_of(service: str) -> Mapping[str, str]:
    """Whose word a service's variables, port, volumes and health check are."""
    if service not in SYSTEMS["smarteros"].services.model_fields:
        return postgres.SOURCES
    found: Mapping[str, str] = getattr(importlib.import_module(f"components.services.{service}"), "SOURCES", {})
    return found


def fallback_sources() -> Mapping[str, str]:
    """What any service may be handed beside its own: the calls of a message, and others' accounts."""
    from settings.accounts import every_account

    accounts = {
        variable: "settings/accounts.py (docs/accounts.md)"
        for _, account in every_account()
        for variable in (*account.plain, *(one.variable for one in account.secrets))
    }
    files = {f"{variable}_FILE": source for variable, source in accounts.items()}
    return {**accounts, **files, "SMOS_*": "settings/wiring.py"}


def source_of(key: str, sources: Mapping[str, str]) -> str:
    """The source of a variable: its own, or that of the longest beginning; nothing when nobody says it."""
    if key in sources:
        return sources[key]
    beginnings = [one for one in sources if one.endswith("*") and key.startswith(one[:-1])]
    return sources[max(beginnings, key=len)] if beginnings else ""
