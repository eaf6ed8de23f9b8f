"""Every service on every kind of place: its configuration there, and what is declared for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from settings import Problem, Settings
from settings.profiles import by_default, models_of, places_of
from settings.reading import read_settings
from settings.services import Service, Services
from tests.components.declared import Declared, platform, prod_config, resolved

__all__ = ["CASES", "OPTIONS", "PLACES", "Case", "Contained", "containers_of"]

PLACES = ("azure", "docker", "r2")
PLACEMENTS = {"azure": {"where": "azure"}, "docker": {"where": "docker", "host": "vps"}, "r2": {"where": "r2"}}
USUAL = {"host": "vps", "database": "vps"}
OPTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "n8n": {
        "azures-database": {"docker": {"database": "azure"}},
        "queue": {
            "azure": {"mode": {"kind": "queue", "workers": {"minReplicas": 1, "maxReplicas": 3}}},
            "docker": {"mode": {"kind": "queue", "workers": {"minReplicas": 2, "maxReplicas": 2}}},
        },
    },
}
"""Service → what can be chosen beside a place and changes what is declared → where → what the settings say then."""
CONTAINER, APP = "docker:index/container:Container", "azure-native:app:ContainerApp"


@dataclass(frozen=True)
class Case:
    """A service, as one of its kinds, somewhere; nowhere, when it says no place."""

    service: str
    kind: int
    where: str
    option: str = ""

    def __str__(self) -> str:
        kind = f"-{self.model.__name__}" if len(models_of(self.service)) > 1 else ""
        option = f"-{self.option}" if self.option else ""
        return f"{self.service}{kind}-{self.where or 'no place'}{option}"

    @property
    def model(self) -> type[Service]:
        """Its settings."""
        return models_of(self.service)[self.kind]

    @property
    def typed(self) -> bool:
        """Whether its settings know such a place at all."""
        return self.where in (places_of(self.model) or ("",))

    def configuration(self) -> dict[str, Any]:
        """prod's, with this service there: as prod has it, else by its defaults."""
        services: dict[str, Any] = deepcopy(prod_config()["services"])
        told, accounts = services.get(self.service, {}), {}
        if not told or not self._is_of_this_kind(told):
            told = by_default(self.service, USUAL, self.kind)
            accounts = {part: self._without_keys(prod_config().get(part, {})) for part in ("ai", "accounts")}
        if self.where:
            told["placement"] = dict(PLACEMENTS[self.where])
        if self.where in ("azure", "docker") and "database" in told:
            told["database"] = {"azure": "azure", "docker": "vps"}[self.where]
        if self.where == "azure":
            told |= dict(self._pairs(told))
        if self.option:
            told |= deepcopy(dict(OPTIONS[self.service][self.option][self.where]))
        # Which services run is not the question here.
        changed = {"services": {**services, self.service: told}, "profile": "custom"}
        return {**prod_config(), **accounts, **changed}

    def _without_keys(self, accounts: dict[str, Any]) -> dict[str, Any]:
        """The accounts, none of whose keys this service is handed: another kind of it may take none."""
        others = {
            name: {**account, "for": [one for one in account["for"] if one != self.service]}
            for name, account in accounts.items()
        }
        return {name: account for name, account in others.items() if account["for"]}

    def _is_of_this_kind(self, told: dict[str, Any]) -> bool:
        return set(told) <= {str(field.alias) for field in self.model.model_fields.values()}

    def _pairs(self, told: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The next pair of CPU and memory that Container Apps takes, for each of its containers."""
        fields = self.model.model_fields
        for name, field in fields.items():
            twin = fields.get(f"{name.removesuffix('cpu')}memory_mb") if name.endswith("cpu") else None
            if twin is None:
                continue
            cpu = float(told.get(str(field.alias), field.default))
            memory_mb = int(told.get(str(twin.alias), twin.default))
            steps = math.ceil(max(cpu, memory_mb / 2048) * 4)
            yield str(field.alias), steps / 4
            yield str(twin.alias), steps * 512

    def read(self) -> tuple[Settings | None, list[Problem]]:
        """The settings there, or what is wrong with them."""
        return _read(self)

    @property
    def settings(self) -> Settings:
        """The settings there, which must be right."""
        settings, problems = self.read()
        assert settings is not None, "\n".join(map(str, problems))
        return settings

    @property
    def wanted(self) -> Service:
        """The service's own settings there."""
        found: Service = getattr(self.settings.services, self.service)
        return found

    def declared(self) -> tuple[Declared, ...]:
        """What the whole platform declares then. Raises pulumi.RunError when a placement refuses it."""
        return _declared(self)

    def own(self) -> list[Declared]:
        """What is declared below the service's own component."""
        return list(_below(self.declared(), self.service))


@dataclass(frozen=True)
class Contained:
    """A container, as its vendor is told of it."""

    name: str
    cpu: float
    memory_mb: int
    passing: bool
    one: Declared


def containers_of(declared: list[Declared]) -> Iterator[Contained]:
    """Those of Docker, but for what only fills a volume before the others start, and those of Container Apps."""
    for one in declared:
        inputs = resolved(one.inputs)
        if one.token == CONTAINER and not one.name.endswith("-secrets-loader"):
            passing = inputs.get("mustRun") is False
            name = one.name if passing else one.name.removesuffix("-container")
            yield Contained(name, float(inputs["cpus"]), int(inputs["memory"]), passing, one)
        elif one.token == APP:
            template = inputs["template"]
            for passing, found in ((False, template["containers"]), (True, template.get("initContainers") or [])):
                for container in found:
                    size = container["resources"]
                    memory_mb = int(float(size["memory"].removesuffix("Gi")) * 1024)
                    yield Contained(container["name"], float(size["cpu"]), memory_mb, passing, one)


@cache
def _read(case: Case) -> tuple[Settings | None, list[Problem]]:
    return read_settings("prod", case.configuration(), "Pulumi.prod.yaml")


@cache
def _declared(case: Case) -> tuple[Declared, ...]:
    return tuple(platform("prod", **case.configuration()))


def _below(declared: tuple[Declared, ...], service: str) -> Iterator[Declared]:
    """The component of that name, its children, and theirs."""
    inside: set[str] = set()
    for one in declared:  # a parent is declared before its children
        if one.parent in inside or (one.name == service and one.token.startswith("smarteros:services:")):
            inside.add(one.urn)
            yield one


CASES = tuple(
    Case(service, kind, where)
    for service in Services.model_fields
    for kind, model in enumerate(models_of(service))
    for where in (PLACES if places_of(model) else ("",))
) + tuple(
    Case(service, 0, where, option)
    for service, options in OPTIONS.items()
    for option, places in options.items()
    for where in places
)
