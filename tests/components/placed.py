"""Every service on every kind of place: its configuration there, and what is declared for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from settings import Problem, Settings
from settings.profiles import by_default, places_of
from settings.reading import read_settings
from settings.services import Service
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import Declared, platform, prod_config
from tests.components.places import EXAMPLES, Contained

__all__ = ["CASES", "Case", "containers_of"]

USUAL = {"host": "vps", "database": "vps"}


@dataclass(frozen=True)
class Case:
    """A service, as one of its kinds, somewhere; nowhere, when it says no place."""

    service: str
    kind: int
    where: str
    option: str = ""

    def __str__(self) -> str:
        kind = f"-{self.model.__name__}" if len(SmarterOSServices.kinds_of(self.service)) > 1 else ""
        option = f"-{self.option}" if self.option else ""
        return f"{self.service}{kind}-{self.where or 'no place'}{option}"

    @property
    def model(self) -> type[Service]:
        """Its settings."""
        return SmarterOSServices.kinds_of(self.service)[self.kind]

    @property
    def typed(self) -> bool:
        """Whether its settings know such a place at all."""
        return self.where in (places_of(self.model) or ("",))

    def configuration(self) -> dict[str, Any]:
        """prod's, with this service there: as prod has it, else by its defaults."""
        services: dict[str, Any] = deepcopy(prod_config()["services"])
        given, accounts = services.get(self.service, {}), {}
        if not given or not self._is_of_this_kind(given):
            given = by_default(self.service, self.model, USUAL)
            accounts = {part: self._without_keys(prod_config().get(part, {})) for part in ("ai", "accounts")}
        beside: dict[str, list[Any]] = {}
        if self.where:
            example = EXAMPLES[self.where]
            given["placement"] = dict(example.placement)
            if "database" in given:
                given["database"] = example.database
            if example.pairs:
                given |= dict(self._pairs(given))
            if self.option:
                given |= deepcopy(dict(example.options[self.service][self.option]))
            beside = {key: [*prod_config()[key], *found] for key, found in example.beside.items()}
        if self.service == "guard" and "tenants" in services:
            services["tenants"]["database"] = given["database"]  # it is where they are
        # Which services run is not the question here.
        changed = {"services": {**services, self.service: given}, "profile": "custom"}
        return {**prod_config(), **beside, **accounts, **changed}

    def _without_keys(self, accounts: dict[str, Any]) -> dict[str, Any]:
        """The accounts, none of whose keys this service is handed: another kind of it may take none."""
        others = {
            name: {**account, "for": [one for one in account["for"] if one != self.service]}
            for name, account in accounts.items()
        }
        return {name: account for name, account in others.items() if account["for"]}

    def _is_of_this_kind(self, given: dict[str, Any]) -> bool:
        return set(given) <= {str(field.alias) for field in self.model.model_fields.values()}

    def _pairs(self, given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The next pair of CPU and memory that Container Apps takes, for each of its containers."""
        fields = self.model.model_fields
        for name, field in fields.items():
            twin = fields.get(f"{name.removesuffix('cpu')}memory_mb") if name.endswith("cpu") else None
            if twin is None:
                continue
            cpu = float(given.get(str(field.alias), field.default))
            memory_mb = int(given.get(str(twin.alias), twin.default))
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


def containers_of(case: Case) -> Iterator[Contained]:
    """The service's own, as its place's vendor is told of them."""
    for one in case.own():
        yield from EXAMPLES[case.where].containers(one) if case.where else ()


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
    for service in SmarterOSServices.model_fields
    for kind, model in enumerate(SmarterOSServices.kinds_of(service))
    for where in (EXAMPLES if places_of(model) else ("",))
) + tuple(
    Case(service, 0, where, option)
    for where, example in EXAMPLES.items()
    for service, options in example.options.items()
    for option in options
)
